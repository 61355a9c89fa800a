"""Marks in titles: a correction, a repost or a reminder says what it is, and what it is called without saying so. Pure.

A mark is looked for where a title, or what follows a colon or dash in it, begins, and in parentheses: "Updated fee schedule"
is a fee schedule, and the Department of Corrections corrects nothing.
"""

import re
from dataclasses import dataclass

from dispatcher.formats.html import plain
from dispatcher.formats.signs import PLAIN

_BEGINS = r"(?:(?<=: )|(?<=; )|(?<= - )|\A)"
_STOPS = r"(?:\s*[:;]\s*|\s+-\s+)"
_ENDS = rf"(?:{_STOPS}|\s*\Z)"
_CORRECTED = r"(?:corrected|correction|updated|rescheduled|resharing|re-?sent)"

# In the order in which they are tried; what a pattern takes is what the title loses.
_MARKS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("repost", r"(?i)\s*\((?:re-?posted|reposting)\b[^()]*\)"),
        ("repost", rf"(?i){_BEGINS}re-?posted{_STOPS}"),
        ("reminder", rf"(?i){_BEGINS}(?:(?:friendly|second|final|last) )?reminder\b{_STOPS}?\s*"),
        ("reminder", r"(?i)\s*\((?:(?:friendly|second|final|last) )?reminder\)"),
        ("correction", rf"(?i)\s*\((?:[^()]{{0,60}}\s)?{_CORRECTED}\b[^()]{{0,60}}\)"),
        ("correction", rf"(?i){_BEGINS}re-?sharing\b(?:(?! - |: )[^\n])*(?:{_STOPS})?"),
        (
            "correction",
            rf"(?i){_BEGINS}(?:(?:notice of )?correction|corrected|updated|rescheduled)(?: notice)?{_ENDS}",
        ),
        ("correction", rf"(?i){_BEGINS}correction to\s+"),
        ("correction", rf"{_BEGINS}(?:UPDATED|CORRECTED|RESCHEDULED)\b\s*"),
        ("correction", rf"(?i)(?:\s*,)?\s+(?:re-?scheduled)\s*\Z|{_BEGINS}re-?scheduled\s+"),
    )
)


@dataclass(frozen=True, slots=True)
class Marked:
    """`mark`: correction · repost · reminder, empty for none. `title`: the title without it."""

    mark: str
    title: str


def read(title: str) -> Marked:
    """What a title says of its own notice."""
    written = plain(title).translate(PLAIN)
    for mark, pattern in _MARKS:
        found = pattern.search(written)
        if found:
            rest = written[: found.start()] + " " * bool(found.start()) + written[found.end() :]
            return Marked(mark, " ".join(rest.split()).strip(" -:;,") or written)
    return Marked("", written)
