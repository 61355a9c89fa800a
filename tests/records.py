"""Records as a parser would have read them, for tests that care about one field at a time."""

from datetime import UTC, datetime

from dispatcher.formats.dates import MAINE
from dispatcher.sources.reading import Record


def record(
    title: str = "A title", link: str = "", guid: str = "", body: str = "", day: datetime | None = None
) -> Record:
    return Record(guid, title, link, body, day)


def day(text: str) -> datetime:
    """Midnight in Maine, which is what a heading's date is read as."""
    return datetime.fromisoformat(text).replace(tzinfo=MAINE).astimezone(UTC)
