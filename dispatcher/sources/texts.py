"""Texts: what stands in the HTML of a record, read once. A poll asks the same of each new one ten times, for its hashes and for comparing.

Kept for as many texts as one poll may bring; the longest are a few kilobytes.
"""

from functools import lru_cache

from dispatcher.formats import html
from dispatcher.sources.reading import MOST_ENTRIES

_read_once = lru_cache(maxsize=MOST_ENTRIES)

blocks = _read_once(html.blocks)
hrefs = _read_once(html.hrefs)
first_heading = _read_once(html.first_heading)


@_read_once
def normalised_blocks(body_html: str) -> tuple[str, ...]:
    """For comparing and hashing."""
    return tuple(html.normalised_title(one) for one in blocks(body_html))
