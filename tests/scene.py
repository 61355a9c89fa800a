"""A small deployment with fixed names, times and ids, for the examples of docs/interface.md."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import factories as make

from dispatcher import config
from dispatcher.bounces import inbox, settle
from dispatcher.formats import tickets
from dispatcher.formats.address import bounce_address
from dispatcher.mailings import blast, draft, fan_out, progress
from dispatcher.mailings.binding import Rule
from dispatcher.mailings.preparation import Proposal
from dispatcher.mailings.progress import By
from dispatcher.models import (
    Arrival,
    Bulletin,
    Catalog,
    Delivery,
    Item,
    Mailing,
    Match,
    Origin,
    Source,
    Staff,
    Submission,
    Topic,
)
from dispatcher.models.clock import database_now
from dispatcher.topics import load

TOPICS = """
agency:
  name: MaineCare Services
  address: 1 Example Street, Augusta, Maine
  contact: {email: help@example.gov}
  reply_to: help@example.gov
  from: MaineCare <notices@example.gov>
  time_zone: America/New_York
sources:
  - {slug: policy-rules, name: Policy and rules, kind: feed, url: "https://www.maine.gov/tools/whatsnew/rss.php?tid=1"}
  - {slug: youtube, name: Videos, kind: youtube, url: "https://www.youtube.com/feeds/videos.xml?channel_id=UC1", enabled: false,
     reason: the channel id is not confirmed}
topics:
  - {slug: pharmacy, name: Pharmacy, category: MaineCare Stakeholders, description: Pharmacies, sections: [II-80]}
  - {slug: private-non-medical-institutions, name: Private Non-Medical Institutions, category: MaineCare Stakeholders,
     description: PNMI, sections: [II-97, 97 appendix C]}
"""
SEEN = datetime(2026, 8, 21, 13, 30, tzinfo=UTC)


def topics_file(folder: Path) -> Path:
    file = folder / "topics.yaml"
    file.write_text(TOPICS, encoding="utf-8")
    return file


def set_up(folder: Path) -> None:
    """One bulletin that was mailed to two people, one of whom had left by then."""
    load.refresh(topics_file(folder))
    feed = Source.objects.get(slug="policy-rules")
    feed.outcome, feed.last_success_at, feed.last_new_at, feed.due_at = (
        "ok",
        SEEN,
        SEEN,
        database_now() + timedelta(hours=1),
    )
    feed.usual_gap = timedelta(days=3)
    feed.save()
    pharmacy = Topic.objects.get(slug="pharmacy")
    bulletin = _bulletin(feed, pharmacy)
    for address in ("ann@example.com", "ben@example.com"):
        make.subscription(make.subscriber(address), pharmacy)
    mailing_id = fan_out.begin(bulletin.id)
    assert mailing_id is not None
    while fan_out.fan_out(mailing_id, 10) is not None:
        pass
    Delivery.objects.filter(subscriber__folded="ann@example.com").update(
        state="accepted", code=250, ended_at=SEEN
    )
    Delivery.objects.filter(subscriber__folded="ben@example.com").update(
        state="cancelled", reason="unsubscribed", ended_at=SEEN
    )
    progress.finish()
    Mailing.objects.update(frozen_at=SEEN, finished_at=SEEN)
    assert Mailing.objects.get().state == "done"


def hand_in() -> None:
    """Two of the staff, and a blast of one that waits for the other. Its hash and its time are not those of today's templates and clock."""
    for name, role in (("ana", "author"), ("ben", "approver")):
        Staff.objects.create(name=name, role=role, email=f"{name}@example.gov", created_at=SEEN)
    text = "# New form\n\nFrom January 5, 2027, use the form MC-12.\n"
    rule = Rule(topics=("pharmacy",), send_at=datetime(2037, 1, 5, 14, 0, tzinfo=UTC))
    proposal = Proposal(typed=text, draft=draft.read(text, "form.md"), rule=rule)
    blast.submit(config.current(), proposal, By("ana"))
    digest = hashlib.sha256(b"an example").hexdigest()
    Bulletin.objects.filter(state="submitted").update(content_hash=digest)
    Submission.objects.update(content_hash=digest, submitted_at=SEEN)


def come_back() -> None:
    """Ann's address is no more."""
    delivery = Delivery.objects.get(subscriber__folded="ann@example.com")
    place = bounce_address(
        tickets.token(tickets.Purpose.BOUNCE, delivery.id, config.current().secret_key), "bounces.example.gov"
    )
    status = "Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n"
    kept = inbox.keep("mail", f"Content-Type: message/delivery-status\n\n{status}".encode(), place)
    Arrival.objects.update(received_at=SEEN)
    settle.settle(config.current(), kept)
    Arrival.objects.update(settled_at=SEEN)


def _bulletin(feed: Source, pharmacy: Topic) -> Bulletin:
    title, url = (
        "Adopted: Chapter II, Section 80, Pharmacy Services",
        "https://www.maine.gov/tools/whatsnew/index.php?id=1290444&v=article",
    )
    item = Item.objects.create(
        source=feed,
        identity="id=1290444",
        identity_kind="whatsnew",
        title=title,
        link=url,
        first_seen_at=SEEN,
        last_seen_at=SEEN,
    )
    bulletin = Bulletin.objects.create(
        title=title,
        url=url,
        body_html="<p>Effective at once.</p>",
        type="adopted",
        state="matched",
        source=feed,
        published_at=SEEN - timedelta(hours=1),
        first_seen_at=SEEN,
        matched_at=SEEN,
    )
    Origin.objects.create(bulletin=bulletin, item=item, revision=1)
    latest = Catalog.latest()
    assert latest is not None
    evidence = [
        {
            "rule": "section II-80",
            "field": "title",
            "text": title,
            "reason": "it cites “Section 80” in the title",
        }
    ]
    Match.objects.create(
        bulletin=bulletin, topic=pharmacy, evidence=evidence, catalog=latest.hash, matched_at=SEEN
    )
    return bulletin
