"""Blast: what one person writes and another must approve, from draft to approval. `start` begins it when its time has come.

Each step takes its stand in the database: a conditional update, a constraint, a hash over content and audience. Whichever door
calls, the same rules hold; the journal names the door and the account behind it.
"""

import hashlib
import json
import secrets
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from dispatcher.config import Config
from dispatcher.errors import NotFound, Refused
from dispatcher.mailings import approvers, audience, binding, preparation
from dispatcher.mailings.binding import Rule
from dispatcher.mailings.checks import Weight
from dispatcher.mailings.preparation import Prepared, Proposal
from dispatcher.mailings.progress import By
from dispatcher.mailings.start import LAPSES, LATEST
from dispatcher.models import (
    Approval,
    Bulletin,
    BulletinState,
    Journal,
    Kind,
    Lane,
    Mailing,
    MailingState,
    Message,
    Staff,
    Submission,
)
from dispatcher.models.clock import database_now
from dispatcher.permissions import Permission


def submit(config: Config, proposal: Proposal, by: By, *, dry_run: bool = False) -> Prepared:
    """Prepare a blast and, unless it is blocked or a dry run, hand it in. Handing in the same twice is one blast."""
    author = _require(by, Permission.BULLETIN_SUBMIT)
    now = database_now()
    _require_future(proposal.rule, now)
    heads = audience.heads(proposal.rule.audience, now)
    body = preparation.rendered(config, proposal, heads, now)
    with transaction.atomic():
        Staff.objects.select_for_update().get(id=author.id)  # two at once would both find no earlier one
        key = _free_key(proposal, author)
        earlier = Bulletin.objects.filter(submission_key=key).first()
        bulletin = earlier or preparation.write(proposal, body, author, key, now)
        prepared = preparation.prepared(config, bulletin, proposal.rule, body, heads, now)
        if dry_run or (prepared.blocked and earlier is None):
            transaction.set_rollback(True)
            return replace(prepared, bulletin_id=None)
        if earlier is None:
            _require_count(config, heads.people, proposal.people)
            _hand_in(config, bulletin, proposal, prepared, by)
    return replace(prepared, state=bulletin.state)


def approve(
    config: Config, bulletin_id: int, by: By, *, people: int | None = None, reason: str = ""
) -> Mailing:
    """A second person agrees to exactly what was submitted. Returns the mailing, which waits for its time."""
    bulletin = found(bulletin_id)
    submission = _last(bulletin)
    approver = _require(by, Permission.BULLETIN_APPROVE)
    _require_approvable(bulletin, submission, approver, reason)
    now = database_now()
    rule = Rule.of(submission)
    _require_future(rule, now)
    _require_soon(rule, now)
    if _hash_now(config, bulletin, rule, now) != submission.content_hash:
        raise Refused(
            f"blast {bulletin.id} was edited after it was submitted → cancel it and submit it again"
        )
    count = audience.people(rule.audience, now)
    _require_count(config, count, people)
    with transaction.atomic():
        _lock_mailing(bulletin)
        agreed = Bulletin.objects.filter(
            id=bulletin.id, state=BulletinState.SUBMITTED, content_hash=submission.content_hash
        ).update(state=BulletinState.APPROVED, held_because="")
        if not agreed:
            raise Refused(f"blast {bulletin.id} is no longer submitted: {_state(bulletin.id)}")
        _record_approval(bulletin, submission, approver, count, reason, now)
        mailing = _wait(config, bulletin, rule, now)
        _journal(by, "approve", bulletin, {"hash": submission.content_hash, "people": count})
    return mailing


def cancel(bulletin_id: int, by: By) -> Bulletin:
    """Call a blast back. Once its mailing has begun only the rest can be stopped: people who have got it have got it."""
    bulletin = found(bulletin_id)
    _require_canceller(bulletin, _staff(by))
    with transaction.atomic():
        _lock_mailing(bulletin)
        unsent = (BulletinState.DRAFT, BulletinState.SUBMITTED, BulletinState.APPROVED)
        called_back = Bulletin.objects.filter(id=bulletin.id, state__in=unsent).update(
            state=BulletinState.CANCELLED
        )
        if not called_back:
            raise Refused(
                f"blast {bulletin.id} is {_state(bulletin.id)} → `dispatcher mailings cancel` stops what is under way"
            )
        Mailing.objects.filter(bulletin=bulletin, state=MailingState.WAITING).update(
            state=MailingState.CANCELLED, why=f"by {by.actor}", finished_at=database_now()
        )
        _journal(by, "cancel", bulletin, {})
    return found(bulletin.id)


def _lock_mailing(bulletin: Bulletin) -> None:
    """Mailing before bulletin, as whoever starts or steers it locks them: in the other order two would wait for each other."""
    list(Mailing.objects.select_for_update().filter(bulletin=bulletin).values_list("id"))


def _require(by: By, permission: Permission) -> Staff:
    staff = _staff(by)
    if not staff.may(permission):
        raise Refused(f"{staff.name} is {staff.role}, which does not include {permission}")
    return staff


def _staff(by: By) -> Staff:
    """Their row as it is now, whatever a door knew of them."""
    staff = Staff.objects.filter(name=by.actor).first()
    if staff is None:
        raise Refused(f"{by.actor} is none of the staff; `dispatcher staff list` shows who is")
    return staff


def _require_future(rule: Rule, now: datetime) -> None:
    if rule.send_at and rule.send_at <= now:
        raise Refused(f"its time, {rule.send_at:%Y-%m-%d %H:%M} UTC, has passed → choose a later one")


def _require_soon(rule: Rule, now: datetime) -> None:
    if rule.send_at and rule.send_at + LATEST > now + LAPSES:
        raise Refused(
            f"its time is {rule.send_at:%Y-%m-%d %H:%M} UTC and an approval holds for {LAPSES.days} days → approve it later"
        )


def _require_count(config: Config, people: int, typed: int | None) -> None:
    if people >= config.typed_count and typed != people:
        raise Refused(f"{people} people would get it → say that you know by `--people {people}`")


def _require_approvable(bulletin: Bulletin, submission: Submission, approver: Staff, reason: str) -> None:
    if bulletin.state != BulletinState.SUBMITTED:
        raise Refused(f"blast {bulletin.id} is {bulletin.state}, not submitted")
    if approver.id in {bulletin.author_id, submission.submitted_by_id}:
        raise Refused(f"{approver.name} wrote blast {bulletin.id}; somebody else must approve it")
    if submission.findings and not reason.strip():
        named = "; ".join(one["what"] for one in submission.findings)
        raise Refused(
            f"the checks found {named} → look at it, and say by `--because` why it may go all the same"
        )


def _require_canceller(bulletin: Bulletin, staff: Staff) -> None:
    steers = staff.may(Permission.MAILING_STEER) or staff.may(Permission.BULLETIN_APPROVE)
    if not (steers or (staff.is_active and staff.id == bulletin.author_id)):
        raise Refused(f"{staff.name} is {staff.role} and did not write blast {bulletin.id}")


def _free_key(proposal: Proposal, author: Staff) -> str:
    """The same of the same author is the same blast, unless the earlier one was called back."""
    rule = asdict(proposal.rule)
    told = json.dumps([author.id, proposal.typed, rule], sort_keys=True, default=str)
    number = 0
    while True:
        key = hashlib.sha256(f"{number}:{told}".encode()).hexdigest()
        if not Bulletin.objects.filter(submission_key=key, state=BulletinState.CANCELLED).exists():
            return key
        number += 1


def _hand_in(config: Config, bulletin: Bulletin, proposal: Proposal, prepared: Prepared, by: By) -> None:
    rule, now = proposal.rule, database_now()
    bulletin.content_hash = binding.content_hash(config, bulletin, prepared.message, rule)
    bulletin.state = BulletinState.SUBMITTED
    bulletin.save(update_fields=["content_hash", "state"])
    submission = Submission.objects.create(
        bulletin=bulletin,
        number=1,
        content_hash=bulletin.content_hash,
        everyone=rule.everyone,
        topics=list(rule.topics),
        send_at=rule.send_at,
        audience=prepared.heads.people,
        findings=[asdict(one) for one in prepared.findings if one.weight is Weight.NEEDS_REASON],
        submitted_by=_staff(by),
        submitted_at=now,
    )
    _journal(by, "submit", bulletin, {"hash": bulletin.content_hash, "people": prepared.heads.people})
    approvers.tell(submission, now)


def _record_approval(
    bulletin: Bulletin, submission: Submission, approver: Staff, people: int, reason: str, now: datetime
) -> None:
    facts = {
        "author_id": bulletin.author_id,
        "audience": people,
        "reason": reason.strip(),
        "approved_at": now,
        "voided_at": None,
        "voided_because": "",
    }
    try:
        Approval.objects.update_or_create(
            bulletin=bulletin, content_hash=submission.content_hash, approver=approver, defaults=facts
        )
    except IntegrityError:
        raise Refused(f"the database refuses this approval of blast {bulletin.id}") from None


def _wait(config: Config, bulletin: Bulletin, rule: Rule, now: datetime) -> Mailing:
    """One mailing a blast, for ever: if a start is refused and the blast is approved anew, the same one waits again."""
    starts_at = max(filter(None, (rule.send_at, now + timedelta(seconds=config.recall_seconds))))
    facts = {"state": MailingState.WAITING, "starts_at": starts_at, "finished_at": None, "why": ""}
    fixed = {
        "kind": Kind.BLAST,
        "lane": Lane.BULK,
        "bulletin": bulletin,
        "everyone": rule.everyone,
        "created_at": now,
        "frozen_at": now,
        "audience": 0,
        "nonce": secrets.token_hex(8),
    }
    mailing, _ = Mailing.objects.update_or_create(
        key=f"blast:{bulletin.id}", defaults=facts, create_defaults=facts | fixed
    )
    return mailing


def _hash_now(config: Config, bulletin: Bulletin, rule: Rule, now: datetime) -> str:
    return binding.content_hash(config, bulletin, binding.composed(config, bulletin, rule, now), rule)


def words(config: Config, bulletin: Bulletin) -> str:
    """The text of its message: the one that was kept when it began, else the one that would be sent now."""
    kept = Message.objects.filter(mailing__bulletin=bulletin).first()
    return (
        kept.text
        if kept
        else binding.composed(config, bulletin, Rule.of(_last(bulletin)), database_now()).text
    )


def found(bulletin_id: int) -> Bulletin:
    """One blast. Raises NotFound for what a source said, too."""
    bulletin = Bulletin.objects.filter(id=bulletin_id, author__isnull=False).select_related("author").first()
    if bulletin is None:
        raise NotFound(f"no blast {bulletin_id}; `dispatcher blast list` shows those there are")
    return bulletin


def _last(bulletin: Bulletin) -> Submission:
    submission = bulletin.submissions.order_by("-number").first()
    if submission is None:
        raise Refused(f"blast {bulletin.id} has not been submitted")
    return submission


def _state(bulletin_id: int) -> str:
    return str(Bulletin.objects.values_list("state", flat=True).get(id=bulletin_id))


def _journal(by: By, verb: str, bulletin: Bulletin, facts: dict[str, object]) -> None:
    Journal.append(
        at=database_now(),
        actor=by.actor,
        door=by.door,
        verb=verb,
        subject=f"bulletin:{bulletin.id}",
        facts={**facts, **(by.facts or {})},
    )
