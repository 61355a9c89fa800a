"""Folds text into words that can be compared, and says what a phrase is and when it stands at a place.

Letters and digits stay together (`340B` is one word); case, entities, accents written apart, kinds of dashes and quotes make no
difference; `§` is the word "section". A hyphen may stand for a space or for nothing. Whatever is found is told as a place in the
original text. There is no stemming and no meaning here: sections are read in `sections`, many phrases are found in `index`.
"""

import html
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from dispatcher.formats.signs import APOSTROPHES, DASHES

BETWEEN = "\x00"  # stands between two blocks; no phrase has it, so none reaches from one into the next

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_PASSES = 8  # some publishers escape twice; a text that needs more than this was built to keep us busy
_NOT_ASCII = re.compile(r"[\s\S][\u0300-\u036f]+|[^\x00-\x7f]")
_INERT = '"'  # any sign that is part of no word
_SECTION = "\x01"  # the sign for it, in a text that is to be read as ASCII

# Before and after NFKC: it makes a letter pair of a trade mark, a digit of a footnote mark, a space of an acute accent.
_SIGNS = str.maketrans(
    DASHES
    | APOSTROPHES
    | dict.fromkeys("\u2122\u2120\u00b9\u00b2\u00b3\u2070\u2074\u2075\u2076\u2077\u2078\u2079", " ")
)

# What nearly every text has, replaced first and all at once: one by one they cost more than all the rest of the folding.
_COMMON = {
    "\u2019": "'",
    "\u2018": "'",
    "\u201c": _INERT,
    "\u201d": _INERT,
    "\u2013": "-",
    "\u2014": "-",
    "\u00a0": " ",
    "\u2022": _INERT,
    "§": _SECTION,
}

# The commonest word first: the order is worth a third of the time that folding takes.
_WORD = r"""(
      {alpha}{alnum}++(?:'{alpha}++)*+
    | \x00
    | [a-z](?:\.[a-z](?!{alnum}))+\.?(?:'s(?!{alnum}))?  # initials
    | [0-9]{{1,12}}(?:[.,][0-9]{{1,12}}){{0,3}}\s?%       # a share: 65% is no 65
    | {alnum}+(?:'{alpha}+)*
    | \x01+                                             # §
    | &
    | \$\s?\.?[0-9]+(?:[.,][0-9]+)*{alnum}*              # an amount, likewise
)"""
_ANY_WORD = re.compile(_WORD.format(alpha=r"[^\W\d_]", alnum=r"[^\W_]"), re.VERBOSE)
# Where all is ASCII, sets of letters that are written out are found in half the time.
_ASCII_WORD = re.compile(_WORD.format(alpha="[a-z]", alnum="[a-z0-9]"), re.VERBOSE)
_LEADING_ZEROS = re.compile(r"^0+(?=[0-9]+$)")

# What a place among the letters may be: where a word begins or ends, and the same with a hyphen; else it is inside one.
INSIDE, GAP, HYPHEN = 0, 1, 2
_BEGUN = (b"", *(bytes([GAP]) + bytes(length - 1) for length in range(1, 64)))


@dataclass(frozen=True, slots=True)
class Letters:
    """Words written without anything between. `joints`: for each letter, and for the end, whether two words meet before it."""

    run: str
    joints: bytes

    @property
    def divided(self) -> str:
        """The words with spaces and hyphens between: folded again they are these letters, so whatever says the same is the same text."""
        between = {INSIDE: "", GAP: " ", HYPHEN: "-"}
        pieces = (between[joint] + letter for joint, letter in zip(self.joints, self.run, strict=False))
        return "".join(pieces).strip()


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks of text, folded together. A phrase lies in one of them. `begins`: where each begins in the letters."""

    texts: tuple[str, ...]
    letters: Letters
    begins: tuple[int, ...]

    def block(self, at: int) -> int:
        """The number of the block that has this letter, from 0."""
        return bisect_right(self.begins, at) - 1

    def span(self, at: int, end: int) -> tuple[int, int]:
        """Where the letters from `at` to `end` stand in the text of their block."""
        block = self.block(at)
        begin, places = self.begins[block], _places(self.texts[block])
        first, last = bisect_right(places.letters, at - begin), bisect_left(places.letters, end - begin)
        return places.starts[first], places.ends[last]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word, words in order, or with `is_prefix` the beginning of the last one."""

    letters: Letters
    is_prefix: bool

    def fits(self, joints: bytes, at: int, end: int) -> bool:
        """Are these letters, where they were found, divided into the same words? Only a hyphen, on either side, may be there or not."""
        if not joints[at] or not (joints[end] or self.is_prefix):
            return False
        there, wanted = joints[at + 1 : end], self.letters.joints[1:-1]
        if there == wanted:
            return True
        if HYPHEN not in there and HYPHEN not in wanted:
            return False
        return all(one == other or HYPHEN in (one, other) for one, other in zip(there, wanted, strict=True))


def fold(texts: Sequence[str]) -> Folded:
    """Fold blocks of text once, to look for many phrases in them: a title, paragraphs, table cells."""
    # With spaces around, so that no hyphen, share or accent reaches over it.
    letters = _letters(_plain(f" {BETWEEN} ".join(_harmless(text) for text in texts)))
    begins = [0]
    while (found := letters.run.find(BETWEEN, begins[-1])) >= 0:
        begins.append(found + 1)
    return Folded(tuple(texts), letters, tuple(begins))


def phrase(term: str) -> Phrase:
    """What a rule looks for: a word, words in order, `prefix*`. Raises ValueError if it can never be found."""
    words, star, rest = term.strip().partition("*")
    if rest:
        raise ValueError("only its last word may end in *")
    if star and not words[-1:].isalnum():
        raise ValueError("the * follows the beginning of a word")
    letters = _letters(_plain(_harmless(words)))
    if not letters.run:
        raise ValueError("it holds no letter and no digit")
    return Phrase(letters, bool(star))


def _harmless(text: str) -> str:
    return text.replace(BETWEEN, " ").replace(_SECTION, " ")


def _plain(text: str) -> str:
    """Entities, case and signs made equal, without the way back: that is needed for few blocks, see `_places`."""
    for _ in range(_PASSES):
        before = text
        if "&" not in text or (text := _ENTITY.sub(lambda found: html.unescape(found[0]), text)) == before:
            break
    if not text.isascii():
        for sign, usual in _COMMON.items():
            text = text.replace(sign, usual)
    if not text.isascii():
        text = _NOT_ASCII.sub(lambda found: _usual(found[0]), text)
    return text.lower()


def _letters(plain: str) -> Letters:
    pieces = _pattern(plain).split(plain)
    written = pieces[1::2]
    words = list(map(_word, written))
    joints = bytearray(_begun(words))
    joints.append(GAP)
    if "-" in plain:
        begins = list(accumulate(map(len, words), initial=0))
        for number in _hyphens(pieces[2:-1:2], written):
            joints[begins[number]] = HYPHEN
    return Letters("".join(words), bytes(joints))


def _begun(words: Sequence[str]) -> bytes:
    """For each letter, whether a word begins with it."""
    try:
        return b"".join(map(_BEGUN.__getitem__, map(len, words)))
    except IndexError:  # a word longer than any
        return b"".join(bytes([GAP]) + bytes(len(word) - 1) for word in words)


def _hyphens(signs: Sequence[str], written: Sequence[str]) -> Iterator[int]:
    """The words that only a hyphen parts from the one before."""
    number = 0
    for _ in range(signs.count("-")):
        number = signs.index("-", number) + 1
        # Between two numbers a dash is a range or part of a code, which must not become one long number.
        if not (written[number - 1][-1].isdigit() and written[number][0].isdigit()):
            yield number


def _pattern(plain: str) -> re.Pattern[str]:
    return _ASCII_WORD if plain.isascii() else _ANY_WORD


@lru_cache(maxsize=4096)
def _usual(character: str) -> str:
    if character in _COMMON:
        return _COMMON[character]
    composed = unicodedata.normalize("NFKC", character.translate(_SIGNS))
    folded = unicodedata.normalize("NFKC", composed.casefold()).translate(_SIGNS)
    kept = "".join(one for one in folded if unicodedata.category(one) != "Cf")
    # Quotation marks, bullets and arrows would keep an English text from being read as ASCII.
    return _INERT * len(kept) if kept and not _matters(kept) else kept


def _matters(kept: str) -> bool:
    return kept.isascii() or any(one.isalnum() or one.isspace() for one in kept)


@lru_cache(maxsize=16_384)
def _word(written: str) -> str:
    if written.isalnum() and written[0] != "0":
        return written
    if written[0] == _SECTION:
        return "section"
    if written == "&":
        return "and"
    if written[0] == "$" or written[-1] == "%":
        return re.sub(r"[\s,]", "", written)
    return _LEADING_ZEROS.sub("", written.removesuffix("'s").replace("'", "").replace(".", ""))


@dataclass(frozen=True, slots=True)
class _Places:
    """For each word of a block, how many letters there are up to its end, and where it stands in the original."""

    letters: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Traced:
    """Text on its way to be folded; each character knows the piece of the original that it came from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


@lru_cache(maxsize=64)  # the blocks of one document in which something was found
def _places(text: str) -> _Places:
    """The words of one block, as `fold` finds them. Only for blocks in which something was found: it costs twice the folding."""
    traced = _traced(text)
    pieces = _pattern(traced.text).split(traced.text)
    bounds = list(accumulate(map(len, pieces)))
    starts = [traced.starts[at] for at in bounds[:-1:2]]
    ends = [traced.ends[at - 1] for at in bounds[1::2]]
    return _Places(list(accumulate(map(len, map(_word, pieces[1::2])))), starts, ends)


def _traced(text: str) -> _Traced:
    traced = _Traced(_harmless(text), range(len(text)), range(1, len(text) + 1))
    for _ in range(_PASSES if "&" in text else 0):
        before, traced = traced, _rewritten(traced, _ENTITY, html.unescape)
        if traced.text == before.text:
            break
    if not traced.text.isascii():
        common = traced.text
        for sign, usual in _COMMON.items():  # one character for one, so no place changes
            common = common.replace(sign, usual)
        traced = _rewritten(replace(traced, text=common), _NOT_ASCII, _usual)
    return replace(traced, text=traced.text.lower())


def _rewritten(traced: _Traced, pattern: re.Pattern[str], change: Callable[[str], str]) -> _Traced:
    """Change whatever the pattern finds. All that comes of one find is traced to the whole of it."""
    texts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for found in pattern.finditer(traced.text):
        begin, end = found.span()
        new = change(found[0])
        texts += [traced.text[done:begin], new]
        starts += [*traced.starts[done:begin], *[traced.starts[begin]] * len(new)]
        ends += [*traced.ends[done:begin], *[traced.ends[end - 1]] * len(new)]
        done = end
    if not done:
        return traced
    rest = traced.text[done:]
    return _Traced("".join([*texts, rest]), [*starts, *traced.starts[done:]], [*ends, *traced.ends[done:]])
