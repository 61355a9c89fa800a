"""Editions: what a mailing's message is made of. Reads the rows, hands plain values to `kinds`, keeps what came out.

A message that is kept is never made again: an edited template, a changed topic or a restart changes no copy of a mailing under way.
"""

import hashlib
import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

from dispatcher.config import Config
from dispatcher.errors import BadInput
from dispatcher.formats.contact import Contact
from dispatcher.formats.events import Event
from dispatcher.messages import collected, facts, kinds, letters
from dispatcher.messages.compose import Composed
from dispatcher.messages.kinds import AgencyContact, Links
from dispatcher.messages.language import USUAL, Variant
from dispatcher.messages.letters import Frame, Submitted
from dispatcher.models import (
    Bulletin,
    Catalog,
    Kind,
    LinkKind,
    LinkRequest,
    Mailing,
    Message,
    Move,
    Submission,
    Subscription,
    Topic,
)
from dispatcher.models.clock import database_now

GOODBYE_KEY = (
    "goodbye:"  # and the id of a subscriber and a day: the mailing that says that everything was stopped
)
APPROVAL_KEY = "approval:"  # and the id of a submission: the mailing that tells approvers of it
_VARIANT = "en"
_NEWS = "en news"  # of a correction, for those who were not told what it corrects
_MAINE = "America/New_York"


def message(config: Config, mailing: Mailing) -> Message:
    """The message of a mailing; composed and kept if nobody has yet."""
    kept = Message.objects.filter(mailing=mailing, variant=_VARIANT).first()
    return kept or keep(mailing, _compose(config, mailing))


def news(config: Config, mailing: Mailing) -> Message | None:
    """Of a mailing about a correction: what those get who hear of it for the first time."""
    bulletin = Bulletin.objects.select_related("source").filter(mailings=mailing).first()
    if bulletin is None or bulletin.corrects_id is None:
        return None
    kept = Message.objects.filter(mailing=mailing, variant=_NEWS).first()
    if kept:
        return kept
    bulletin.corrects_id, bulletin.changes = None, []  # in memory alone: to them it corrects nothing
    return keep(mailing, of_bulletin(config, bulletin, sent_at=mailing.frozen_at), _NEWS)


def keep(mailing: Mailing, composed: Composed, variant: str = _VARIANT) -> Message:
    """Insert or ignore: whoever composed first, that message it is."""
    stencil = composed.stencil.dumps()
    Message.objects.bulk_create(
        [
            Message(
                mailing=mailing,
                variant=variant,
                subject=composed.subject,
                text=composed.text,
                html=composed.html,
                stencil=stencil,
                hash=hashlib.sha256(stencil).hexdigest(),
                composed_at=database_now(),
            )
        ],
        ignore_conflicts=True,
    )
    return Message.objects.get(mailing=mailing, variant=variant)


def of_bulletin(
    config: Config,
    bulletin: Bulletin,
    *,
    sent_at: datetime,
    everyone: bool = False,
    test: bool = False,
    variant: Variant = USUAL,
) -> Composed:
    """A bulletin's message. `everyone`: it goes to all subscribers, whatever their topics; `test`: it says that it is a test."""
    reasons = [kinds.EVERYONE] if everyone else facts.reasons_of(bulletin, variant.language)
    return kinds.bulletin(
        facts.content_of(bulletin, zone(config), test=test),
        agency(config),
        reasons,
        Links(config.public_url, bulletin.id),
        sent_at=sent_at,
        boundary=secrets.token_hex(16),
        variant=variant,
    )


def events(config: Config, bulletin: Bulletin) -> tuple[Event, ...]:
    """The meetings and deadlines that it announces, seen from the day of its publication: the same whenever one asks."""
    return facts.events_of(bulletin, zone(config))


def agency(config: Config) -> AgencyContact:
    """Who speaks. Raises BadInput if there is no sender."""
    latest = Catalog.latest()
    block = latest.agency if latest else {}
    sender = config.from_ or block.get("from", "")
    if not sender:
        raise BadInput(
            "agency.from", "there is no sender", "confirm `from` in topics.yaml, or set DISPATCHER_FROM"
        )
    return AgencyContact(
        name=block.get("name", ""),
        from_=sender,
        reply_to=block.get("reply_to", ""),
        zone=zone(config),
        address=block.get("address", ""),
        contact=Contact(**(block.get("contact") or {})),
        contact_list=block.get("website", ""),
        providers=tuple(sorted(config.webhooks)),
    )


def zone(config: Config) -> ZoneInfo:
    """Where people read and choose times."""
    latest = Catalog.latest()
    return config.zone or ZoneInfo((latest.agency if latest else {}).get("time_zone") or _MAINE)


def _compose(config: Config, mailing: Mailing) -> Composed:
    if mailing.kind == Kind.SYSTEM:
        return _system(config, mailing)
    if mailing.carries_several:
        return collected.compose(mailing, agency(config), config.public_url)
    bulletin = Bulletin.objects.select_related("source").get(mailings=mailing)
    return of_bulletin(config, bulletin, sent_at=mailing.frozen_at, everyone=mailing.everyone)


def _system(config: Config, mailing: Mailing) -> Composed:
    """Mail to one person, or to a few of the staff, who are waiting for it."""
    frame = Frame(agency(config), config.public_url, mailing.frozen_at, secrets.token_hex(16))
    if mailing.key.startswith(GOODBYE_KEY):
        return letters.goodbye(_stopped(mailing), mailing.created_at, frame)
    request = LinkRequest.objects.filter(mailing=mailing).first()
    move = Move.objects.select_related("topic").filter(mailing=mailing).first()
    if move:
        taken = Topic.objects.filter(slug__in=move.successors).values_list("name", flat=True)
        return letters.moved(move.topic.name, list(taken), move.letter, frame)
    if request is None:
        return letters.approval_request(_submitted(mailing), frame)
    assert request.expires_at is not None  # noqa: S101 -- a request with a mailing has been answered; tells the type checker
    if request.kind == LinkKind.MANAGE:
        return letters.sign_in(request.asked_at, request.expires_at, frame)
    names = Topic.objects.filter(id__in=request.topics).values_list("name", flat=True)
    return letters.confirm(list(names), request.asked_at, request.expires_at, frame)


def _stopped(mailing: Mailing) -> list[str]:
    """What ended at the moment at which the last message was owed."""
    ended = Subscription.objects.filter(subscriber__deliveries__mailing=mailing, ended_at=mailing.created_at)
    return list(ended.order_by("topic__position").values_list("topic__name", flat=True))


def _submitted(mailing: Mailing) -> Submitted:
    submission = Submission.objects.select_related("bulletin", "submitted_by").get(
        id=int(mailing.key.removeprefix(APPROVAL_KEY))
    )
    return Submitted(
        bulletin_id=submission.bulletin_id,
        title=submission.bulletin.title,
        author=submission.submitted_by.name,
        audience=submission.audience,
        send_at=submission.send_at,
    )
