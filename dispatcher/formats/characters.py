"""Characters that no text of ours may hold, and those about which parsers disagree."""

import re

# libxml2 ends a text at NUL, and lone surrogates cannot be encoded.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def storable(text: str) -> str:
    """Without control characters and lone surrogates, which neither a parser nor PostgreSQL takes."""
    return _UNSTORABLE.sub("", text) if _holds(text, _UNSTORABLE) else text


def is_odd(text: str) -> bool:
    """Does it hold anything that one of the parsers of HTML drops, or takes for another character?"""
    return _holds(text, _ODD)


def _holds(text: str, characters: re.Pattern[str]) -> bool:
    """Deleting bytes is four times as fast as the search; of ASCII, each pattern names control characters alone."""
    if not text.isascii():
        return characters.search(text) is not None
    return len(text.encode().translate(None, _CONTROLS[characters])) < len(text)


_CONTROLS = {one: bytes(code for code in range(128) if one.match(chr(code))) for one in (_UNSTORABLE, _ODD)}
