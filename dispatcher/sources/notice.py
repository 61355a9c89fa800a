"""A notice as far as comparing goes: one sighting, and the facts about it that likeness weighs, each worked out once. Pure."""

import re
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import accumulate, islice
from typing import Self

from dispatcher.formats import sections
from dispatcher.formats.html import normalised_title
from dispatcher.sources import marks
from dispatcher.sources.identity import (
    attachments,
    canonical,
    change_requests,
    lifecycle,
    named_by,
    text_hash,
)
from dispatcher.sources.reading import Record
from dispatcher.sources.texts import blocks, hrefs, normalised_blocks

Cited = frozenset[tuple[str, str]]  # chapter, or nothing if none is named, and number

_RUN = 5  # words in a shingle
_KINDS = 64  # of letters that are told apart, and the most of one kind that are counted
_NUMBER = re.compile(r"\w*\d[\w-]*")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    rf"\b(?P<month>{_MONTHS})[a-z]*\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>\d{{4}}))?"
    r"|\b(?P<number>\d{1,2})/(?P<of>\d{1,2})/(?P<in>\d{4})\b"
)
_LEAD_IN = re.compile(
    r"^(?:attention:? )?(?:(?:mainecare|dhhs|notice|of|agency|emergency|routine|technical|major|substantive|proposed|adopted|"
    r"rule-? ?making|rules?|proposal|adoption)\b[ :,-]*)+"
    r"(?:10-144 ?(?:c\.?m\.?r\.?)?,? ?)?(?:ch(?:apter|\.) ?101[ :,-]*)?(?:mainecare benefits manual[ :,-]*)?"
    r"(?:chapters? [ivx]+(?:(?:,| and|, and) [ivx]+)*[ :,-]+)?"
)


@dataclass(frozen=True, eq=False)  # without slots: what is worked out is kept in the notice, and goes with it
class Notice:
    """`title` is without its mark; `at`: when it was published, else first seen."""

    title: str
    body_html: str
    link: str
    type: str
    mark: str
    at: datetime

    @classmethod
    def of(cls, record: Record, at: datetime) -> Self:
        """`at` counts where the record has no date."""
        marked = marks.read(record.title)
        kind = lifecycle(record.title, record.body_html)
        link, published = canonical(record.link), record.published_at or at
        return cls(marked.title, record.body_html, link, kind, marked.mark, published)

    @cached_property
    def name(self) -> str:
        """Its normalised title."""
        return normalised_title(self.title)

    @cached_property
    def bare(self) -> str:
        """Its name without lead-in and dates."""
        return _LEAD_IN.sub("", _DATE.sub(" ", self.name)).strip(" ,:-()")

    @cached_property
    def dates(self) -> frozenset[str]:
        """Months and days in its name: years are often left out."""
        return frozenset(_month_and_day(one) for one in _DATE.finditer(self.name))

    @cached_property
    def sections(self) -> Cited:
        """What its title cites; if that is nothing, what is the subject of its text."""
        return cited(self.title) or cited(self.title, self.body_html)

    @cached_property
    def requests(self) -> frozenset[str]:
        """Its CR numbers."""
        return frozenset(change_requests(self._record))

    @cached_property
    def files(self) -> frozenset[str]:
        """The documents that it links to."""
        return frozenset(attachments(self._record))

    @cached_property
    def is_placed(self) -> bool:
        """Does its address name one thing, whatever its source?"""
        return named_by(self.link) is not None

    @cached_property
    def only_page(self) -> str:
        """The notice page that it links to, if it is one alone."""
        links = {canonical(href) for href in hrefs(self.body_html)}
        pages = {one for one in links if (named := named_by(one)) and named.kind in {"notice", "whatsnew"}}
        return pages.pop() if len(pages) == 1 else ""

    @cached_property
    def said(self) -> str:
        """Of its text; empty if it has none."""
        return text_hash(self._record)

    @cached_property
    def shingles(self) -> frozenset[int]:
        """Each run of words of its text, as a number: the runs themselves would fill the memory."""
        words = self.words
        return frozenset(hash(tuple(words[at : at + _RUN])) for at in range(len(words) - _RUN + 1))

    @cached_property
    def runs(self) -> list[int]:
        """The same runs, as numbers that are the same in every process, and may be the same for two of them."""
        words = [one.encode("utf-8", "replace") for one in self.words]
        text, ends = memoryview(b" ".join(words)), list(accumulate(len(one) + 1 for one in words))
        return [
            zlib.crc32(text[start : end - 1])
            for start, end in zip([0, *ends], ends[_RUN - 1 :], strict=False)
        ]

    @cached_property
    def words(self) -> list[str]:
        """Of its text, in order."""
        return re.findall(r"\w+", " ".join(normalised_blocks(self.body_html)))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """What has a digit in its name without dates."""
        return frozenset(_NUMBER.findall(self.bare))

    @cached_property
    def letters(self) -> int:
        """How often each stands in its bare name, one bit for each time: as many bits differ in two as letters do, or fewer."""
        counted = Counter(ord(one) % _KINDS for one in self.bare)
        return sum(((1 << min(often, _KINDS)) - 1) << (_KINDS * kind) for kind, often in counted.items())

    @cached_property
    def a_fifth(self) -> frozenset[int]:
        """Of its shingles, and one more: who has four fifths of all has one of these."""
        return frozenset(islice(self.shingles, len(self.shingles) // 5 + 1))

    @property
    def _record(self) -> Record:
        return Record("", self.title, self.link, self.body_html, self.at)


def cited(title: str, body_html: str = "") -> Cited:
    """The sections that a title cites, and those that are the subject of a text."""
    found = sections.references(title, blocks(body_html) if body_html else ())
    return frozenset((one.chapter or "", one.number) for one in found if one.place == "subject")


def _month_and_day(found: re.Match[str]) -> str:
    if found["month"]:
        return f"{found['month']} {int(found['day'])}"
    return f"{_MONTHS.split('|')[(int(found['number']) - 1) % 12]} {int(found['of'])}"
