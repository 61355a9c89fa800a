"""A blast that is not any more what two people agreed on goes back to them, says why, and nobody has got it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import blasting
import factories as make
import pytest
from blasting import acting, approve, approved, fresh, run, settings

from dispatcher.errors import Refused
from dispatcher.mailings import binding, blast, start
from dispatcher.mailings.binding import Rule
from dispatcher.models import Approval, Bulletin, Journal, Mailing, Match, Message, Staff, Submission, Topic
from dispatcher.models.clock import database_now

PROJECT = Path(__file__).parents[2]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def deployment(db: str, tmp_path: Path) -> None:
    blasting.set_up(tmp_path)


def begun(mailing: Mailing) -> bool:
    mailing.refresh_from_db()
    return mailing.state == "running"


# --- it goes back ---


def assert_held(mailing: Mailing, words: str) -> None:
    assert run() == 0
    mailing.refresh_from_db()
    bulletin, approval = fresh(mailing.bulletin_id), Approval.objects.get(bulletin=mailing.bulletin_id)
    assert words in approval.voided_because == bulletin.held_because == mailing.why
    assert approval.voided_at is not None
    assert (bulletin.state, mailing.state, mailing.starts_at) == ("submitted", "waiting", None)
    assert not mailing.deliveries.exists()
    assert not Message.objects.filter(mailing=mailing).exists()
    entry = Journal.objects.get(verb="send back", subject=f"bulletin:{bulletin.id}")
    assert words in entry.facts["why"]
    assert Journal.broken_at() is None
    assert run() == 0


def test_a_tenth_more_goes_and_one_above_is_held() -> None:
    blasting.follow("pharmacy", 8)
    first, second = approved(), approved(blasting.TEXT + "More.")
    blasting.follow("pharmacy", 1)
    assert start.start(settings(), first.id)
    blasting.follow("pharmacy", 1)
    assert_held(second, "12 people would get it now, 10 when it was approved")


def edit_title(_: Path) -> None:
    Bulletin.objects.update(title="New form for prior authorizations")


def edit_body(_: Path) -> None:
    Bulletin.objects.update(body_html="<p>From January 5, 2027, use the form MC-13.</p>")


def add_topic(_: Path) -> None:
    Match.objects.create(
        bulletin=Bulletin.objects.get(),
        topic=Topic.objects.get(slug="dental"),
        evidence=Match.objects.get().evidence,
        catalog="",
        matched_at=database_now(),
    )


def remove_topic(_: Path) -> None:
    Match.objects.all().delete()


def widen(_: Path) -> None:
    Submission.objects.update(everyone=True)


def change_topics(folder: Path) -> None:
    blasting.reload_topics(folder, blasting.TOPICS + "  # a remark")
    blasting.reload_topics(folder, blasting.TOPICS.replace("Dentists", "Dentistry"))


def lose_the_sender(folder: Path) -> None:
    blasting.reload_topics(folder, blasting.TOPICS.replace("  from: MaineCare <notices@maine.gov>\n", ""))


@pytest.mark.parametrize(
    "edit", [edit_title, edit_body, add_topic, remove_topic, widen, change_topics, lose_the_sender]
)
def test_what_changed_after_the_approval(edit: Callable[[Path], None], tmp_path: Path) -> None:
    mailing = approved()
    edit(tmp_path)
    assert_held(mailing, "edited after approval")


def test_a_blast_that_nothing_can_be_made_of_goes_back_and_stops_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, whole = approved(), approved(blasting.TEXT + "More.")
    bulletin = make.bulletin(Topic.objects.get(slug="pharmacy"))
    Bulletin.objects.filter(id=broken.bulletin_id).update(contact={"fax": "207-555-0134"})
    assert run() == 2
    assert begun(whole)
    assert make.assert_sums(Mailing.objects.get(bulletin=bulletin).id)["pending"] == 2
    assert "a blast cannot begin" in caplog.text
    assert_held(broken, "it cannot begin: TypeError")


def test_another_sender_in_the_settings() -> None:
    mailing = approved()
    assert start.pending(settings(from_="Eve <eve@maine.gov>")) == 0
    assert "edited after approval" in fresh(mailing.bulletin_id).held_because


def test_what_was_edited_is_approved_no_more_until_it_is_handed_in_anew() -> None:
    mailing = approved()
    edit_title(Path())
    run()
    with pytest.raises(Refused, match="cancel it and submit it again"):
        approve(mailing.bulletin_id, "cleo")
    blast.cancel(mailing.bulletin_id, acting("ana"))
    again = approved()
    assert again.bulletin_id != mailing.bulletin_id
    assert run() == 1


def test_an_approval_that_is_too_old() -> None:
    mailing = approved()
    Approval.objects.update(approved_at=database_now() - timedelta(days=7, minutes=1))
    assert_held(mailing, "more than 7 days old")


def test_a_time_that_passed_while_nothing_ran() -> None:
    mailing = approved(send_at=database_now() + HOUR)
    travel(mailing, timedelta(hours=2, minutes=1))
    assert_held(mailing, "passed while nothing ran")


def test_a_time_that_has_only_just_passed_is_kept() -> None:
    mailing = approved(send_at=database_now() + HOUR)
    travel(mailing, timedelta(hours=1, minutes=59))
    assert run() == 1


def travel(mailing: Mailing, by: timedelta) -> None:
    """As if so much time had passed since the approval: every moment that it is bound to lies so much earlier."""
    submission = Submission.objects.get()
    submission.send_at -= by
    submission.content_hash = now_hash(submission)
    submission.save()
    Mailing.objects.filter(id=mailing.id).update(starts_at=submission.send_at)
    Approval.objects.update(
        content_hash=submission.content_hash, approved_at=Approval.objects.get().approved_at - by
    )


def now_hash(submission: Submission) -> str:
    rule = Rule.of(submission)
    composed = binding.composed(settings(), submission.bulletin, rule, database_now())
    return binding.content_hash(settings(), submission.bulletin, composed, rule)


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "viewer"}])
def test_an_approver_who_may_not_approve_any_more(change: dict) -> None:
    mailing = approved()
    Staff.objects.filter(name="ben").update(**change)
    assert_held(mailing, "ben, who approved it, may not approve any more")


def test_without_an_approval_nothing_begins() -> None:
    mailing = approved()
    Approval.objects.update(voided_at=database_now())
    assert run() == 0
    assert fresh(mailing.bulletin_id).held_because == "it is not approved"


@pytest.mark.parametrize("state", ["cancelled", "mailed", "draft"])
def test_what_is_something_else_by_now_does_not_become_submitted_again(state: str) -> None:
    mailing = approved()
    Bulletin.objects.update(state=state)
    assert run() == 0
    assert fresh(mailing.bulletin_id).state == state
    assert not begun(mailing)


def test_after_it_went_back_another_look_lets_the_same_mailing_go() -> None:
    mailing = approved()
    blasting.follow("pharmacy", 3)
    assert_held(mailing, "5 people would get it now, 2 when")
    again = approve(mailing.bulletin_id)
    assert (again.id, again.why) == (mailing.id, "")
    approval = Approval.objects.get()
    assert (approval.audience, approval.voided_at, approval.voided_because) == (5, None, "")
    assert fresh(mailing.bulletin_id).held_because == ""
    assert run() == 1
    assert make.assert_sums(mailing.id)["pending"] == 5


def test_one_that_goes_back_does_not_hold_up_another() -> None:
    held, goes = approved(), approved(blasting.TEXT + "More.")
    Bulletin.objects.filter(id=held.bulletin_id).update(title="Edited")
    assert run() == 1
    assert begun(goes)
    assert not begun(held)


# --- in another process ---


def redeployed(folder: Path) -> Path:
    """The program once more, as the next version would be installed."""
    for part in ("dispatcher", "tasks", "templates"):
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run_in(project: Path, db: str, tmp_path: Path, *, until: str = "") -> subprocess.CompletedProcess:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(project),
        "PYTHONWARNINGS": "ignore",
        "DISPATCHER_DATABASE_URL": db,
        "DISPATCHER_SECRET_KEY": settings().secret_key,
        "DISPATCHER_DATA_DIR": str(tmp_path / "data"),
        "DISPATCHER_TOPICS": str(tmp_path / "topics.yaml"),
        "DISPATCHER_RECALL_SECONDS": "0",
        "DISPATCHER_SEND": "off",
        **({"DISPATCHER_FAILPOINT": until} if until else {}),
    }
    command = [sys.executable, "-m", "dispatcher", "run", "--once"]
    return subprocess.run(
        command, env=environment, cwd=project, capture_output=True, text=True, check=False, timeout=90
    )


def test_a_template_that_was_deployed_after_the_approval(db: str, tmp_path: Path) -> None:
    mailing = approved()
    project = redeployed(tmp_path / "next")
    template = project / "templates" / "messages" / "layout.txt"
    template.write_text(template.read_text(encoding="utf-8") + "\nVote for us.\n", encoding="utf-8")
    ran = run_in(project, db, tmp_path)
    assert "began 0 mailings" in ran.stdout, ran.stderr
    assert_held(mailing, "a template or the sender changed")


def test_killed_between_approval_and_start_the_next_run_starts_it(db: str, tmp_path: Path) -> None:
    """`blast approve` ends with the commit; here it dies before it rings, then the run that follows dies in its first slice."""
    mailing = approved()
    died = run_in(PROJECT, db, tmp_path, until="mid_slice:1")
    assert died.returncode == -signal.SIGKILL
    assert begun(mailing)
    ran = run_in(PROJECT, db, tmp_path)
    assert "began 0 mailings" in ran.stdout, ran.stderr
    assert make.assert_sums(mailing.id)["pending"] == 2
    assert Journal.objects.filter(verb="start").count() == 1
