"""The forms in which writers cite the Benefits Manual: a part that names chapters, and a list of section numbers.

Reads what stands at a given place of one folded sentence and says what it is. Whether the manual is meant at all, and whether
it has such a section, is not asked here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from dispatcher.formats import manual

MANUAL = (
    r"(?i:maine ?care benefits? manual|maine ?care manual|benefits manual|(?<!\w)mbm(?!\w)|medical assistance manual)"
    r"|(?<![\w-])(?i:chapter|ch\.?) ?101(?![\w-])"
)
# Both words also as a line's end divides them.
CHAPTER_WORD = r"(?:(?<![\w-])|(?<=101, (?i:sub)-))(?:(?i:chap(?:- )?ters?|chap\.?) ?|(?i:chs?)(?:[.,] ?| ))"
SECTION_WORD = r"(?:(?<!\w)(?<!(?i:sub)-)(?<!(?i:cross)-)(?i:sec(?:- )?tions?(?:\(s\))?|secs?\b\.?)|§§?)"

_ROMAN = r"(?:VIII|VII|VI|IV|IX|III|II|I|V|X)\b"
_ARABIC = r"(?:10|[1-9])(?!\w|[.-]\d)"
_ALSO = r"(?:,? ?(?:and|or|&|through|to) |, ?| ?[/&-] ?)"
_ALSO_ROMAN = rf"{_ALSO}(?:{CHAPTER_WORD})?{_ROMAN}(?!['-]\w)"
CHAPTERS = (
    rf"{CHAPTER_WORD}(?:(?i:{_ROMAN})(?:{_ALSO_ROMAN})*|{_ARABIC}(?:{_ALSO}(?:{CHAPTER_WORD})?{_ARABIC})*)"
)

_OF_THE_MANUAL = rf"(?: of (?:the )?(?:{MANUAL}|policy)(?: ?\(MBM\))?(?: are| include)?)"
_QUOTED = r"[\"'(](?=\d{1,3}[A-F]?[\"')])"
SECTION = rf"{SECTION_WORD}{_OF_THE_MANUAL}?[:-]? ?(?:(?i:nos?\.|number) ?)?(?:#|{_QUOTED})?(?=\d)"

APPENDIX = r"(?i:appendix|appendices|appendixes|apps?\.?|appx\.?)"
_LETTER = r"(?:(?!A [a-z])[A-F]|[b-f])(?!\w|'\w)"
_WITH_APPENDICES = "|".join(manual.APPENDICES)
LETTERS = rf"{_LETTER}(?:{_ALSO}(?:{APPENDIX} |{_WITH_APPENDICES})?{_LETTER})*"

_TODAY = "".join(sorted({letter for letters in manual.APPENDICES.values() for letter in letters}))
_SUBSECTION = r"\.\d{1,2}(?:-\d{1,2})?(?: ?\([A-Z]\))?"
_PARAGRAPHS = r"(?:\([A-Za-z]\)|\(\d{1,2}\)|\([ivx]{1,4}\))*"
_HUNDREDS = "|".join(number for number in manual.NUMBERS if len(number) == 3)
# What may not follow: more letters or digits, a share, a third decimal, an hour, thousands, the tail of a statute or telephone
# number, or the name of a code of law that the number belongs to ("45 CFR").
_CUT = (
    rf"(?!\w|%|[.:]\d|,(?!(?:{_HUNDREDS})(?!\d))\d{{3}}(?!\d)|-[A-Z](?!\w)|-\d{{4}}"
    r"| (?i:u\.?s\.?c|c\.?f\.?r|m\.?r\.?s)\b)"
)
_MONTH, _DAY = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_YEARLESS = re.compile(rf"{_MONTH}/{_DAY}(?![\d/])")
# Only what a calendar has is a date: "Section 18/20/21" is a list.
_DATE = rf"{_MONTH}(?P<between>[/-]){_DAY}(?P=between)(?:\d{{4}}|\d\d)(?![\d/])"
_TELEPHONE = r"(?:1-)?\d{3}-\d{3}-\d"
_NUMBER = re.compile(
    rf"(?!{_DATE}|{_TELEPHONE})0*"
    rf"(?:(?P<lettered>{_WITH_APPENDICES})(?=[A-Fa-f](?!\w)|-[{_TODAY}](?!\w))"
    rf"|(?P<number>[1-9]\d{{0,2}})(?P<subsection>(?:{_SUBSECTION})?{_PARAGRAPHS}){_CUT})"
)
_APPENDED = re.compile(
    r"(?P<small>[a-f])(?!\w)"
    rf"|(?:-?| (?=[{_TODAY}])|(?:,? ?(?:[-:]|(?P<open>\())? ?|,? (?:and|including) ){APPENDIX}:? ?)"
    r"(?P<letters>" + LETTERS + r")(?(open)\)?)"
)
# "Section 97, Private Non-Medical Institution Services, Appendix C": only the words of a title may stand between.
_AFTER_TITLE = re.compile(
    rf"(?:[ ,:(-]+(?:[A-Z][\w'/&]*\)?|of|and|for|the|in|with)){{1,16}}?[ ,:;(-]+{APPENDIX} (?P<letters>{LETTERS})"
)
# With spaces around the dash it is a range after "Sections" only: "Section 21 - 29 beds" is none.
_THROUGH = re.compile(
    r"(?P<sign>-| - | (?i:through|thru|to) )"
    rf"(?:{SECTION_WORD} ?)?(?P<last>[1-9]\d{{0,2}})(?![./]\d|-[A-Za-z]){_CUT}"
)
_NEXT = re.compile(
    rf"(?: \([^()]{{1,80}}\))?(?P<sign>[,;]? ?(?:(?i:and/or|and|or|as well as|plus) |& ?)|, ?|; ?| ?/ ?)(?P<word>{SECTION})?",
)
_SOMETHING_ELSE = re.compile(
    r"-[a-z]|(?:-\d{1,2})? ?[ap]\.?m\b| (?i:(?:or|and) (?:older|younger|over|under|above|below|more|fewer|less)\b)"
    r"| (?i:business|calendar|working|consecutive|full|more|other|others|additional|new|different|percent)\b"
    r"|(?: ?- ?\d{1,3}| (?:to|or|through) \d{1,3})? (?i:(?:day|week|month|year|hour|minute|unit|dollar|cent|bed|visit|page|time|copy|copie)s?)\b"
    r"| (?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"| (?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b"
)
_LAST = re.compile(r"(?:(?i:and|or|as well as|plus) |& ?)$")
_GOES_ON = re.compile(r"[,;.)/&:-]| \(| (?:and|or|&|through)\b| ?$")
# Sections within a range: nobody cites a third of the manual so, and a text full of such ranges would take seconds.
_WIDEST = 20


@dataclass(frozen=True, slots=True)
class Number:
    """One section of a list; it starts with the section word, if it has one of its own.

    `loose`: a chapter stated before the list is not stated of it, but may be meant.
    """

    number: str
    appendices: tuple[str, ...]
    subsection: str
    start: int
    end: int
    loose: bool = False


def chapters(written: str) -> tuple[str, ...]:
    """The chapters that a chapter part names, in Roman numerals."""
    named = [_roman(one) for one in re.findall(rf"\b(?i:{_ROMAN})|{_ARABIC}", written)]
    if len(named) == 2 and re.search(r"-| through | to ", written):
        first, last = (manual.CHAPTERS.index(one) for one in named)
        return manual.CHAPTERS[first : last + 1]
    return tuple(dict.fromkeys(named))


def _roman(numeral: str) -> str:
    return manual.CHAPTERS[int(numeral) - 1] if numeral.isdigit() else numeral.upper()


def numbers(text: str, at: int, *, many: bool) -> tuple[Number, ...]:
    """The list of numbers that begins here; empty if none does. `many`: the word before it was "Sections"."""
    first = _number(text, at)
    return tuple(_listed(text, first, many=many)) if first else ()


def single(text: str, at: int) -> Number | None:
    """The number here alone, with its appendices."""
    return _number(text, at)


def _listed(text: str, item: Number | None, *, many: bool) -> Iterator[Number]:
    while item:
        end = item.end
        for one in _range(text, item, many=many):
            yield one
            end = one.end
        item = _next(text, end, many=many)
        # "Sections 13 and 17, 20 homes": after the "and" a mere comma begins something new.
        many = many and not (item and _LAST.search(text, end, item.start))


def _number(text: str, at: int) -> Number | None:
    found = _NUMBER.match(text, at)
    if not found:
        return None
    number = found["lettered"] or found["number"]
    plain = Number(number, (), found["subsection"] or "", at, found.end())
    return _with_appendices(text, plain) if number in manual.APPENDICES else plain


def _with_appendices(text: str, plain: Number) -> Number:
    found = _APPENDED.match(text, plain.end) or _AFTER_TITLE.match(text, plain.end)
    if not found:
        return plain
    written = found[0] if found.lastgroup == "small" else found["letters"]
    return replace(plain, appendices=letters(written.upper()), end=found.end())


def letters(written: str) -> tuple[str, ...]:
    """The appendices that a list or a range of letters names."""
    named = re.findall(r"(?<![A-Za-z])[A-F](?![A-Za-z])", written)
    if len(named) == 2 and re.search(r"-| through | to ", written, re.IGNORECASE):
        return tuple(one for one in _TODAY if named[0] <= one <= named[1])
    return tuple(dict.fromkeys(named))


def _range(text: str, first: Number, *, many: bool) -> Iterator[Number]:
    """The number itself; if a range begins with it, the sections of the manual in that range."""
    through = None if first.appendices or first.subsection else _THROUGH.match(text, first.end)
    if (
        not through
        or int(through["last"]) <= int(first.number)
        or not (many or through["sign"] == "-")
        or _SOMETHING_ELSE.match(text, through.end())
    ):
        yield first
        return
    start, end = first.start, through.end()
    yield Number(first.number, (), "", start, end)
    for one in _between(first.number, through["last"]):
        yield Number(one, (), "", start, end, loose=True)
    yield Number(through["last"], (), "", start, end)


@lru_cache
def _between(first: str, last: str) -> tuple[str, ...]:
    found = tuple(one for one in manual.NUMBERS if int(first) < int(one) < int(last))
    return found if len(found) < _WIDEST else ()


def _next(text: str, end: int, *, many: bool) -> Number | None:
    """The next number of a list that has come to `end`; None where the next words make it something else."""
    joint = _NEXT.match(text, end)
    item = _number(text, joint.end()) if joint else None
    if not joint or not item:
        return None
    if joint["word"]:
        return replace(item, start=joint.start("word"), loose=True)
    is_listing = joint["sign"].strip() in {",", ";"}
    if is_listing and _YEARLESS.match(text, joint.end()):
        return None
    is_list = many or not is_listing or _GOES_ON.match(text, item.end)
    return item if is_list and not _SOMETHING_ELSE.match(text, item.end) else None
