"""A source's entry of topics.yaml, as its row keeps it, in the words this stage reads it by. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from dispatcher.formats.selectors import Patterns, Select


@dataclass(frozen=True, slots=True)
class Declared:
    """How to poll one source and how to read what it answers."""

    kind: str
    url: str
    every: timedelta
    late_after: timedelta | None
    official: bool
    allow_private: bool
    user_agent: str
    select: Select
    patterns: Patterns
    dated_only: bool
    minimum_records: int
    read_hash: str

    @classmethod
    def of(cls, kind: str, url: str, entry: Mapping[str, Any]) -> Self:
        """From the row's columns and its entry."""
        late_days = entry.get("late_after_days") or 0
        return cls(
            kind=kind,
            url=url,
            every=timedelta(minutes=entry.get("every_minutes") or 60),
            late_after=timedelta(days=late_days) if late_days else None,
            official=bool(entry.get("official")),
            allow_private=bool(entry.get("allow_private")),
            user_agent=entry.get("user_agent") or "",
            select=Select(**(entry.get("select") or {"record": ""})),
            patterns=Patterns(**(entry.get("patterns") or {})),
            dated_only=bool(entry.get("dated_only")),
            minimum_records=entry.get("minimum_records") or 0,
            read_hash=_read_hash(kind, url, entry),
        )


def _read_hash(kind: str, url: str, entry: Mapping[str, Any]) -> str:
    reading = {key: entry.get(key) for key in ("select", "patterns", "dated_only", "minimum_records")}
    return hashlib.sha256(json.dumps([kind, url, reading], sort_keys=True).encode()).hexdigest()
