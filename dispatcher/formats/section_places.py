"""Where a notice says which sections it is about: the lines labelled for it, and its tables and lists of sections.

Whatever is cited elsewhere is a mention in passing. The title is not looked at: all of it is about the subject.
"""

import re
from collections.abc import Iterator, Sequence

from dispatcher.formats.folded import PARAGRAPH
from dispatcher.formats.section_lists import MANUAL
from dispatcher.formats.section_reader import Citation

_LABEL = re.compile(
    r"(?i:chapter numbers? and titles?|rule title or subject|services included) ?(?::|$)",
)
_LABEL_HINTS = ("and title", "title or subject", "services included")
_NEXT_LABEL = re.compile(
    rf"\b[A-Z]{{2,}}(?: [A-Z/&,()-]+){{1,8}}:|\b(?:AGENCY|WAIVER|SUMMARY|SUBJECT):|(?<=[^:]){PARAGRAPH}"
)
_LONGEST_LINE = 1000  # of a labelled line; a text that has lost its line breaks ends it with the next label

_ENTRY_BEGINS = re.compile(
    rf"\W*+(?:(?:\d{{1,2}}|[a-z])[.)] )?(?:10-144 C\.?M\.?R\.?\W*+)?(?:(?:{MANUAL})\W*+)*+"
)
_TITLE_FOLLOWS = re.compile(r"(?: ?[,:;|./-]++)?+ ?+(?:$|[^a-z])")
_LONGEST_ENTRY = 160
_HEADING = re.compile(r"(?i:(?:mbm |policy |mainecare )?sections?(?: of policy| number| no\.)?:?)")
_ROW = 4  # blocks from one entry to the next: section, title, change request, rate


def labelled(texts: Sequence[str]) -> Iterator[list[tuple[int, int]]]:
    """For each block, the stretches that a label gives the subject to. A label alone in its block speaks of the next."""
    lowered = PARAGRAPH.join(texts).lower()
    if not any(hint in lowered for hint in _LABEL_HINTS):
        yield from ([] for _ in texts)
        return
    is_open = False
    for text in texts:
        labels = _labels(text)
        begins = [0] * is_open + [label.end() for label in labels]
        ends = [label.start() for label in labels] + [len(text)]
        spans = [
            (at, _line_end(text, at, end)) for at, end in zip(begins, ends[-len(begins) :], strict=False)
        ]
        is_open = bool(begins) and not text[begins[-1] :].strip()
        yield spans


def _labels(text: str) -> list[re.Match[str]]:
    lowered = text.lower()
    return list(_LABEL.finditer(text)) if any(hint in lowered for hint in _LABEL_HINTS) else []


def _line_end(text: str, at: int, end: int) -> int:
    end = min(end, at + _LONGEST_LINE)
    found = _NEXT_LABEL.search(text, at, end)
    return found.start() if found else end


def lists(texts: Sequence[str], cited: Sequence[Sequence[Citation]]) -> Iterator[list[int]]:
    """Groups of blocks that together are a table or a list of sections: each begins with one, as a heading does."""
    group: list[int] = []
    for number, text in enumerate(texts):
        if not (_HEADING.fullmatch(text) or _is_entry(text, cited[number])):
            continue
        if group and number - group[-1] > _ROW:
            yield group
            group = []
        group.append(number)
    yield group


def _is_entry(text: str, cited: Sequence[Citation]) -> bool:
    if not cited or len(text) > _LONGEST_ENTRY:
        return False
    first = cited[0].start
    end = max(one.end for one in cited if one.start == first)
    return bool(_ENTRY_BEGINS.fullmatch(text, 0, first) and _TITLE_FOLLOWS.match(text, end))
