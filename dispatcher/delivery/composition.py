"""Composition: fetches a mailing's message, which is made once and kept before its first copy leaves, and prints it for each person."""

from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from functools import lru_cache

from django.db.models import Q

from dispatcher.config import Config
from dispatcher.delivery import signing
from dispatcher.delivery.connection import Envelope
from dispatcher.delivery.dkim import Signer
from dispatcher.delivery.ledger import Claimed
from dispatcher.formats import message_names
from dispatcher.formats.address import bounce_address
from dispatcher.formats.tickets import Purpose, sign_both
from dispatcher.formats.verdicts import EXPIRES
from dispatcher.messages import editions, kinds
from dispatcher.messages.compose import text_only
from dispatcher.messages.contents import Choices, Contents
from dispatcher.messages.stencil import Layout, Stencil
from dispatcher.models import DIGESTS, Catalog, Kind, LinkKind, LinkRequest, Mailing, Match
from dispatcher.models.link_request import LIVES
from dispatcher.parsing import is_loopback

_LAYOUTS = 1_000  # kept at a time, a kilobyte each


@dataclass(frozen=True, slots=True)
class Press:
    """One mailing's message, ready to be printed for any of its people."""

    stencil: Stencil
    contents: Contents
    nonce: str
    sender: str
    bounce_domain: str
    keys: tuple[str, ...]
    system: bool
    grants: Purpose
    signer: Signer | None = None
    news: Stencil | None = None  # of a correction: for whom it corrects nothing
    patience: timedelta = EXPIRES["ordinary"]  # how old a copy may grow while relays say "later"
    _layouts: dict[object, Layout] = field(default_factory=dict, init=False)

    def print(self, row: Claimed) -> Envelope:
        """One person's copy: the same bytes at every attempt."""
        ticket, returned = sign_both(self.grants, row.id, self.keys[0])
        ident = message_names.of(self.nonce, row.id)
        content = self._layout(row).splice(kinds.person(row.address, ticket, ident, row.answers))
        content = self.signer.signed(content) if self.signer else content
        sender = bounce_address(returned, self.bounce_domain) if self.bounce_domain else self.sender
        return Envelope(sender, row.address, content, ident, dotless=True)

    def _layout(self, row: Claimed) -> Layout:
        """Shared by all who have the same reasons: few sets of them occur in a mailing, but for digests."""
        same = row.topics, row.bulletins, row.plain_text, bool(row.answers)
        layout = self._layouts.get(same)
        if layout is None:
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.clear()
            layout = self._layouts[same] = self._stencil_for(row).layout(self._choices(row))
        return layout

    def _stencil_for(self, row: Claimed) -> Stencil:
        stencil = self.stencil if row.answers or self.news is None else self.news
        return _text_only(stencil) if row.plain_text else stencil

    def _choices(self, row: Claimed) -> Choices:
        if row.bulletins:
            return self.contents.choose(row.bulletins, row.topics)
        return kinds.chosen(row.topics, self.contents.topics)


def press(config: Config, mailing_id: int) -> Press:
    """The press of a mailing; its message is composed and kept if nobody has done that yet."""
    mailing = Mailing.objects.get(id=mailing_id)
    stencil = _stencil(bytes(editions.message(config, mailing).stencil))
    return Press(
        stencil=stencil,
        contents=_contents(stencil),
        nonce=mailing.nonce,
        sender=parseaddr(editions.agency(config).from_)[1],
        bounce_domain=config.bounce_domain,
        keys=(config.secret_key, *config.secret_key_fallbacks),
        system=mailing.kind == Kind.SYSTEM,
        patience=_patience(mailing),
        grants=_grants(mailing),
        signer=signing.signer(config),
        news=_stencil(bytes(news.stencil)) if (news := editions.news(config, mailing)) else None,
    )


def unfit(config: Config) -> str:
    """Why nothing may be mailed yet: no sender, no key to sign with, or contacts that nobody has confirmed.

    A relay on this machine may have all.
    """
    if unsigned := signing.unfit(config):
        return unsigned
    latest = Catalog.latest()
    block = latest.agency if latest else {}
    if not (config.from_ or block.get("from")):
        return "there is no sender: confirm `agency.from` in topics.yaml, or set DISPATCHER_FROM"
    local = all(is_loopback(relay.host) for relay in config.smtp_url)
    missing = sorted(set(block.get("unconfirmed") or {}) - ({"from"} if config.from_ else set()))
    if local or not missing or not config.send.everybody:
        return ""
    return f"topics.yaml holds unconfirmed contacts ({', '.join(missing)}); `dispatcher check` says what is needed"


def _grants(mailing: Mailing) -> Purpose:
    """What the ticket in a copy of this mailing is good for."""
    if mailing.kind != Kind.SYSTEM:
        return Purpose.UNSUBSCRIBE
    asked = LinkRequest.objects.filter(mailing=mailing, kind=LinkKind.CONFIRM).exists()
    return Purpose.CONFIRM if asked else Purpose.MANAGE


def _patience(mailing: Mailing) -> timedelta:
    """How old its copies may grow while relays say "later". A link that works no longer helps nobody; what must be delivered is tried longest."""
    asked = LinkRequest.objects.filter(mailing=mailing).first()
    if asked is not None:
        return LIVES[LinkKind(asked.kind)]
    about = Q(bulletin__mailings=mailing) | Q(bulletin__carried_by__mailing=mailing)
    must_deliver = mailing.kind not in DIGESTS and Match.objects.filter(about, must_deliver=True).exists()
    return EXPIRES["legal" if must_deliver else "ordinary"]


@lru_cache(maxsize=16)
def _contents(stencil: Stencil) -> Contents:
    return Contents.of(stencil)


@lru_cache(maxsize=16)
def _stencil(stored: bytes) -> Stencil:
    return Stencil.loads(stored)


@lru_cache(maxsize=16)
def _text_only(stencil: Stencil) -> Stencil:
    return text_only(stencil)
