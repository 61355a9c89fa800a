"""How commands print: aligned tables for people, JSON for scripts, times that both can read."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta


def as_json(value: object) -> None:
    """Print JSON, stable and readable."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def table(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], empty: str) -> None:
    """Print chosen columns (key → heading), or the word for "nothing"."""
    if not rows:
        print(empty)
        return
    lines = [list(columns.values())] + [[_cell(row.get(key)) for key in columns] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "–"
    return shortened(str(value).replace("\n", " "), 70) or "–"


def shortened(text: str, width: int) -> str:
    """Cut to a width, with an ellipsis where something is missing."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second, or None."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def span(seconds: float) -> str:
    """A duration in the largest two units people would say."""
    whole = timedelta(seconds=max(0, round(seconds)))
    hours, rest = divmod(whole.seconds, 3600)
    if whole.days:
        return f"{whole.days} d {hours} h"
    if hours:
        return f"{hours} h {rest // 60} min"
    return f"{rest // 60} min" if rest >= 60 else f"{rest} s"
