"""A blast begins by the consent of a second person, to exactly what was handed in, and is called back while nobody has it."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import blasting
import factories as make
import pytest
from blasting import TEXT, acting, approve, approved, at_once, fresh, settings, submit, submitted
from django.db import DatabaseError, connection, transaction

from dispatcher.errors import NotFound, Refused
from dispatcher.mailings import blast, progress
from dispatcher.mailings.progress import By
from dispatcher.models import Approval, Bulletin, Delivery, Journal, Mailing, Staff, Submission, Topic
from dispatcher.models.clock import database_now

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def deployment(db: str, tmp_path: Path) -> None:
    blasting.set_up(tmp_path)


def staff(name: str) -> Staff:
    return Staff.objects.get(name=name)


def verbs() -> list[str]:
    return list(
        Journal.objects.filter(subject__startswith="bulletin:").order_by("id").values_list("verb", flat=True)
    )


# --- approve ---


def test_another_person_approves_and_the_mailing_waits() -> None:
    bulletin_id = submitted()
    mailing = approve(bulletin_id)
    assert (fresh(bulletin_id).state, mailing.state, mailing.key) == (
        "approved", "waiting", f"blast:{bulletin_id}",
    )  # fmt: skip
    approval = Approval.objects.get()
    assert (approval.approver.name, approval.author.name, approval.audience) == ("ben", "ana", 2)
    assert approval.content_hash == fresh(bulletin_id).content_hash
    assert not Delivery.objects.filter(mailing=mailing).exists()


@pytest.mark.parametrize(("author", "words"), [("ben", "somebody else"), ("ana", "bulletin:approve")])
def test_nobody_approves_their_own(author: str, words: str) -> None:
    bulletin_id = submit(by=author).bulletin_id
    with pytest.raises(Refused, match=words):
        approve(bulletin_id, author)
    assert fresh(bulletin_id).state == "submitted"
    assert not Approval.objects.exists()


@pytest.mark.parametrize("forged", ["ben", "cleo"])
def test_nor_by_raw_sql(forged: str) -> None:
    bulletin_id = submit(by="ben").bulletin_id
    values = [bulletin_id, fresh(bulletin_id).content_hash, staff("ben").id, staff(forged).id]
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dispatcher_approval (bulletin_id, content_hash, approver_id, author_id, audience,"
            " reason, approved_at, voided_because) VALUES (%s, %s, %s, %s, 2, '', %s, '')",
            [*values, make.LONG_AGO],
        )
    assert not Approval.objects.exists()


def test_whoever_handed_it_in_for_somebody_else_cannot_approve_it() -> None:
    bulletin_id = submitted()
    Submission.objects.update(submitted_by=staff("ben"))
    with pytest.raises(Refused, match="somebody else"):
        approve(bulletin_id)
    assert approve(bulletin_id, "cleo")


@pytest.mark.parametrize("name", ["vic", "olive", "ana"])
def test_who_may_not_approve(name: str) -> None:
    bulletin_id = submit(by="cleo").bulletin_id
    with pytest.raises(Refused, match="bulletin:approve"):
        approve(bulletin_id, name)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "New form for prior authorizatioN"},
        {"body_html": "<p>From January 5, 2027, use the form MC-13.</p>"},
        {"contact": {"name": "Eve", "email": "eve@evil.example"}},
        {"url": "https://evil.example/"},
        {"type": "emergency"},
        {"markdown": "what an approver would be shown"},
    ],
)
def test_what_was_edited_by_a_byte_cannot_be_approved(change: dict) -> None:
    bulletin_id = submitted()
    Bulletin.objects.filter(id=bulletin_id).update(**change)
    with pytest.raises(Refused, match="edited after it was submitted"):
        approve(bulletin_id)
    assert not Approval.objects.exists()
    assert fresh(bulletin_id).state == "submitted"


@pytest.mark.parametrize(
    "change", [{"everyone": True}, {"topics": ["dental"]}, {"send_at": database_now() + HOUR}]
)
def test_nor_to_whom_or_when(change: dict) -> None:
    bulletin_id = submitted()
    Submission.objects.update(**change)
    with pytest.raises(Refused, match="edited after it was submitted"):
        approve(bulletin_id)


def test_findings_need_a_reason_that_is_kept() -> None:
    bulletin_id = submitted("# Form\n\nWrite 123-45-6789 into the first box.")
    for reason in ("", "  "):
        with pytest.raises(Refused, match="social security number"):
            approve(bulletin_id, reason=reason)
    approve(bulletin_id, reason=" an example number ")
    assert Approval.objects.get().reason == "an example number"


def test_warnings_need_none() -> None:
    approve(submitted("# Form\n\n[here](https://www.maine.gov)"))


def test_the_approver_types_a_large_audience_as_it_is_now() -> None:
    bulletin_id = submitted()
    blasting.follow("pharmacy", 1)
    large = settings(typed_count=3)
    with pytest.raises(Refused, match="--people 3"):
        approve(bulletin_id, people=2, with_settings=large)
    approve(bulletin_id, people=3, with_settings=large)
    assert Approval.objects.get().audience == 3


def test_a_time_that_passed_since_it_was_handed_in_is_refused() -> None:
    bulletin_id = submitted(send_at=database_now() + timedelta(milliseconds=300))
    threading.Event().wait(0.35)
    with pytest.raises(Refused, match="has passed"):
        approve(bulletin_id)


@pytest.mark.parametrize(("days", "soon"), [(6.9, True), (6.99, False), (8, False)])
def test_an_approval_must_still_hold_when_its_time_comes(days: float, soon: bool) -> None:
    bulletin_id = submitted(send_at=database_now() + timedelta(days=days))
    if soon:
        assert approve(bulletin_id).starts_at == Submission.objects.get().send_at
        return
    with pytest.raises(Refused, match="approve it later"):
        approve(bulletin_id)


def test_two_approvers_at_once_make_one_approval() -> None:
    bulletin_id = submitted()
    failures = at_once(lambda: approve(bulletin_id, "ben"), lambda: approve(bulletin_id, "cleo"))
    assert [type(one) for one in failures if one] == [Refused]
    assert Approval.objects.count() == Mailing.objects.count() == 1
    assert verbs() == ["submit", "approve"]


def test_what_is_approved_cannot_be_approved_again() -> None:
    bulletin_id = submitted()
    approve(bulletin_id)
    with pytest.raises(Refused, match="not submitted"):
        approve(bulletin_id, "cleo")


def test_there_is_time_to_call_it_back() -> None:
    before = database_now()
    mailing = approve(submitted(), with_settings=replace(settings(), recall_seconds=300))
    assert mailing.starts_at >= before + timedelta(seconds=300)
    assert blasting.run() == 0
    assert fresh(mailing.bulletin_id).state == "approved"


# --- cancel ---


@pytest.mark.parametrize("name", ["ana", "ben", "cleo", "olive"])
def test_its_author_an_approver_or_an_operator_calls_it_back(name: str) -> None:
    mailing = approved()
    assert blast.cancel(mailing.bulletin_id, acting(name)).state == "cancelled"
    mailing.refresh_from_db()
    assert (mailing.state, mailing.why) == ("cancelled", f"by {name}")
    assert mailing.finished_at is not None
    assert blasting.run() == 0
    assert not Delivery.objects.exists()
    with pytest.raises(Refused, match="cancelled"):
        approve(mailing.bulletin_id, "cleo")


def test_nobody_else_does() -> None:
    Staff.objects.create(name="abe", role="author", created_at=make.LONG_AGO)
    bulletin_id = submitted()
    for name in ("vic", "abe"):
        with pytest.raises(Refused, match="did not write"):
            blast.cancel(bulletin_id, acting(name))


def test_what_has_begun_is_stopped_elsewhere() -> None:
    mailing = approved()
    blasting.run()
    with pytest.raises(Refused, match="mailings cancel"):
        blast.cancel(mailing.bulletin_id, acting("ana"))


def test_calling_back_twice_is_refused_and_journalled_once() -> None:
    bulletin_id = submitted()
    blast.cancel(bulletin_id, acting("ana"))
    with pytest.raises(Refused, match="is cancelled"):
        blast.cancel(bulletin_id, acting("ana"))
    assert verbs() == ["submit", "cancel"]


def test_who_cancels_its_mailing_cancels_the_blast() -> None:
    mailing = approved()
    assert progress.cancel(mailing, By("olive"))
    assert fresh(mailing.bulletin_id).state == "cancelled"
    assert blasting.run() == 0


def test_calling_back_from_both_sides_at_once_blocks_nobody() -> None:
    for round_ in range(4):
        mailing = approved(TEXT + str(round_))
        failures = at_once(
            lambda mailing=mailing: progress.cancel(mailing, By("olive")),
            lambda mailing=mailing: blast.cancel(mailing.bulletin_id, acting("ana")),
            blasting.run,
        )
        assert all(one is None or isinstance(one, Refused) for one in failures), failures
        mailing.refresh_from_db()
        ended = (mailing.state, fresh(mailing.bulletin_id).state)
        assert ended in {("cancelled", "cancelled"), ("running", "mailed"), ("cancelled", "mailed")}


# --- which ---


@pytest.mark.parametrize("number", [0, 4711])
def test_only_blasts_are_found(number: int) -> None:
    news = make.bulletin(Topic.objects.first())
    for missing in (number, news.id):
        with pytest.raises(NotFound, match="no blast"):
            blast.found(missing)
