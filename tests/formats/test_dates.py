from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.formats import dates


@pytest.mark.parametrize(
    ("raw", "instant"),
    [
        ("Wed, 08 Nov 2017 08:25:30 EST", "2017-11-08T13:25:30"),
        (
            "Fri, 14 Jul 2023 08:25:30 EST",
            "2023-07-14T12:25:30",
        ),  # the clock on the wall in July, whatever they call it
        ("Fri, 14 Jul 2023 08:25:30 EDT", "2023-07-14T12:25:30"),
        ("Mon, 15 Jan 2024 08:25 ET", "2024-01-15T13:25:00"),
        ("Tue, 26 Mar 2024 23:30:00 -0500", "2024-03-27T04:30:00"),
        ("Tue, 26 Mar 2024 13:00:00 +00:00", "2024-03-26T13:00:00"),
        ("Wed, 06 Mar 2024 09:12:04 +0000 (UTC)", "2024-03-06T09:12:04"),
        ("14 Jul 23 10:00 GMT", "2023-07-14T10:00:00"),
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05"),
        ("2024-01-02T03:04:05.678+02:00", "2024-01-02T01:04:05"),
        ("2024-01-02", "2024-01-02T05:00:00"),
        ("July 14, 2023", "2023-07-14T04:00:00"),
        ("Sept. 5 2023", "2023-09-05T04:00:00"),
        ("07/14/2023", "2023-07-14T04:00:00"),
        ("Tue, 11/14/2023 - 12:00", "2023-11-14T17:00:00"),
        ("July 14, 2023 at 2:30 p.m.", "2023-07-14T18:30:00"),
        ("July 14, 2023 12:05 AM", "2023-07-14T04:05:00"),
        ("09/29/2026 08:00 PM CDT", "2026-09-30T01:00:00"),
        ("  Wed,\n 08 Nov 2017   08:25:30 EST ", "2017-11-08T13:25:30"),
        ("Fri, 1 Mar 2024 00:00:00 (EST)", "2024-03-01T05:00:00"),
        ("2024-03-10T02:30:00", "2024-03-10T07:30:00"),  # an hour that Maine's clocks skip
    ],
)
def test_a_date_is_read_as_its_writer_meant_it(raw, instant):
    assert dates.read(raw) == (datetime.fromisoformat(instant).replace(tzinfo=UTC), "")


@pytest.mark.parametrize("raw", ["14 Jul 2023 10:00 XYZ", "July 14, 2023 10:00 Atlantic"])
def test_an_unknown_zone_is_taken_for_maine_and_flagged(raw):
    instant, note = dates.read(raw)
    assert instant == datetime(2023, 7, 14, 14, 0, tzinfo=UTC)
    assert "not known" in note


@pytest.mark.parametrize(
    ("raw", "note"),
    [
        ("", "no date"),
        (" \n", "no date"),
        ("soon", "not readable"),
        ("31 Feb 2023", "not readable"),
        ("13/14/2023", "not readable"),
        ("14 Jul 2023 25:00 GMT", "not readable"),
        ("14 Jul 2023 13:00 PM", "not readable"),
        ("14 Jul 2023 10:00 +99:99", "not readable"),
        ("0001-01-01T00:00:00Z", "too early"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "too early"),
        ("Sat, 31 Dec 1994 12:00:00 GMT", "too early"),
    ],
)
def test_what_is_no_date_is_missing_and_flagged(raw, note):
    instant, said = dates.read(raw)
    assert instant is None
    assert note in said


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_no_text_is_an_error(raw):
    instant, note = dates.read(raw)
    assert instant is None or instant.tzinfo is UTC
    assert instant is not None or note


@given(st.datetimes(datetime(1995, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 -- bounds are naive there
@settings(max_examples=100)
def test_both_standard_forms_say_the_same(moment):
    second = moment.replace(microsecond=0)
    assert (
        dates.read(second.isoformat())
        == dates.read(second.strftime("%a, %d %b %Y %H:%M:%S +0000"))
        == (second, "")
    )
