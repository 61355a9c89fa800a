"""A quotation: words as written, with as many around them as fit into a line of evidence. Knows nothing of why they are quoted."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter

_WRITTEN = re.compile(r"\S{1,40}(?![^\W_])|\S{1,40}")  # a word and its signs; a long address in pieces


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
