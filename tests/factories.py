"""The rows that tests begin with, each made by one short call."""

import itertools
from datetime import UTC, datetime, timedelta

from dispatcher.models import (
    Bulletin,
    Item,
    Mailing,
    Match,
    Origin,
    Revision,
    Source,
    Subscriber,
    Subscription,
    Suppression,
    Topic,
)
from dispatcher.models.clock import database_now

LONG_AGO = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def topic(slug: str = "", **fields) -> Topic:
    number = next(_numbers)
    slug = slug or f"topic-{number}"
    defaults = {
        "name": slug.replace("-", " ").title(),
        "category": "MaineCare Stakeholders",
        "position": number,
        "added_at": LONG_AGO,
    }
    return Topic.objects.create(slug=slug, **(defaults | fields))


def subscriber(address: str = "") -> Subscriber:
    address = address or f"person{next(_numbers)}@example.com"
    return Subscriber.objects.create(address=address, folded=address.lower(), created_at=LONG_AGO)


def subscription(person: Subscriber, to: Topic, cadence: str = "immediate", **fields) -> Subscription:
    defaults = {"consent": "test", "created_at": LONG_AGO, "confirmed_at": LONG_AGO}
    return Subscription.objects.create(subscriber=person, topic=to, cadence=cadence, **(defaults | fields))


def source(slug: str = "policy-rules", **fields) -> Source:
    defaults = {
        "name": slug,
        "kind": "feed",
        "url": f"https://www.maine.gov/{slug}",
        "enabled": True,
        "declared": {},
        "due_at": LONG_AGO,
        "baselined_at": LONG_AGO,
    }
    return Source.objects.get_or_create(slug=slug, defaults=defaults | fields)[0]


def bulletin(*topics: Topic, state: str = "matched", **fields) -> Bulletin:
    now = database_now()
    defaults = {
        "title": "Adopted: Section 80, Pharmacy Services",
        "url": "https://www.maine.gov/rule",
        "body_html": "<p>Effective now.</p>",
        "source": source(),
        "first_seen_at": now,
        "matched_at": now,
        "type": "adopted",
    }
    made = Bulletin.objects.create(state=state, **(defaults | fields))
    for one in topics:
        evidence = [
            {
                "rule": "section II-80",
                "field": "title",
                "text": "Section 80",
                "reason": "it cites “Section 80” in the title",
            }
        ]
        Match.objects.create(
            bulletin=made,
            topic=one,
            evidence=evidence,
            catalog="0" * 64,
            must_deliver=one.must_deliver,
            matched_at=now - timedelta(seconds=1),
        )
    return made


def message(title: str = "MaineCare Updates") -> Revision:
    """An e-mail message of which `part` makes notices."""
    number = next(_numbers)
    link = f"https://content.govdelivery.com/accounts/MEHHS/bulletins/{number:x}"
    item = Item.objects.create(
        source=source(), identity=f"govdelivery:{number}", identity_kind="govdelivery", title=title, link=link,
        first_seen_at=LONG_AGO, last_seen_at=LONG_AGO,
    )  # fmt: skip
    return Revision.objects.create(
        item=item, number=1, change_hash="0" * 64, title=title, link=link, seen_at=LONG_AGO
    )


def part(of: Revision, *topics: Topic, **fields) -> Bulletin:
    made = bulletin(*topics, **{"url": of.link, **fields})
    Origin.objects.create(bulletin=made, item=of.item, revision=of.number, part=f"part {made.id}")
    return made


def suppress(person: Subscriber, reason: str = "gone") -> Suppression:
    return Suppression.objects.create(
        folded=person.folded, reason=reason, evidence="550 5.1.1", since=LONG_AGO
    )


def assert_sums(mailing_id: int) -> dict[str, int]:
    """Every mailing's rows add up to the audience that was counted at the freeze."""
    mailing = Mailing.objects.get(id=mailing_id)
    counts = mailing.counts()
    assert sum(counts.values()) == mailing.audience
    assert mailing.fanned_out_at is None or mailing.deliveries.count() == mailing.audience
    return counts
