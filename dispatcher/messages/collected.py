"""Collected: what a mailing's message is made of that tells of several bulletins. Reads the rows; `editions` keeps what comes out."""

import secrets

from dispatcher.messages import facts, several
from dispatcher.messages.compose import Composed
from dispatcher.messages.kinds import AgencyContact, Links
from dispatcher.messages.language import USUAL, Variant
from dispatcher.messages.several import Entry, Other, Sending, Whole
from dispatcher.models import DIGESTS, Bulletin, BulletinState, Mailing, Origin, Revision


def compose(mailing: Mailing, agency: AgencyContact, public_url: str, variant: Variant = USUAL) -> Composed:
    """The message of a mailing that carries several bulletins."""
    sending = Sending(
        agency=agency,
        mailing_id=mailing.id,
        public_url=public_url,
        sent_at=mailing.frozen_at,
        boundary=secrets.token_hex(16),
        variant=variant,
    )
    carried = Bulletin.objects.filter(carried_by__mailing=mailing).select_related("source").order_by("id")
    entries = [
        Entry(
            content=facts.content_of(one, agency.zone),
            reasons=facts.reasons_of(one, variant.language),
            links=Links(public_url, one.id),
        )
        for one in carried
    ]
    if mailing.kind in DIGESTS:
        return several.digest(
            mailing.kind,
            (mailing.starts_at or mailing.frozen_at).astimezone(agency.zone).date(),
            entries,
            sending,
        )
    first = Origin.objects.filter(bulletin=carried[0]).order_by("id")[0]
    return several.parts(_whole(first), entries, _others(first, mailing, public_url), sending)


def _whole(origin: Origin) -> Whole:
    """The e-mail message as its source said it."""
    said = Revision.objects.select_related("item__source").get(item=origin.item_id, number=origin.revision)
    return Whole(
        title=said.title, url=said.link, source_name=said.item.source.name, published_at=said.published_at
    )


# What nobody decided to keep back. Of these only what was mailed has a page of ours.
_SHOWN = (BulletinState.MAILED, BulletinState.BASELINE, BulletinState.UNMATCHED)


def _others(origin: Origin, mailing: Mailing, public_url: str) -> list[Other]:
    """What else stood in the message: told before, from another source perhaps, or of no topic."""
    beside = Bulletin.objects.filter(
        origins__item=origin.item_id, origins__revision=origin.revision, state__in=_SHOWN
    ).exclude(carried_by__mailing=mailing)
    return [
        Other(
            title=one.title,
            url=Links(public_url, one.id).online if one.state == BulletinState.MAILED else one.url,
        )
        for one in beside.order_by("id").distinct()
    ]
