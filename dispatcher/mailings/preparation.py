"""Preparation: from what an author wrote to what would be sent, to how many, and what the checks say of it.

It writes the draft's rows inside the caller's transaction, so that a dry run, a test copy and a submission are one path: whoever only
wants to look rolls back.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.db.models import QuerySet

from dispatcher.config import Config
from dispatcher.formats import markdown
from dispatcher.formats.contact import Contact
from dispatcher.mailings import binding, checks, draft
from dispatcher.mailings.audience import Heads
from dispatcher.mailings.binding import Rule
from dispatcher.mailings.checks import Circumstances, Finding, Weight
from dispatcher.mailings.draft import Draft
from dispatcher.messages import editions
from dispatcher.messages.compose import Composed
from dispatcher.models import Bulletin, BulletinState, Catalog, Match, Staff, Topic

_CHOSEN = [
    {
        "rule": "staff",
        "field": "",
        "text": "",
        "reason": "the staff who wrote this message chose it",
        "kind": "staff",
    }
]
_SAME_SUBJECT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What an author hands in: the file as typed and as read, to whom, when, and the number of people if they had to type it."""

    typed: str
    draft: Draft
    rule: Rule
    people: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the author sees: the message, a copy marked as a test, the heads, the findings. Without an id nothing was saved.

    `state`: of the blast; another than submitted if it was handed in before, and has gone on since.
    """

    bulletin_id: int | None
    state: str
    key: str
    message: Composed
    test: Composed
    heads: Heads
    findings: tuple[Finding, ...]

    @property
    def blocked(self) -> bool:
        """May it not be submitted as it is?"""
        return any(one.weight is Weight.BLOCKS for one in self.findings)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a draft becomes, and what the checks say of it, as far as no row of its own is needed."""

    html: str
    findings: tuple[Finding, ...]


def rendered(config: Config, proposal: Proposal, heads: Heads, now: datetime) -> Rendered:
    """Before any transaction: Markdown may take seconds, and nobody else could write meanwhile."""
    values = {"agency": editions.agency(config).name}
    written = replace(proposal.draft, markdown=draft.filled_in(proposal.draft.markdown, values))
    html = markdown.to_html(written.markdown, config.public_url)
    return Rendered(html, tuple(checks.examine(written, _circumstances(config, proposal, html, heads, now))))


def _circumstances(
    config: Config, proposal: Proposal, html: str, heads: Heads, now: datetime
) -> Circumstances:
    agency = editions.agency(config)
    topics = [Contact(**one.contact) for one in _chosen(proposal.rule)]
    can_ask = (
        proposal.draft.contact.reachable
        or checks.names_somebody(proposal.draft.markdown)
        or agency.contact.reachable
        or bool(agency.contact_list)
        or bool(topics and all(one.reachable for one in topics))
    )
    leaves_at = (proposal.rule.send_at or now).astimezone(agency.zone)
    return Circumstances(heads.people, can_ask, leaves_at, html)


def _chosen(rule: Rule) -> QuerySet[Topic]:
    return Topic.objects.filter(slug__in=rule.topics).order_by("position")


def write(proposal: Proposal, body: Rendered, author: Staff, key: str, now: datetime) -> Bulletin:
    written = proposal.draft
    bulletin = Bulletin.objects.create(
        title=written.subject,
        type=written.type,
        url=written.link,
        body_html=body.html,
        markdown=proposal.typed,
        contact=asdict(written.contact),
        state=BulletinState.DRAFT,
        author=author,
        submission_key=key,
        first_seen_at=now,
    )
    catalog = Catalog.latest()
    Match.objects.bulk_create(
        Match(
            bulletin=bulletin,
            topic=topic,
            evidence=_CHOSEN,
            catalog=catalog.hash if catalog else "",
            must_deliver=topic.must_deliver,
            matched_at=now,
        )
        for topic in _chosen(proposal.rule)
    )
    return bulletin


def prepared(
    config: Config, bulletin: Bulletin, rule: Rule, body: Rendered, heads: Heads, now: datetime
) -> Prepared:
    """Composed inside the transaction, because a message names the number of its bulletin: 0.24 s for the largest body, both copies."""
    return Prepared(
        bulletin_id=bulletin.id,
        state=bulletin.state,
        key=bulletin.submission_key or "",
        message=binding.composed(config, bulletin, rule, now),
        test=editions.of_bulletin(config, bulletin, sent_at=now, everyone=rule.everyone, test=True),
        heads=heads,
        findings=(*body.findings, *_said_before(bulletin, now)),
    )


def _said_before(bulletin: Bulletin, now: datetime) -> list[Finding]:
    same = Bulletin.objects.filter(
        title__iexact=bulletin.title, state=BulletinState.MAILED, first_seen_at__gt=now - _SAME_SUBJECT
    )
    before = same.exclude(id=bulletin.id).order_by("-id").first()
    if before is None:
        return []
    what = f"bulletin {before.id} of the last 30 days has the same"
    return [Finding(Weight.WARNS, "subject", what, "say what is new")]
