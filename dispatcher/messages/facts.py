"""Facts: what the rows of a bulletin say, as the plain values that the kinds of message take."""

from zoneinfo import ZoneInfo

from dispatcher.formats.contact import Contact
from dispatcher.formats.events import Event, announced
from dispatcher.messages import reasons
from dispatcher.messages.kinds import BulletinContent, Reason
from dispatcher.messages.language import ENGLISH, Language
from dispatcher.messages.wording import Change
from dispatcher.models import Bulletin, Match


def content_of(bulletin: Bulletin, zone: ZoneInfo, *, test: bool = False) -> BulletinContent:
    """What a bulletin says, as plain values."""
    return BulletinContent(
        title=bulletin.title,
        type=bulletin.type,
        url=bulletin.url,
        source_name=bulletin.source.name if bulletin.source else "",
        published_at=bulletin.published_at,
        body_html=bulletin.body_html,
        corrects=bulletin.corrects_id is not None,
        changes=[Change(**one) for one in bulletin.changes],
        events=events_of(bulletin, zone),
        contact=Contact(**bulletin.contact),
        test=test,
        pdfs=frozenset(bulletin.documents.filter(pages__gt=0).values_list("url", flat=True)),
    )


def events_of(bulletin: Bulletin, zone: ZoneInfo) -> tuple[Event, ...]:
    """The meetings and deadlines that it announces, seen from the day of its publication: the same whenever one asks."""
    published = (bulletin.published_at or bulletin.first_seen_at).astimezone(zone).date()
    return announced(bulletin.title, bulletin.body_html, published)


def reasons_of(bulletin: Bulletin, language: Language = ENGLISH) -> list[Reason]:
    """Why anybody hears of it, in the order of the topic list."""
    return [_reason(one, language) for one in bulletin.matches.select_related("topic")]


def _reason(match: Match, language: Language) -> Reason:
    first = match.evidence[0]
    topic = match.topic
    return Reason(
        topic_id=topic.id,
        topic_name=topic.name,
        topic_slug=topic.slug,
        words=first["reason"],
        translated=reasons.said(first, language),
        contact=Contact(**topic.contact) if topic.contact else Contact(),
        position=topic.position,
    )
