"""Reads one sentence and tells which sections of the manual it cites; numbers that belong to other law are passed over.

Goes through the sentence once, from mark to mark (a body of law, the manual, a chapter, a section word), and remembers what
a reader would: which chapter was stated, and whether the talk is of another law. Where the sentence stands is not its concern.
"""

import re
from dataclasses import dataclass, replace
from functools import cached_property

from dispatcher.formats import citations, manual
from dispatcher.formats.section_lists import (
    APPENDIX,
    CHAPTERS,
    LETTERS,
    MANUAL,
    SECTION,
    Number,
    chapters,
    letters,
    numbers,
    single,
)

_HINT = re.compile(rf"§|(?:{'|'.join(manual.APPENDICES)})[A-Fa-f]|\d\.\d\d")

# A number without a section word: an appendix glued on, or a subsection with its dash or letter.
_BARE = (
    rf"(?<![\w$.,/#:-])(?<!\w\()(?<!\$ )(?:(?:{'|'.join(manual.APPENDICES)})[A-Fa-f](?!\w|-(?!\d\d[A-F])\w|'\w)"
    r"|[1-9]\d{0,2}\.(?!00)\d\d(?:-\d{1,2}(?![\w%-]|\.\d)| ?\([A-Z]\)))(?! ?%| percent)"
)
_COUNTED = re.compile(
    r"\b(?i:CRs?|codes?|modifiers?|nos?|tel|phone|fax|form|room|unit|suite|apt|box|bldg|building|floor"
    r"|route|pages?|rows?|lines?|items?|tables?|questions?)[.,:]? ?#? ?$"
)
_COUNTED_BY = 14  # characters before a number that may say what it counts
_MANY = re.compile(r"(?i:sections|\(s\)|secs)|§§")
# All marks begin like one of these; asking that first halves the time of the search.
_BEGINS = r"(?:\b(?=[A-Z\d]|a[cp]|be|ch|m[abe]|p[ru]|se|t[hi])|(?=§))"
_MARK = re.compile(
    rf"{_BEGINS}(?:(?P<manual>{MANUAL})|{citations.NAMED}|(?P<department>(?i:the department)\b(?! of))"
    rf"|(?P<chapter>{CHAPTERS})|(?P<section>{SECTION})|(?P<bare>{_BARE})"
    rf"|(?P<appendix>{APPENDIX} {LETTERS}(?= (?:of|to|in|under|for) |, )))"
)
_MANUAL = re.compile(MANUAL)
_MANUAL_BETWEEN = rf"(?:{MANUAL})?(?: ?\(?(?i:MBM)\)?)?"
_CHAPTER_TO_NUMBER = re.compile(rf"[ ,:;.(-]*+(?:(?:of|in|to) )?(?:the )?{_MANUAL_BETWEEN}[ ,:;.()-]*+")
_APPENDIX_TO_NUMBER = re.compile(rf"(?:,| (?:of|to|in|under|for)) (?:the )?{_MANUAL_BETWEEN}[ ,:;-]*+")
_CHAPTER_BEHIND = re.compile(
    rf"(?: (?:of|in) (?:the )?(?:{MANUAL})(?: ?\((?i:MBM)\))?)?"
    rf"(?:,? (?:of |in |under |from )?(?:the )?|, ?| ?\()(?P<chapters>{CHAPTERS})"
)
_NUMBER_FOLLOWS = re.compile(rf"[ ,:;.(-]*+(?:{SECTION}|{_BARE})")
_OF_THE_MANUAL = re.compile(rf",? ?\(?(?:of|in|under|to) (?:the |Maine's )?(?:{MANUAL}|MaineCare polic)")

_QUOTABLE = 80  # characters: more of a list than this is no reason that a subscriber would read


@dataclass(frozen=True, slots=True)
class Citation:
    """A section cited. `vouched`: the manual is named, or a longer number stands in the same list: a single digit counts then."""

    chapter: str | None
    number: str
    appendix: str | None
    subsection: str
    start: int
    end: int
    vouched: bool


@dataclass(frozen=True, slots=True)
class _Stated:
    """Something that may turn out to be the beginning of a citation: chapters, or appendices."""

    names: tuple[str, ...]
    start: int
    end: int


def worth_reading(text: str) -> bool:
    """Can there be a citation in it? Quick; most of a notice cites nothing."""
    return "sec" in text.lower() or bool(_HINT.search(text))


def read(sentence: str, begins: int = 0) -> list[Citation]:
    """The citations in the sentence, in order; `begins` is where it does. A number without chapter is one that the manual has."""
    reader = _Reader(sentence, begins)
    at = 0
    while mark := _MARK.search(sentence, at):
        at = reader.take(mark)
    return reader.found


class _Reader:
    """What has been read of the sentence so far."""

    def __init__(self, sentence: str, begins: int) -> None:
        self.found: list[Citation] = []
        self._at = begins
        self._text = sentence
        # Where the name of a body of law ends that has no number of its own: the numbers that come are its. 0: none is named.
        self._elsewhere = 0
        self._chapters: tuple[str, ...] = ()  # stated earlier in the sentence
        self._chapter: _Stated | None = None  # stated, and no number read since
        self._appendix: _Stated | None = None  # likewise

    @cached_property
    def _names_manual(self) -> bool:
        return bool(_MANUAL.search(self._text))

    def take(self, mark: re.Match[str]) -> int:
        """Take in what stands at the mark; tells where to read on."""
        match mark.lastgroup:
            case "section" | "bare":
                return self._numbers(mark)
            case "chapter":
                self._state(mark)
            case "appendix":
                self._appendix = _Stated(letters(mark[0].upper()), mark.start(), mark.end())
            case "manual" | "department":
                self._elsewhere = 0  # the agency acts on its own rules, whatever law tells it to
            case law:
                return self._other_law(str(law), mark)
        return mark.end()

    def _other_law(self, law: str, mark: re.Match[str]) -> int:
        end = citations.own_number(law, self._text, mark.end())
        if end is None:
            self._elsewhere = mark.end()
        elif self._elsewhere and not self._text[self._elsewhere : mark.start()].strip(" ,("):
            self._elsewhere = (
                0  # "Administrative Procedure Act, 5 M.R.S. § 8054": the number is that of the act
            )
        return end or mark.end()

    def _state(self, mark: re.Match[str]) -> None:
        is_roman = not any(one.isdigit() for one in mark[0])
        if self._elsewhere and not is_roman:
            return
        self._elsewhere = 0
        self._chapters = chapters(mark[0])
        self._chapter = _Stated(self._chapters, mark.start(), mark.end())

    def _numbers(self, mark: re.Match[str]) -> int:
        items = self._list(mark)
        end = items[-1].end if items else citations.past_number(self._text, mark.end())
        if past := citations.belongs_elsewhere(self._text, end):
            return past
        if items and (not self._elsewhere or _OF_THE_MANUAL.match(self._text, end)):
            end = self._cite(items, mark.start())
        self._chapter = self._appendix = None
        return end

    def _list(self, mark: re.Match[str]) -> tuple[Number, ...]:
        if mark.lastgroup == "bare":
            is_counted = _COUNTED.search(self._text[max(0, mark.start() - _COUNTED_BY) : mark.start()])
            one = None if is_counted else single(self._text, mark.start())
            return (one,) if one else ()
        return numbers(self._text, mark.end(), many=bool(_MANY.search(mark[0])))

    def _cite(self, items: tuple[Number, ...], at: int) -> int:
        """Note the whole list; tells where it ends."""
        start, stated = self._stated_before(at)
        end = items[-1].end
        if not stated and (behind := self._stated_behind(end)):
            stated, end = behind.names, behind.end
            self._chapters = stated
            items = (*items[:-1], replace(items[-1], end=end))
        start, items = self._appendices_before(start, items)
        is_sure = any(len(one.number) > 1 and manual.known(None, one.number) for one in items)
        vouched = is_sure or self._names_manual
        for item in items:
            start = start if self._text[item.start].isdigit() else item.start
            begin = start if item.end - start <= _QUOTABLE else item.start
            self.found += [
                Citation(
                    chapter,
                    item.number,
                    appendix,
                    item.subsection,
                    self._at + begin,
                    self._at + item.end,
                    vouched,
                )
                for chapter in self._chapters_of(item, stated)
                for appendix in item.appendices or (None,)
            ]
        return end

    def _stated_before(self, at: int) -> tuple[int, tuple[str, ...]]:
        """Where the citation begins, and the chapters stated directly before its numbers."""
        chapter = self._chapter
        if chapter and _CHAPTER_TO_NUMBER.fullmatch(self._text, chapter.end, at):
            return chapter.start, chapter.names
        return at, ()

    def _stated_behind(self, end: int) -> _Stated | None:
        """`Section 29, Chapter III`, unless that chapter begins the next citation."""
        behind = _CHAPTER_BEHIND.match(self._text, end)
        if not behind or _NUMBER_FOLLOWS.match(self._text, behind.end()):
            return None
        return _Stated(chapters(behind["chapters"]), behind.start(), behind.end())

    def _appendices_before(self, start: int, items: tuple[Number, ...]) -> tuple[int, tuple[Number, ...]]:
        """`Appendix C of Section 97`."""
        before, first = self._appendix, items[0]
        if not before or first.appendices or first.number not in manual.APPENDICES:
            return start, items
        if not _APPENDIX_TO_NUMBER.fullmatch(self._text, before.end, start):
            return start, items
        return before.start, (replace(first, appendices=before.names), *items[1:])

    def _chapters_of(self, item: Number, stated: tuple[str, ...]) -> tuple[str | None, ...]:
        """The chapters that hold for a number: those stated of it, those stated earlier if they have it, or none."""
        if stated and not item.loose:
            return stated
        earlier = stated or self._chapters
        held = tuple(one for one in earlier if one == "III" or manual.known(one, item.number))
        return held or ((None,) if manual.known(None, item.number) else ())
