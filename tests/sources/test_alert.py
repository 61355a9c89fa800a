"""Operators are told by mail: at the beginning, daily, at the end; of what waits, on mornings of work or when a date is close."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import factories as make
import pytest

from dispatcher import config
from dispatcher.config import Config
from dispatcher.models import Bulletin, Delivery, Mailing, Message, Source, Staff, Turn
from dispatcher.models.clock import database_now
from dispatcher.sources import alert

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 10:00 in Maine
SATURDAY = MONDAY + 5 * DAY
FAILING = {
    "failures": 3,
    "outcome": "failed",
    "problem": "www.maine.gov answers 503",
    "unwell_since": MONDAY - HOUR,
}
WELL = {"failures": 0, "outcome": "ok", "problem": "", "unwell_since": None}
NOTICE = "<p>PUBLIC HEARING: Friday, November 27, 2026, 1:00 PM.</p>"


@pytest.fixture
def settings(db: str) -> Config:
    return replace(config.load({}), from_="notices@example.gov")


@pytest.fixture
def ola(settings: Config) -> Staff:
    return operator("ola")


def operator(name: str, **fields) -> Staff:
    defaults = {"role": "operator", "email": f"{name}@example.gov", "created_at": make.LONG_AGO}
    return Staff.objects.create(name=name, **(defaults | fields))


def source(slug: str = "policy-rules", **fields) -> Source:
    """One that was polled and brought something a while ago."""
    defaults = {
        "last_success_at": MONDAY - DAY,
        "last_new_at": MONDAY + DAY,
        "baselined_at": MONDAY,
        "outcome": "ok",
    }
    return make.source(slug, **(defaults | fields))


def letters() -> list[str]:
    """The subjects, in order."""
    return list(Message.objects.order_by("id").values_list("subject", flat=True))


def text() -> str:
    return " ".join(Message.objects.order_by("id").last().text.split())


def test_a_source_in_trouble_is_told_once_then_daily_then_when_it_is_well_again(
    settings: Config, ola: Staff
) -> None:
    one = source(**FAILING)
    assert alert.tell(settings, MONDAY)
    assert letters() == ["policy-rules needs a person"]
    assert "policy-rules: www.maine.gov answers 503, since November 23, 2026, 9:00 a.m. Eastern" in text()
    assert not alert.tell(settings, MONDAY)
    assert not alert.tell(settings, MONDAY + 23 * HOUR)
    assert alert.tell(settings, MONDAY + 24 * HOUR)
    Source.objects.filter(id=one.id).update(**WELL)
    assert alert.tell(settings, MONDAY + 26 * HOUR)
    assert letters()[-1] == "All sources are well again"
    assert "policy-rules" in text()
    assert not alert.tell(settings, MONDAY + 28 * HOUR)
    assert len(letters()) == 3


def test_one_letter_tells_of_all_and_what_is_added_is_told_within_an_hour(
    settings: Config, ola: Staff
) -> None:
    source(**FAILING)
    source("bulletins", outcome="degraded", problem="cut off")
    alert.tell(settings, MONDAY)
    assert letters() == ["2 sources need a person"]
    source("videos", **FAILING)
    assert not alert.tell(settings, MONDAY + 10 * timedelta(minutes=1))
    assert alert.tell(settings, MONDAY + HOUR)
    assert letters()[-1] == "3 sources need a person"


def test_another_trouble_of_the_same_source_is_told_too(settings: Config, ola: Staff) -> None:
    one = source(outcome="degraded", problem="cut off")
    alert.tell(settings, MONDAY)
    Source.objects.filter(id=one.id).update(**FAILING)
    assert alert.tell(settings, MONDAY + HOUR)
    assert Source.objects.get().told_of == "failing"


def test_a_first_failure_is_no_trouble_yet(settings: Config, ola: Staff) -> None:
    source(**FAILING | {"failures": 2})
    assert not alert.tell(settings, MONDAY)


def test_only_operators_at_work_with_an_address_are_told_each_once(settings: Config, ola: Staff) -> None:
    operator("off", is_active=False)
    operator("mute", email="")
    operator("same", email="OLA@example.gov")
    operator("author", role="author")
    source(**FAILING)
    alert.tell(settings, MONDAY)
    assert list(Delivery.objects.values_list("subscriber__folded", "state")) == [
        ("ola@example.gov", "pending")
    ]
    mailing = Mailing.objects.get()
    assert (mailing.key, mailing.kind, mailing.lane, mailing.audience) == (
        "alert:2026-11-23T15",
        "system",
        "system",
        1,
    )


def test_without_operators_nothing_is_written_and_nothing_counts_as_told(settings: Config) -> None:
    source(**FAILING)
    assert not alert.tell(settings, MONDAY)
    assert Source.objects.get().told_at is None
    operator("ola")
    assert alert.tell(settings, MONDAY)


def test_without_a_sender_nothing_counts_as_told(settings: Config, ola: Staff) -> None:
    source(**FAILING)
    assert not alert.tell(config.load({}), MONDAY)
    assert Source.objects.get().told_at is None
    assert not Mailing.objects.exists()


def test_two_at_once_write_one_letter(settings: Config, ola: Staff) -> None:
    source(**FAILING)
    assert Turn.take("alert", HOUR)
    assert not alert.tell(settings, MONDAY)
    Turn.give_back("alert")
    assert alert.tell(settings, MONDAY)
    Source.objects.update(told_at=None, told_of="")
    assert not alert.tell(settings, MONDAY)
    assert Mailing.objects.count() == 1


def test_letters_that_never_left_give_way_to_a_newer_one(settings: Config, ola: Staff) -> None:
    source(**FAILING)
    alert.tell(settings, MONDAY)
    alert.tell(settings, MONDAY + DAY)
    assert list(Mailing.objects.order_by("id").values_list("state", flat=True)) == ["cancelled", "running"]


def waiting(state: str = "unmatched", **fields) -> Bulletin:
    defaults = {"source": source(), "first_seen_at": MONDAY, "matched_at": MONDAY, "body_html": "<p>x</p>"}
    return make.bulletin(state=state, **(defaults | fields))


def test_what_matched_no_topic_is_told_on_the_next_morning_of_work_and_once(
    settings: Config, ola: Staff
) -> None:
    waiting(first_seen_at=SATURDAY, matched_at=SATURDAY)
    assert not alert.tell(settings, SATURDAY)
    assert not alert.tell(settings, SATURDAY + DAY + 20 * HOUR)
    assert alert.tell(settings, SATURDAY + DAY + 22 * HOUR)
    assert letters() == ["A bulletin waits for a decision"]
    assert "matched no topic" in text()
    assert not alert.tell(settings, SATURDAY + 3 * DAY)


def test_what_names_a_date_that_is_close_is_told_at_once(settings: Config, ola: Staff) -> None:
    waiting(body_html=NOTICE)
    assert alert.tell(settings, MONDAY)
    assert letters() == ["Look today: a bulletin waits that names November 27"]


def test_a_date_that_comes_near_is_told_when_it_does(settings: Config, ola: Staff) -> None:
    waiting(body_html=NOTICE, first_seen_at=MONDAY - 7 * DAY, matched_at=MONDAY - 7 * DAY)
    assert alert.tell(settings, MONDAY - 6 * DAY)
    assert not alert.tell(settings, MONDAY - 2 * DAY)
    assert alert.tell(settings, MONDAY - 9 * HOUR)
    assert letters()[-1].startswith("Look today")


def test_what_is_held_is_told_at_once_and_every_day(settings: Config, ola: Staff) -> None:
    waiting("held", matched_at=None, held_because="flood")
    assert alert.tell(settings, MONDAY)
    assert "policy-rules: holds back 1 for a person to look at" in text()
    assert "held, flood" in text()
    assert alert.tell(settings, MONDAY + 23 * HOUR)
    Bulletin.objects.update(state="dismissed")
    assert alert.tell(settings, MONDAY + 25 * HOUR)
    assert letters()[-1] == "All sources are well again"


def test_once_a_week_a_sign_that_all_is_well(settings: Config, ola: Staff) -> None:
    source(baselined_at=MONDAY - 10 * DAY)
    assert alert.tell(settings, MONDAY)
    assert letters() == ["All is well with 1 source"]
    assert not alert.tell(settings, MONDAY + 6 * DAY)
    assert not alert.tell(settings, MONDAY + 7 * DAY)
    Source.objects.update(last_success_at=MONDAY + 7 * DAY)
    assert alert.tell(settings, MONDAY + 7 * DAY)


def test_while_our_own_network_is_down_no_source_is_judged(settings: Config, ola: Staff) -> None:
    source(**FAILING | {"cut_off_since": database_now(), "last_success_at": MONDAY - 9 * DAY})
    assert not alert.tell(settings, MONDAY)
