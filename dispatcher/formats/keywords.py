"""A subscriber's own words: reads what somebody typed into words and phrases that can be looked for, and looks for them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dispatcher.formats import words
from dispatcher.formats.index import Index

MOST = 20
LONGEST = 80  # characters, as typed
_SHORTEST = 2  # letters and digits: "IV" may be somebody's business, "a" is nobody's
_BEGINNING = 3  # letters before a *, or it is found everywhere
_BETWEEN = re.compile(r"[,;\r\n]+")


@dataclass(frozen=True, slots=True)
class Keyword:
    """One word or phrase: as it was typed, and as it is compared. Two that fold to the same are one."""

    phrase: str
    folded: str


def parse(text: str) -> tuple[Keyword, ...]:
    """The words and phrases of a text, with commas or lines between. Raises ValueError that says what to do."""
    typed = [" ".join(one.split()) for one in _BETWEEN.split(text)]
    found = {one.folded: one for one in reversed([_keyword(one) for one in typed if one])}
    if len(found) > MOST:
        raise ValueError(f"Give at most {MOST} words or phrases; there are {len(found)}.")
    return tuple(reversed(found.values()))


def found(folded: Collection[str], title: str, body: Sequence[str]) -> set[str]:
    """Which of these, as they are compared, stand in a notice: by the rules, and in the one pass, of the topics' words."""
    return set(_index(frozenset(folded)).find(words.fold([title, *body])))


# The notices of one message, and of a morning, meet the same followers.
@lru_cache(maxsize=8)
def _index(folded: frozenset[str]) -> Index[str]:
    return Index({one: one for one in sorted(folded)})


def _keyword(typed: str) -> Keyword:
    shown = typed if len(typed) <= LONGEST else typed[:40] + "…"
    if len(typed) > LONGEST:
        raise ValueError(
            f"“{shown}” is longer than {LONGEST} characters. Put a comma or a new line between words."
        )
    if not typed.isprintable():
        raise ValueError("There is a character in it that cannot be seen. Type the words anew.")
    try:
        words.phrase(typed)
    except ValueError as wrong:
        raise ValueError(f"“{shown}” cannot be looked for: {wrong}.") from None
    letters = sum(char.isalnum() for char in typed)
    if letters < (_BEGINNING if typed.endswith("*") else _SHORTEST):
        raise ValueError(f"“{shown}” is too short: it would be found in almost every notice.")
    folded = _folded(typed)
    if len(folded) > 2 * LONGEST:
        raise ValueError(f"“{shown}” is too long once its signs are written out.")
    return Keyword(typed, folded)


def _folded(typed: str) -> str:
    """The words, in small letters, as `phrase` divides them. A hyphen stays: "rule-making" finds more than "rule making" does."""
    return words.phrase(typed).letters.divided + "*" * typed.endswith("*")
