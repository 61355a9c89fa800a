"""A blast on its way to two people's consent: handed in once, approved by another, called back while nobody has it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import blasting
import factories as make
import pytest
from blasting import TEXT, acting, approve, approved, at_once, settings, submit, submitted
from django.db import connection

from dispatcher.errors import Refused
from dispatcher.formats import markdown
from dispatcher.mailings import blast
from dispatcher.models import (
    Bulletin,
    Delivery,
    Journal,
    Mailing,
    Match,
    Staff,
    Submission,
    Subscriber,
)
from dispatcher.models.clock import database_now

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def deployment(db: str, tmp_path: Path) -> None:
    blasting.set_up(tmp_path)


def entries() -> list[tuple[str, str, str]]:
    found = Journal.objects.filter(subject__startswith="bulletin:").order_by("id")
    return [(one.actor, one.door, one.verb) for one in found]


# --- submit ---


def test_handing_in_writes_down_what_for_whom_and_by_whom() -> None:
    at = database_now() + HOUR
    prepared = submit(topics=("pharmacy", "dental"), send_at=at)
    bulletin, submission = Bulletin.objects.get(), Submission.objects.get()
    assert (bulletin.state, bulletin.title, bulletin.markdown) == (
        "submitted", "New form for prior authorization", TEXT,
    )  # fmt: skip
    assert bulletin.author.name == "ana"
    assert bulletin.content_hash == submission.content_hash != ""
    assert (submission.topics, submission.everyone) == (["pharmacy", "dental"], False)
    assert (submission.audience, submission.send_at, submission.number) == (2, at, 1)
    assert set(Match.objects.values_list("topic__slug", flat=True)) == {"pharmacy", "dental"}
    assert (prepared.bulletin_id, prepared.state) == (bulletin.id, "submitted")
    assert not Mailing.objects.exists()


def test_the_journal_names_who_by_which_door_from_which_account() -> None:
    first = submitted()
    approve(first)
    blast.cancel(first, acting("ana"))
    assert entries() == [
        ("ana", "shell", "submit"),
        ("ben", "shell", "approve"),
        ("ana", "shell", "cancel"),
    ]
    told = Journal.objects.filter(subject=f"bulletin:{first}").order_by("id")
    assert {one.facts["account"] for one in told} == {"root"}
    assert [one.facts.get("people") for one in told] == [2, 2, None]
    assert Journal.broken_at() is None


def test_the_same_handed_in_twice_is_one() -> None:
    assert submitted() == submitted()
    assert Bulletin.objects.count() == Submission.objects.count() == 1
    assert entries() == [("ana", "shell", "submit")]


@pytest.mark.parametrize(
    "different", [{"topics": ("dental", "pharmacy")}, {"everyone": True}, {"by": "ben"}, {"text": TEXT + "!"}]
)
def test_what_differs_is_another_one(different: dict) -> None:
    assert submit().bulletin_id != submit(**different).bulletin_id


def test_two_at_once_hand_in_one() -> None:
    at_once(*[submitted] * 3)
    assert Bulletin.objects.count() == Submission.objects.count() == 1


def test_after_it_was_called_back_the_same_is_a_new_one() -> None:
    first = submitted()
    blast.cancel(first, acting("ana"))
    second = submitted()
    assert second != first
    assert submitted() == second
    blast.cancel(second, acting("ana"))
    assert submitted() not in {first, second}


def test_handing_in_what_was_mailed_mails_nobody_again_and_says_so() -> None:
    mailing = approved()
    blasting.run()
    again = submit()
    assert (again.bulletin_id, again.state) == (mailing.bulletin_id, "mailed")
    assert Mailing.objects.filter(kind="blast").count() == 1


def test_a_dry_run_and_what_blocks_leave_no_row() -> None:
    before = Subscriber.objects.count()
    dry = blast.submit(settings(), blasting.proposal(), acting("ana"), dry_run=True)
    blocked = submit("# TBD\n\nSoon.")
    assert dry.bulletin_id is blocked.bulletin_id is None
    assert (dry.blocked, blocked.blocked) == (False, True)
    assert "MC-12" in dry.message.text
    assert dry.test.subject == f"TEST: {dry.message.subject}"
    for table in (Bulletin, Submission, Match, Mailing, Delivery):
        assert not table.objects.exists()
    assert Subscriber.objects.count() == before
    assert entries() == []


def test_markdown_is_rendered_and_examined_while_others_can_write(monkeypatch: pytest.MonkeyPatch) -> None:
    held = []

    def watched(work: Callable[..., object]) -> Callable[..., object]:
        def watching(*given: str) -> object:
            held.append(connection.in_atomic_block)
            return work(*given)

        return watching

    for name in ("to_html", "links"):
        monkeypatch.setattr(markdown, name, watched(getattr(markdown, name)))
    submit()
    assert held == [False, False]


def test_a_dry_run_of_what_was_handed_in_says_the_same_again() -> None:
    submitted()
    dry = blast.submit(settings(), blasting.proposal(), acting("ana"), dry_run=True)
    assert dry.bulletin_id is None
    assert Bulletin.objects.count() == 1


@pytest.mark.parametrize("ago", [timedelta(0), HOUR])
def test_a_time_that_has_passed_is_refused(ago: timedelta) -> None:
    with pytest.raises(Refused, match="has passed"):
        submit(send_at=database_now() - ago)
    assert not Bulletin.objects.exists()


@pytest.mark.parametrize("name", ["vic", "olive"])
def test_who_may_not_submit(name: str) -> None:
    with pytest.raises(Refused, match="bulletin:submit"):
        submit(by=name)


def test_who_is_none_of_the_staff_may_not() -> None:
    with pytest.raises(Refused, match="none of the staff"):
        submit(by="shell:root")


def test_a_disabled_author_may_not_either() -> None:
    Staff.objects.filter(name="ana").update(is_active=False)
    with pytest.raises(Refused):
        submit()


def test_a_large_audience_is_typed() -> None:
    large = settings(typed_count=2)
    for typed in (None, 1, 3):
        with pytest.raises(Refused, match="--people 2"):
            submit(people=typed, with_settings=large)
    assert not Bulletin.objects.exists()
    assert submit(people=2, with_settings=large).bulletin_id is not None
    assert submit(people=2, with_settings=settings(typed_count=3)).bulletin_id is not None


def test_the_same_subject_within_thirty_days_is_warned_of() -> None:
    approved()
    blasting.run()
    assert said_before(TEXT + "Really.")
    Bulletin.objects.filter(state="mailed").update(first_seen_at=database_now() - timedelta(days=31))
    assert not said_before(TEXT + "Really, really.")


def said_before(text: str) -> bool:
    return any("last 30 days" in one.what for one in submit(text).findings)


def test_the_agencys_name_is_filled_in_and_nothing_else_runs() -> None:
    prepared = submit("# Form\n\n{{ agency }} says {{7*7}} <script>x</script>.")
    assert "MaineCare Services says {{7*7}} <script>x</script>." in " ".join(prepared.message.text.split())
    assert "<script>" not in prepared.message.html
    assert "49" not in prepared.message.text


# --- approvers ---


def give_addresses() -> None:
    for name in ("ana", "ben", "cleo", "olive"):
        Staff.objects.filter(name=name).update(email=f"{name}@maine.gov")


def told() -> set[str]:
    letters = Delivery.objects.filter(mailing__kind="system")
    return set(letters.values_list("subscriber__address", flat=True))


def test_approvers_with_an_address_are_told_and_the_author_is_not() -> None:
    give_addresses()
    submit(by="ben")
    assert told() == {"cleo@maine.gov"}
    mailing = Mailing.objects.get()
    assert (mailing.lane, mailing.state, mailing.audience) == ("system", "running", 1)
    make.assert_sums(mailing.id)


def test_who_left_is_not_told_and_twice_is_once() -> None:
    give_addresses()
    Staff.objects.filter(name="cleo").update(is_active=False)
    submit()
    submit()
    assert told() == {"ben@maine.gov"}
    assert Delivery.objects.count() == 1


def test_two_approvers_who_share_an_address_get_one_letter() -> None:
    Staff.objects.filter(role="approver").update(email="Desk@maine.gov")
    submit()
    assert told() == {"Desk@maine.gov"}
    assert Mailing.objects.get().audience == 1


def test_an_address_that_is_none_keeps_no_blast_from_the_others() -> None:
    give_addresses()
    Staff.objects.filter(name="ben").update(email="not an address")
    submit()
    assert told() == {"cleo@maine.gov"}


def test_without_addresses_there_is_no_letter() -> None:
    submit()
    assert not Mailing.objects.exists()
