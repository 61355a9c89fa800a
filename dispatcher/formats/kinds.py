"""The kinds of source, one row each. Pure.

A new kind is a module in `dispatcher/sources/` with a function `answer(question, body)`, and a row here; docs/new-kind.md shows one.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """`module` reads what came. `is_list`: records that selectors find on a page, which shows all there is, not the latest alone.

    How often a source of this kind is asked, and after how many days a notice counts as late, unless its entry says otherwise.
    """

    module: str
    every_minutes: int
    late_after_days: int
    is_list: bool = False


KINDS: Mapping[str, Kind] = {
    "feed": Kind("feeds", every_minutes=30, late_after_days=30),
    "page": Kind("pages", every_minutes=60, late_after_days=180, is_list=True),
    "youtube": Kind("feeds", every_minutes=60, late_after_days=30),
}


def is_list(kind: str) -> bool:
    """Of a source's row, whose kind may have gone."""
    return kind in KINDS and KINDS[kind].is_list
