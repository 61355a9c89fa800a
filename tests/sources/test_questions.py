"""What goes through the pipe comes out as it went in; what is no answer is refused, whatever it is."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.errors import BadInput, Unreadable
from dispatcher.formats.selectors import Patterns, Select
from dispatcher.sources import questions
from dispatcher.sources.questions import Question
from dispatcher.sources.reading import Document, Reading, Record

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TEXTS = st.lists(WORDS, max_size=3).map(tuple)
INSTANTS = st.none() | st.datetimes(timezones=st.just(UTC))
RECORDS = st.builds(Record, WORDS, WORDS, WORDS, WORDS, INSTANTS, TEXTS, TEXTS)
READINGS = st.builds(
    Reading,
    title=WORDS,
    records=st.lists(RECORDS, max_size=3).map(tuple),
    degraded=TEXTS,
    whole=st.booleans(),
    ttl=st.none() | st.integers(1, 10_000).map(lambda minutes: timedelta(minutes=minutes)),
    skip_hours=st.frozensets(st.integers(0, 23)),
    skip_days=st.frozensets(st.sampled_from(["Saturday", "Sunday"])),
    about=WORDS,
)
READING = Reading("t", (Record("g", "t", "l", "b", datetime(2026, 1, 2, tzinfo=UTC), ("c",), ("n",)),))


@given(READINGS | st.builds(Document, WORDS, st.integers(0, 50), WORDS))
@settings(max_examples=50, deadline=None)
def test_what_was_read_arrives_as_it_was(found):
    assert questions.answer(questions.answered(found)).found == found


def test_a_question_arrives_as_it_was():
    asked = Question("page", "text/html", "u", Select("h3", title="b"), Patterns(date="(x)"), True, 3, 9)
    assert questions.question(questions.asked(asked)) == asked


def test_errors_arrive_as_what_they_are():
    bad = questions.answer(questions.failed(BadInput("select.record", "no selector", "h3"))).found
    assert isinstance(bad, BadInput)
    assert str(bad) == "select.record: no selector → h3"
    unread = questions.answer(questions.failed(Unreadable("no feed"))).found
    assert isinstance(unread, Unreadable)
    assert str(unread) == "no feed"


def test_a_reader_that_broke_says_how_and_where():
    answer = questions.answer(questions.broken(KeyError("x"), "line 7"))
    assert str(answer.found) == "reading it failed: KeyError: 'x'"
    assert answer.trace == "line 7"
    assert questions.answer(questions.exhausted()).exhausted


def test_a_lone_surrogate_does_not_keep_the_rest_from_arriving():
    assert questions.answer(questions.answered(Document("a\ud800b", 1))).found == Document("a?b", 1)


WRONG = [
    b"", b"\xff", b"null", b"[]", b"7", b"{}", b'{"reading": 3}', b'{"reading": {}}', b'{"document": ["x"]}', b'{"document": ["x", true, ""]}',
    b'{"unreadable": 7}', b'{"bad_input": ["x"]}', b'{"broken": "x"}', b"[" * 100_000, b'{"document": ["x", 1, ' + b"9" * 5_000 + b"]}",
]  # fmt: skip


@pytest.mark.parametrize("packed", WRONG, ids=range(len(WRONG)))
def test_what_is_no_answer_is_refused(packed):
    with pytest.raises(Unreadable, match="no proper answer"):
        questions.answer(packed)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", 7), ("records", 7), ("records", [[1]]), ("records", ["abcdefg"]), ("records", [["", "", "", "", "soon", [], []]]),
        ("records", [["", "", "", "", "2026-01-01T00:00:00", [], []]]), ("records", [["", "", "", "", None, "x", []]]),
        ("degraded", "x"), ("ttl", "soon"), ("ttl", 1e300), ("skip_hours", ["1"]), ("skip_days", [1]), ("about", None),
    ],
)  # fmt: skip
def test_a_reading_with_anything_else_in_it_is_refused(key, value):
    plain = json.loads(questions.answered(READING))
    plain["reading"][key] = value
    with pytest.raises(Unreadable, match="no proper answer"):
        questions.answer(json.dumps(plain).encode())
