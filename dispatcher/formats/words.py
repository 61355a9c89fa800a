"""Folds text into words that can be compared, and finds words, phrases and beginnings of words in it.

Letters and digits stay together (`340B` is one word); case, entities, accents written apart, kinds of dashes and quotes make no
difference; `§` is the word "section". A hyphen may stand for a space or for nothing. Whatever is found is told as a place in the
original text. There is no stemming and no meaning here: sections are read in `sections`.
"""

import html
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, pairwise
from operator import itemgetter

from dispatcher.formats.signs import APOSTROPHES, DASHES

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_PASSES = 8  # some publishers escape twice; a text that needs more than this was built to keep us busy
_NOT_ASCII = re.compile(r"[\s\S][\u0300-\u036f]+|[^\x00-\x7f]")

# Before and after NFKC: it makes a letter pair of a trade mark, a digit of a footnote mark, a space of an acute accent.
_SIGNS = str.maketrans(
    DASHES
    | APOSTROPHES
    | dict.fromkeys("\u2122\u2120\u00b9\u00b2\u00b3\u2070\u2074\u2075\u2076\u2077\u2078\u2079", " ")
)

_WORD = re.compile(
    r"""
      §+
    | &
    | \$\s?\.?[0-9]+(?:[.,][0-9]+)*[^\W_]*             # an amount: $65.05 is no 65
    | [0-9]{1,12}(?:[.,][0-9]{1,12}){0,3}\s?%          # a share, likewise
    | [a-z](?:\.[a-z](?![^\W_]))+\.?(?:'s(?![^\W_]))?  # initials
    | [^\W_]+(?:'[^\W\d_]+)*
    """,
    re.VERBOSE,
)
_LEADING_ZEROS = re.compile(r"^0+(?=[0-9]+$)")
_WRITTEN = re.compile(r"\S{1,40}(?![^\W_])|\S{1,40}")  # a word and its signs; a long address in pieces


@dataclass(frozen=True, slots=True)
class Token:
    """A folded word, and where it stands in the original."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Letters:
    """Words written without anything between. `joints`: where a word begins or ends; `gaps`: the joints that are no hyphen."""

    run: str
    joints: frozenset[int]
    gaps: frozenset[int]


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text that phrases may lie in: a title, a paragraph, a table cell."""

    text: str
    tokens: tuple[Token, ...]
    letters: _Letters


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word, words in order, or with `is_prefix` the beginning of the last one."""

    letters: _Letters
    is_prefix: bool


@dataclass(frozen=True, slots=True)
class _Traced:
    """Text on its way to be folded; each character knows the piece of the original that it came from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def block(text: str) -> Block:
    """Fold a run of text once, to look for many phrases in it."""
    folded = _folded(text)
    found = list(_WORD.finditer(folded.text))
    tokens = tuple(
        Token(_word(one[0]), folded.starts[one.start()], folded.ends[one.end() - 1]) for one in found
    )
    hyphens = [_is_hyphen(folded.text, one.end(), other.start()) for one, other in pairwise(found)]
    return Block(text, tokens, _joined(tokens, hyphens))


def phrase(term: str) -> Phrase:
    """What a rule looks for: a word, words in order, `prefix*`. Raises ValueError if it can never be found."""
    words, star, rest = term.strip().partition("*")
    if rest:
        raise ValueError("only its last word may end in *")
    if star and not words[-1:].isalnum():
        raise ValueError("the * follows the beginning of a word")
    letters = block(words).letters
    if not letters.run:
        raise ValueError("it holds no letter and no digit")
    return Phrase(letters, bool(star))


def find(phrase: Phrase, block: Block) -> tuple[int, int] | None:
    """Where the phrase first stands in the original text."""
    run, wanted = block.letters.run, phrase.letters.run
    at = run.find(wanted)
    while at >= 0:
        if _fits(phrase, block.letters, at):
            return _span(block.tokens, at, at + len(wanted))
        at = run.find(wanted, at + 1)
    return None


def quote(text: str, start: int, end: int, width: int = 80) -> str:
    """The words from start to end as written, with as many around them as fit; "…" where it is cut."""
    whole = " ".join(text.split())
    if len(whole) <= width:
        return whole
    spans = [one.span() for one in _WRITTEN.finditer(text)]
    first = max(0, bisect_right(spans, start, key=itemgetter(0)) - 1)
    last = max(first, bisect_left(spans, end, key=itemgetter(0)) - 1)
    first, last = _filled(spans, first, last, width - 2)
    kept = " ".join(text[spans[first][0] : spans[last][1]].split())
    return ("…" if first else "") + kept + ("…" if last + 1 < len(spans) else "")


def _folded(text: str) -> _Traced:
    traced = _Traced(text, range(len(text)), range(1, len(text) + 1))
    for _ in range(_PASSES):
        before, traced = traced, _rewritten(traced, _ENTITY, html.unescape)
        if traced.text == before.text:
            break
    plain = _rewritten(traced, _NOT_ASCII, _plain)
    return replace(plain, text=plain.text.lower())


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


def _plain(character: str) -> str:
    composed = unicodedata.normalize("NFKC", character.translate(_SIGNS))
    folded = unicodedata.normalize("NFKC", composed.casefold()).translate(_SIGNS)
    return "".join(one for one in folded if unicodedata.category(one) != "Cf")


@lru_cache(maxsize=4096)
def _word(written: str) -> str:
    if written[0] == "§":
        return "section"
    if written == "&":
        return "and"
    if written[0] == "$" or written[-1] == "%":
        return re.sub(r"[\s,]", "", written)
    return _LEADING_ZEROS.sub("", written.removesuffix("'s").replace("'", "").replace(".", ""))


def _is_hyphen(text: str, end: int, start: int) -> bool:
    """Between two numbers a dash is a range or part of a code, which must not become one long number."""
    return text[end:start] == "-" and not (text[end - 1].isdigit() and text[start].isdigit())


def _joined(tokens: Sequence[Token], hyphens: Sequence[bool]) -> _Letters:
    run = "".join(token.word for token in tokens)
    joints = list(accumulate((len(token.word) for token in tokens), initial=0))
    gaps = (joint for joint, hyphen in zip(joints[1:-1], hyphens, strict=True) if not hyphen)
    return _Letters(run, frozenset(joints), frozenset(gaps))


def _fits(phrase: Phrase, letters: _Letters, at: int) -> bool:
    """Do both divide these letters into the same words? Only a hyphen, on either side, may be there or not."""
    wanted = phrase.letters
    end = at + len(wanted.run)
    if at not in letters.joints or not (phrase.is_prefix or end in letters.joints):
        return False
    return all(
        (at + one in letters.joints or one not in wanted.gaps)
        and (one in wanted.joints or at + one not in letters.gaps)
        for one in range(1, len(wanted.run))
    )


def _span(tokens: Sequence[Token], at: int, end: int) -> tuple[int, int]:
    ends = list(accumulate(len(token.word) for token in tokens))
    return tokens[bisect_right(ends, at)].start, tokens[bisect_left(ends, end)].end


def _filled(spans: Sequence[tuple[int, int]], first: int, last: int, room: int) -> tuple[int, int]:
    """Which words to quote: from first to last, and neighbours while there is room. Of too many, the last: a list ends in its point."""
    while last > first and spans[last][1] - spans[first][0] > room:
        first += 1
    middle = (spans[first][0] + spans[last][1]) // 2
    while first and middle - spans[first - 1][0] <= room // 2:
        first -= 1
    while last + 1 < len(spans) and spans[last + 1][1] - spans[first][0] <= room:
        last += 1
    while first and spans[last][1] - spans[first - 1][0] <= room:
        first -= 1
    return first, last
