"""Composition: has a mailing's message made once, stored before its first copy leaves, and printed for each person from then on.

A stored message is never made again: an edited template, a changed topic or a restart changes no copy of a mailing under way.
"""

import hashlib
import secrets
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from zoneinfo import ZoneInfo

from dispatcher.config import Config
from dispatcher.delivery.ledger import Claimed
from dispatcher.delivery.smtp import Envelope
from dispatcher.errors import BadInput
from dispatcher.formats.address import bounce_address
from dispatcher.formats.contact import Contact
from dispatcher.formats.tickets import Purpose, sign
from dispatcher.messages import kinds
from dispatcher.messages.compose import Composed
from dispatcher.messages.kinds import AgencyContact, BulletinContent, Links, Reason
from dispatcher.messages.stencil import Stencil
from dispatcher.models import Bulletin, Catalog, Kind, Mailing, Match, Message
from dispatcher.models.clock import database_now
from dispatcher.parsing import is_loopback

_VARIANT = "en"


@dataclass(frozen=True, slots=True)
class Press:
    """One mailing's message, ready to be printed for any of its people."""

    stencil: Stencil
    order: tuple[str, ...]
    nonce: str
    sender: str
    bounce_domain: str
    keys: tuple[str, ...]
    system: bool

    def print(self, row: Claimed) -> Envelope:
        """One person's copy: the same bytes at every attempt."""
        ticket = sign(Purpose.UNSUBSCRIBE, row.id, self.keys[0])
        values = kinds.person(row.address, ticket, f"{self.nonce}.{row.id}")
        content = self.stencil.splice(values, kinds.chosen(row.topics, self.order))
        return Envelope(self._sender(row.id), row.address, content)

    def _sender(self, delivery_id: int) -> str:
        return (
            bounce_address(delivery_id, self.bounce_domain, self.keys) if self.bounce_domain else self.sender
        )


def press(config: Config, mailing_id: int) -> Press:
    """The press of a mailing; composes and stores the message if nobody has yet."""
    mailing = Mailing.objects.get(id=mailing_id)
    agency = _agency(config)
    stored = Message.objects.filter(mailing=mailing, variant=_VARIANT).first() or _store(
        config, mailing, agency
    )
    stencil = _stencil(bytes(stored.stencil))
    return Press(
        stencil=stencil,
        order=stencil.keys("reason"),
        nonce=mailing.nonce,
        sender=parseaddr(agency.from_)[1],
        bounce_domain=config.bounce_domain,
        keys=(config.secret_key, *config.secret_key_fallbacks),
        system=mailing.kind == Kind.SYSTEM,
    )


def unfit(config: Config) -> str:
    """Why nothing may be mailed yet: no sender, or contacts that nobody has confirmed. A relay on this machine may have all."""
    latest = Catalog.latest()
    block = latest.agency if latest else {}
    if not (config.from_ or block.get("from")):
        return "there is no sender: confirm `agency.from` in topics.yaml, or set DISPATCHER_FROM"
    local = all(is_loopback(relay.host) for relay in config.smtp_url)
    missing = sorted(set(block.get("unconfirmed") or {}) - ({"from"} if config.from_ else set()))
    if local or not missing or not config.send.everybody:
        return ""
    return f"topics.yaml holds unconfirmed contacts ({', '.join(missing)}); `dispatcher check` says what is needed"


@lru_cache(maxsize=16)
def _stencil(stored: bytes) -> Stencil:
    return Stencil.loads(stored)


def _store(config: Config, mailing: Mailing, agency: AgencyContact) -> Message:
    """Insert or ignore: whoever composed first, that message it is."""
    composed = _compose(config, mailing, agency)
    stencil = composed.stencil.dumps()
    Message.objects.bulk_create(
        [
            Message(
                mailing=mailing,
                variant=_VARIANT,
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
    return Message.objects.get(mailing=mailing, variant=_VARIANT)


def _compose(config: Config, mailing: Mailing, agency: AgencyContact) -> Composed:
    bulletin = Bulletin.objects.select_related("source").get(mailings=mailing)
    return kinds.bulletin(
        BulletinContent(
            title=bulletin.title,
            type=bulletin.type,
            url=bulletin.url,
            source_name=bulletin.source.name if bulletin.source else "",
            published_at=bulletin.published_at,
            body_html=bulletin.body_html,
            corrects=bulletin.corrects_id is not None,
        ),
        agency,
        [_reason(one) for one in bulletin.matches.select_related("topic")],
        Links(config.public_url, bulletin.id),
        sent_at=mailing.frozen_at,
        boundary=secrets.token_hex(16),
    )


def _reason(match: Match) -> Reason:
    first = match.evidence[0]
    topic = match.topic
    return Reason(
        topic_id=topic.id,
        topic_name=topic.name,
        topic_slug=topic.slug,
        words=first["reason"],
        contact=Contact(**topic.contact) if topic.contact else Contact(),
    )


def _agency(config: Config) -> AgencyContact:
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
        zone=config.zone or ZoneInfo(block.get("time_zone") or "America/New_York"),
        address=block.get("address", ""),
        contact=Contact(**(block.get("contact") or {})),
        contact_list=block.get("website", ""),
    )
