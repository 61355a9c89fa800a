"""What the reader asks of its child, and what the child answers, as plain JSON. Pure.

The child has had a stranger's document in its hands, so what it says is checked word by word: an answer of any other shape is
none, and raises Unreadable.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Never

from dispatcher.errors import BadInput, DispatcherError, Unreadable
from dispatcher.formats.selectors import Patterns, Select
from dispatcher.sources.reading import Document, Reading, Record

LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Question:
    """How to read one document. What stands below `url` only pages need; `before`: records at the last good poll."""

    kind: str
    content_type: str = ""
    url: str = ""
    select: Select = field(default_factory=Select)
    patterns: Patterns = field(default_factory=Patterns)
    dated_only: bool = False
    minimum: int = 0
    before: int | None = None


def asked(question: Question) -> bytes:
    return _packed(asdict(question))


def question(packed: bytes) -> Question:
    """As `asked` packed it: our own side is believed."""
    plain = json.loads(packed)
    return Question(
        **plain | {"select": Select(**plain["select"]), "patterns": Patterns(**plain["patterns"])}
    )


def answered(found: Reading | Document) -> bytes:
    if isinstance(found, Document):
        return _packed({"document": [found.text, found.pages, found.note]})
    plain = {
        "title": found.title,
        "records": [_flat(record) for record in found.records],
        "degraded": found.degraded,
        "whole": found.whole,
        "ttl": found.ttl and found.ttl.total_seconds(),
        "skip_hours": sorted(found.skip_hours),
        "skip_days": sorted(found.skip_days),
        "about": found.about,
    }
    return _packed({"reading": plain})


def failed(failure: DispatcherError) -> bytes:
    if isinstance(failure, BadInput):
        return _packed({"bad_input": [failure.place, failure.problem, failure.remedy]})
    return _packed({"unreadable": str(failure)})


def broken(failure: Exception, trace: str) -> bytes:
    """No document may do that to its reader; `trace` is for whoever mends it."""
    return _packed({"broken": f"{type(failure).__name__}: {failure}"[:500], "trace": trace})


def exhausted() -> bytes:
    return _packed({"exhausted": True})


def _flat(record: Record) -> list[object]:
    published = record.published_at and record.published_at.isoformat()
    return [
        record.guid,
        record.title,
        record.link,
        record.body_html,
        published,
        record.categories,
        record.notes,
    ]


def _packed(plain: Mapping[str, object]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: something read, or an error to raise. `exhausted`, `trace`: the child should go, and why it stumbled."""

    found: Reading | Document | DispatcherError
    exhausted: bool = False
    trace: str = ""


def answer(packed: bytes) -> Answer:
    """Whatever else may stand in it, it is one of these. Raises Unreadable."""
    try:
        return _answer(json.loads(packed))
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError) as odd:
        raise Unreadable(
            f"the process that reads documents gave no proper answer: {type(odd).__name__}"
        ) from None


def _answer(plain: Mapping[str, Any]) -> Answer:
    if "reading" in plain:
        return Answer(_reading(plain["reading"]))
    if "document" in plain:
        text, pages, note = plain["document"]
        return Answer(Document(_text(text), _whole(pages), _text(note)))
    if "bad_input" in plain:
        place, problem, remedy = plain["bad_input"]
        return Answer(BadInput(_text(place), _text(problem), _text(remedy)))
    if "broken" in plain:
        return Answer(Unreadable(f"reading it failed: {_text(plain['broken'])}"), trace=_text(plain["trace"]))
    if "exhausted" in plain:
        return Answer(Unreadable("reading it took more memory than any document needs"), exhausted=True)
    return Answer(Unreadable(_text(plain["unreadable"])))


def _reading(plain: Mapping[str, Any]) -> Reading:
    return Reading(
        title=_text(plain["title"]),
        records=tuple(_record(one) for one in plain["records"]),
        degraded=_texts(plain["degraded"]),
        whole=plain["whole"] is True,
        ttl=None if plain["ttl"] is None else timedelta(seconds=float(plain["ttl"])),
        skip_hours=frozenset(_whole(hour) for hour in plain["skip_hours"]),
        skip_days=frozenset(_texts(plain["skip_days"])),
        about=_text(plain["about"]),
    )


def _record(flat: list[object]) -> Record:
    """As `_flat` laid it out."""
    guid, title, link, body, published, categories, notes = flat
    at = None if published is None else _instant(_text(published))
    return Record(_text(guid), _text(title), _text(link), _text(body), at, _texts(categories), _texts(notes))


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else _wrong(text)


def _text(value: object) -> str:
    return value if isinstance(value, str) else _wrong(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(one) for one in value) if isinstance(value, list) else _wrong(value)


def _whole(value: object) -> int:
    return value if type(value) is int else _wrong(value)


def _wrong(value: object) -> Never:
    raise TypeError(type(value).__name__)


def framed(message: bytes) -> bytes:
    """On the pipe each message has its length before it."""
    return LENGTH.pack(len(message)) + message
