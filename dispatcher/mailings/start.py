"""Start: a blast that was approved begins when its time has come, if it is still what was approved. Otherwise it goes back, and says why.

Hash and approval are looked at once more in the very transaction that begins it, and the message that was hashed is the one that is
kept for its copies: nothing can change in between. The heads are counted before, as of a freeze that holds from then on: a count of a
million people would hold up every other writer.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, transaction

from dispatcher.config import Config
from dispatcher.errors import BadInput, Transient
from dispatcher.mailings import audience, binding
from dispatcher.mailings.audience import Audience
from dispatcher.mailings.binding import Rule
from dispatcher.messages import editions
from dispatcher.messages.compose import Composed
from dispatcher.models import Approval, Bulletin, BulletinState, Journal, Mailing, MailingState, Submission
from dispatcher.models.clock import database_now, frozen_now
from dispatcher.permissions import Permission

log = logging.getLogger(__name__)

# An approval is of today's circumstances.
LAPSES = timedelta(days=7)
# A blast with a time goes out then or not at all: what was right for Monday morning may be wrong on Tuesday.
LATEST = timedelta(hours=1)
# More people than this above what the approver was shown, and somebody should look again.
_GROWTH = 10  # percent


def pending(config: Config) -> int:
    """Begin every blast whose time has come. Returns how many began."""
    due = list(Mailing.to_start(database_now()).values_list("id", flat=True))
    return sum(_start_or_send_back(config, mailing_id) for mailing_id in due)


def _start_or_send_back(config: Config, mailing_id: int) -> bool:
    """Whatever is wrong with one blast, bulletins and other blasts do not wait for it."""
    try:
        return start(config, mailing_id)
    except (OperationalError, Transient):
        raise  # the database is busy or away: the blast is as good as before
    except Exception as failure:
        log.exception("a blast cannot begin and goes back", extra={"mailing": mailing_id})
        _refuse(mailing_id, f"it cannot begin: {type(failure).__name__}: {failure}"[:1000])
        return False


def _refuse(mailing_id: int, why: str) -> None:
    with transaction.atomic():
        mailing = Mailing.objects.select_for_update().get(id=mailing_id)
        if mailing.state == MailingState.WAITING and mailing.starts_at is not None:
            bulletin = Bulletin.objects.select_for_update().get(mailings=mailing)
            _send_back(bulletin, mailing, why, database_now())


def start(config: Config, mailing_id: int) -> bool:
    """Begin one. False if somebody else did, if it went back to its people, or if it was submitted anew meanwhile."""
    counted = _counted(mailing_id)
    with transaction.atomic():
        mailing = Mailing.objects.select_for_update().get(id=mailing_id)
        if mailing.state != MailingState.WAITING or mailing.starts_at is None:
            return False
        bulletin = Bulletin.objects.select_for_update().get(mailings=mailing)
        submission = bulletin.submissions.order_by("number").last()
        assert submission is not None  # noqa: S101 -- nothing is approved that was not submitted; tells the type checker
        rule, frozen = Rule.of(submission), counted.frozen
        if _whom(submission) != counted.whom:
            return False
        message = _composed(config, bulletin, rule, frozen)
        now_hash = binding.content_hash(config, bulletin, message, rule) if message else ""
        why = _objection(bulletin, submission, now_hash, counted.people, frozen)
        if why or message is None:
            _send_back(bulletin, mailing, why, frozen)
            return False
        _begin(bulletin, mailing, message, counted)
    return True


@dataclass(frozen=True, slots=True)
class _Counted:
    """An audience as of its freeze: those who will have a row, and how many of these will get a message."""

    whom: Audience
    frozen: datetime
    rows: int
    people: int


def _counted(mailing_id: int) -> _Counted:
    submission = Submission.objects.filter(bulletin__mailings=mailing_id).order_by("number").last()
    assert submission is not None  # noqa: S101 -- as below
    frozen, whom = frozen_now(), _whom(submission)
    return _Counted(whom, frozen, audience.count(whom, frozen), audience.people(whom, frozen))


def _whom(submission: Submission) -> Audience:
    """As fan-out will read it from the rows."""
    return Audience(everyone=True) if submission.everyone else audience.of_bulletin(submission.bulletin_id)


def _composed(config: Config, bulletin: Bulletin, rule: Rule, frozen: datetime) -> Composed | None:
    try:
        return binding.composed(config, bulletin, rule, frozen)
    except BadInput:
        return None  # whatever was approved, it was something that could be composed


def _objection(
    bulletin: Bulletin, submission: Submission, content_hash: str, people: int, now: datetime
) -> str:
    """Why it must not begin; empty if it may."""
    approvals = Approval.objects.filter(bulletin=bulletin, content_hash=submission.content_hash)
    approval = approvals.filter(voided_at=None).select_related("approver").first()
    if bulletin.state != BulletinState.APPROVED or approval is None:
        return "it is not approved"
    if not approval.approver.may(Permission.BULLETIN_APPROVE):
        return f"{approval.approver.name}, who approved it, may not approve any more"
    if content_hash != approval.content_hash:
        return "it was edited after approval, or topics.yaml, a template or the sender changed: cancel it and submit it again"
    if people * 100 > approval.audience * (100 + _GROWTH):
        return f"{people} people would get it now, {approval.audience} when it was approved"
    return _too_late(submission, approval, now)


def _too_late(submission: Submission, approval: Approval, now: datetime) -> str:
    if now > approval.approved_at + LAPSES:
        return f"its approval is more than {LAPSES.days} days old"
    if submission.send_at and now > submission.send_at + LATEST:
        return f"its time, {submission.send_at:%Y-%m-%d %H:%M} UTC, passed while nothing ran"
    return ""


def _send_back(bulletin: Bulletin, mailing: Mailing, why: str, now: datetime) -> None:
    """Submitted again, its approval voided; the mailing waits without a time until somebody approves anew.

    What was not approved stays what it is: nothing that was cancelled comes back to life here.
    """
    Approval.objects.filter(bulletin=bulletin, voided_at=None).update(voided_at=now, voided_because=why)
    bulletin.held_because = why
    if bulletin.state == BulletinState.APPROVED:
        bulletin.state = BulletinState.SUBMITTED
    bulletin.save(update_fields=["state", "held_because"])
    mailing.starts_at, mailing.why = None, why
    mailing.save(update_fields=["starts_at", "why"])
    _journal("send back", bulletin, now, {"why": why})


def _begin(bulletin: Bulletin, mailing: Mailing, message: Composed, counted: _Counted) -> None:
    frozen = counted.frozen
    bulletin.state, bulletin.published_at = BulletinState.MAILED, frozen
    bulletin.save(update_fields=["state", "published_at"])
    mailing.state, mailing.frozen_at = MailingState.RUNNING, frozen
    mailing.audience = counted.rows
    mailing.save(update_fields=["state", "frozen_at", "audience"])
    editions.keep(mailing, message)
    _journal("start", bulletin, frozen, {"mailing": mailing.id, "audience": mailing.audience})


def _journal(verb: str, bulletin: Bulletin, now: datetime, facts: dict[str, object]) -> None:
    Journal.append(
        at=now, actor="start", door="worker", verb=verb, subject=f"bulletin:{bulletin.id}", facts=facts
    )
