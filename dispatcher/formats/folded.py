"""Text as a grammar wants to read it, with the way back to the original: plain dashes, quotes and spaces, no links, sentences.

Case stays, because "Act" is no "act". A grammar that reads folded text can say "one space" where writers put two, a line
break or one that does not break. Nothing here knows what a text is about.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dispatcher.formats.signs import PLAIN

PARAGRAPH = "\n"  # what a blank line becomes: no pattern that speaks of spaces reads across it
_HIDDEN = "\x00"  # stands for each character of a link; no pattern knows it

_INVISIBLE = "\u00ad\u200b-\u200f\u2060\ufeff"
# What most texts have and what only changes places with one other character: replaced all at once.
_COMMON = {
    "\u2019": "'",
    "\u2018": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2013": "-",
    "\u2014": "-",
    "\u00a0": " ",
}
_UNUSUAL = re.compile(rf"[\s{_INVISIBLE}]{{2,}}|[^\x20-\x7e]")

# Found by what no other word has in it, then widened to the spaces around: a pattern for whole words takes minutes on hostile text.
_LINK_SIGNS = r"://|www\.|@\w|\.(?:gov|com|org|net|edu|us)\b(?![.'])|\.(?:pdf|docx?|xlsx?|pptx?|csv|zip|txt|html?|aspx?|php)\b"
_LINK_MARK = re.compile(_LINK_SIGNS, re.IGNORECASE)
_LOWER_LINK_MARK = re.compile(
    _LINK_SIGNS
)  # a third of the time; small letters of other alphabets may be two characters

_STOP = re.compile(r"""[.!?]["')\]]* (?=["'(\[]*[A-Z\d])|\n|[•▪●] """)
_ABBREVIATION = re.compile(
    r"(?:.*\b)?(?:(?i:chs?|chaps?|secs?|nos?|apps?|appx|apt|ext|tel|pub|art|rev|regs?|cf|vs|etc|dept|st|mrs?|dr|[a-z]\.[a-z])|c|pp?|[LMPRSU])"
)
_LONGEST = 8  # characters before a dot that an abbreviation may take


def fold(text: str) -> str:
    """The text as a grammar reads it."""
    text = _with_common(text)
    return text if _is_plain(text) else _UNUSUAL.sub(lambda found: _usual(found[0]), text)


def _with_common(text: str) -> str:
    if not text.isascii():
        for sign, usual in _COMMON.items():
            text = text.replace(sign, usual)
    return text


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "  " not in text


def origins(text: str) -> Sequence[int]:
    """For each character of the folded text, the one of the original that it came from."""
    text = _with_common(text)
    if _is_plain(text):
        return range(len(text))
    found: list[int] = []
    done = 0
    for unusual in _UNUSUAL.finditer(text):
        found += [*range(done, unusual.start()), *[unusual.start()] * len(_usual(unusual[0]))]
        done = unusual.end()
    return [*found, *range(done, len(text))] if done else range(len(text))


@lru_cache(maxsize=1024)
def _usual(unusual: str) -> str:
    if len(unusual) > 1:
        return PARAGRAPH if unusual.count("\n") > 1 else " " * any(one.isspace() for one in unusual)
    if unusual.isspace():
        return " "
    # A raised digit is a footnote's mark and would lengthen the number before it.
    is_gone = unicodedata.category(unusual) in {"Cf", "Cc"} or "<super>" in unicodedata.decomposition(unusual)
    return "" if is_gone else unicodedata.normalize("NFKC", unusual.translate(PLAIN)).translate(PLAIN)


def without_links(text: str) -> str:
    """Folded text of the same length in which no word is left that names a page, a file or a mailbox."""
    pieces: list[str] = []
    done = 0
    marks = _LOWER_LINK_MARK.finditer(text.lower()) if text.isascii() else _LINK_MARK.finditer(text)
    for mark in marks:
        if mark.start() < done:
            continue
        start = max(text.rfind(" ", done, mark.start()) + 1, done)
        end = text.find(" ", mark.end())
        end = len(text) if end < 0 else end
        pieces += [text[done:start], _HIDDEN * (end - start)]
        done = end
    return "".join([*pieces, text[done:]])


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence of folded text begins and ends. A dot in `Ch.`, `Sec.` or `M.R.S.` ends none."""
    start = 0
    for stop in _STOP.finditer(text):
        before = text[max(0, stop.start() - _LONGEST) : stop.start()].rpartition(" ")[2]
        if stop[0][0] != "." or not _ABBREVIATION.fullmatch(before):
            yield start, stop.end()
            start = stop.end()
    yield start, len(text)
