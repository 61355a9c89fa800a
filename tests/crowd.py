"""A crowd that follows one topic, what it is told, and the account in the end: the relay's word held against the rows.

Whoever was lost, mailed without a row, or got a second copy that differs from the first, is found here, whatever happened on the way.
"""

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import factories as make
from relay import Smtpd
from supervised import eventually
from website import Page

from dispatcher.mailings import fan_out
from dispatcher.models import Bulletin, Delivery, Mailing, MailingState, Subscriber, Subscription, Topic
from dispatcher.models.delivery import OPEN, DeliveryState
from dispatcher.topics import load

PEOPLE = 300
WITHIN = 30.0  # seconds, on a machine that does other things too

_TOPICS = """
agency:
  name: MaineCare Services
  address: 1 Example Street, Augusta, Maine
  contact: {{email: help@example.gov}}
  reply_to: help@example.gov
  from: MaineCare <notices@example.gov>
  time_zone: America/New_York
sources:
  - {{slug: policy-rules, name: Policy and rules, kind: feed, url: "{url}", allow_private: true, late_after_days: 0}}
topics:
  - {{slug: pharmacy, name: Pharmacy, category: MaineCare Stakeholders, description: Pharmacies, sections: [II-80]}}
"""
OLD = "<item><title>Notice about forms</title><link>https://www.maine.gov/tools/whatsnew/index.php?id=1&amp;v=article</link></item>"
NEW = (
    "<item><title>Notice of Agency Rule-making Adoption: Chapter II, Section 80, Pharmacy Services</title>"
    "<link>https://www.maine.gov/tools/whatsnew/index.php?id=2&amp;v=article</link>"
    "<description>The Department adopts changes to Section 80.</description></item>"
)


def feed(*entries: str) -> Page:
    """What the source of the topic list publishes."""
    return Page(
        f'<rss version="2.0"><channel><title>Policy</title>{"".join(entries)}</channel></rss>'.encode()
    )


def topic_list(folder: Path, url: str) -> Path:
    """The file, loaded, with its one source at this address."""
    file = folder / "topics.yaml"
    file.write_text(_TOPICS.format(url=url), encoding="utf-8")
    load.refresh(file)
    return file


def subscribe(number: int) -> None:
    """So many people more follow the topic."""
    topic, before = Topic.objects.get(slug="pharmacy"), Subscriber.objects.count()
    addresses = [f"person{before + n}@example.com" for n in range(number)]
    Subscriber.objects.bulk_create(
        Subscriber(address=one, folded=one, created_at=make.LONG_AGO) for one in addresses
    )
    Subscription.objects.bulk_create(
        Subscription(
            subscriber=one, topic=topic, cadence="immediate", consent="test", created_at=make.LONG_AGO, confirmed_at=make.LONG_AGO
        )
        for one in Subscriber.objects.filter(subscriptions=None)
    )  # fmt: skip


def announce() -> Bulletin:
    """There is something that concerns everybody. No bell is rung: the sweep finds it."""
    return make.bulletin(Topic.objects.get(slug="pharmacy"))


def owe(lane: str = "immediate") -> Mailing:
    """The same, and everybody has a row before anybody works."""
    mailing = Mailing.objects.get(id=fan_out.begin(announce().id))
    while fan_out.fan_out(mailing.id, 10_000) is not None:
        pass
    Mailing.objects.filter(id=mailing.id).update(lane=lane)
    return mailing


def wait_for_the_middle(relay: Smtpd, after: int = 60) -> None:
    """Until so many copies have arrived, and not so long that nothing is left to disturb."""
    assert eventually(lambda: len(relay.messages) >= after, WITHIN), "mail does not flow"
    assert Delivery.objects.filter(state__in=OPEN).exists(), "too late to disturb anything"


def assert_settles(relay: Smtpd, *, doubled_at_most: int) -> None:
    """Wait until every mailing has ended, then draw up the account."""
    done = Mailing.objects.filter(state=MailingState.DONE)
    ended = eventually(lambda: done.exists() and done.count() == Mailing.objects.count(), WITHIN)
    assert ended, Counter(Delivery.objects.values_list("state", flat=True))
    assert_account(relay, doubled_at_most=doubled_at_most)


def assert_account(relay: Smtpd, *, doubled_at_most: int) -> None:
    """Each person of each audience has a copy or a reason; nobody has a copy without a row; second copies are few and the same."""
    copies = _copies(relay)
    for mailing in Mailing.objects.all():
        make.assert_sums(mailing.id)
        if mailing.state != MailingState.PAUSED:
            assert not mailing.deliveries.filter(state__in=OPEN).exists()
    for row in Delivery.objects.select_related("mailing").exclude(state__in=OPEN):
        came = bool(copies.pop(f"{row.mailing.nonce}.{row.id}", None))
        assert came == (row.state == DeliveryState.ACCEPTED), f"delivery {row.id} is {row.state}"
        assert came or row.reason
    assert not copies, "copies that no row knows of"
    doubled = len(relay.messages) - Delivery.objects.filter(state=DeliveryState.ACCEPTED).count()
    sys.stdout.write(f"{doubled} doubled of {len(relay.messages)}\n")
    assert doubled <= doubled_at_most


def _copies(relay: Smtpd) -> dict[str, set[bytes]]:
    """What arrived, by the part of the Message-ID that names the delivery."""
    found: defaultdict[str, set[bytes]] = defaultdict(set)
    for one in relay.messages:
        identity = re.search(rb"^Message-ID:\s*<([\w.]+)@", one.content, re.MULTILINE)
        assert identity, one.content
        found[identity[1].decode()].add(one.content)
    assert all(len(different) == 1 for different in found.values()), "a second copy differs from the first"
    return dict(found)
