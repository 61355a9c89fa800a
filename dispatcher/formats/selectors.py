"""Where a page keeps its records: what topics.yaml declares of it, and what the reader of pages goes by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Select:
    """CSS selectors. All below `exclude` are looked up inside one record: its element and what follows it."""

    record: str = ""
    record_until: str = ""
    exclude: str = ""
    title: str = ""
    date: str = ""
    link: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Regular expressions with one group each, looked up in the heading (a date: in what `select.date` finds)."""

    title: str = ""
    date: str = ""
