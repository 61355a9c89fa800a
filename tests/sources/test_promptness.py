"""How long subscribers wait: measured from rows, and held against what was promised."""

from datetime import datetime, timedelta

import factories as make

from dispatcher.models import Bulletin, Delivery, Kind, Mailing, Source
from dispatcher.models.clock import database_now
from dispatcher.sources import promptness

MINUTE = timedelta(minutes=1)


def mailed(published: datetime | None, seen: datetime, *accepted: datetime, **fields) -> Bulletin:
    made = make.bulletin(state="mailed", published_at=published, first_seen_at=seen, **fields)
    mailing = Mailing.objects.create(
        key=f"bulletin:{made.id}", kind=Kind.BULLETIN, lane="immediate", state="done", bulletin=made, created_at=seen, frozen_at=seen,
        audience=len(accepted), nonce="0" * 32,
    )  # fmt: skip
    for moment in accepted:
        Delivery.objects.create(
            mailing=mailing, subscriber=make.subscriber(), state="accepted", topics="", due_at=seen, ended_at=moment
        )  # fmt: skip
    return made


def taken() -> timedelta | None:
    source = Source.objects.get()
    source.declared = {"every_minutes": 30}
    found = promptness.of(source)
    assert found.wanted == 35 * MINUTE
    return found.taken


def test_it_runs_from_publication_to_the_first_message_accepted(db: str) -> None:
    noon = database_now().replace(hour=12, minute=7)
    mailed(noon - 20 * MINUTE, noon, noon + 2 * MINUTE, noon + MINUTE, noon + 9 * MINUTE)
    assert taken() == 21 * MINUTE


def test_a_date_that_is_a_day_or_long_past_says_nothing_about_us(db: str) -> None:
    noon = database_now().replace(hour=12, minute=7)
    for published in (noon - timedelta(days=9), noon + MINUTE, None):
        mailed(published, noon, noon + 3 * MINUTE)
    midnight = noon.astimezone(promptness.MAINE).replace(hour=0, minute=0, second=0, microsecond=0)
    mailed(midnight, midnight + timedelta(hours=2), midnight + timedelta(hours=2, minutes=3))
    assert taken() == 3 * MINUTE


def test_nearly_all_count_and_what_a_person_held_does_not(db: str) -> None:
    noon = database_now().replace(hour=12, minute=7)
    for minutes in (*range(1, 20), 500):
        mailed(None, noon, noon + minutes * MINUTE)
    mailed(None, noon, noon + timedelta(days=3), held_because="late: published long before we first saw it")
    assert taken() == 19 * MINUTE


def test_before_the_first_message_there_is_no_figure(db: str) -> None:
    make.source()
    assert taken() is None
    mailed(None, database_now())
    assert taken() is None
