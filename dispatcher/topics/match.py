"""Match: hold each new bulletin against the rules of every live topic and keep the evidence.

A bulletin that matches nothing is kept and listed, never dropped. Rules come from the rows that `load` wrote, so every process
uses the same version; a change of the rules never looks at old bulletins again.
"""

import logging
import re
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import Q

from dispatcher.errors import NotFound
from dispatcher.failpoints import Failpoint, reach
from dispatcher.formats.html import blocks
from dispatcher.formats.quotation import quote
from dispatcher.models import Bulletin, BulletinState, Catalog, Match, Topic
from dispatcher.models.clock import database_now
from dispatcher.topics.catalog import rules_from_json
from dispatcher.topics.page import Document
from dispatcher.topics.reasons import Evidence, as_json
from dispatcher.topics.rules import Matcher, Outcome, compile_rules

log = logging.getLogger(__name__)

_BEGINNING = 6_000  # characters: about two pages


def pending() -> int:
    """Match every bulletin that nobody has looked at. Returns how many were."""
    waiting = list(Bulletin.to_match(database_now()).select_related("source"))
    if not waiting:
        return 0
    matcher, version = _in_force()
    return sum(match(bulletin, matcher, version) for bulletin in waiting)


def _in_force() -> tuple[Matcher, str]:
    """The rules, and the version of topics.yaml that they are: read again if it was loaded in between."""
    catalog, matcher = Catalog.latest(), live_matcher()
    while catalog and catalog != (latest := Catalog.latest()):
        catalog, matcher = latest, live_matcher()
    if catalog is None:
        raise NotFound("no topics are loaded: `dispatcher check` says what is wrong with topics.yaml")
    return matcher, catalog.hash


def live_matcher() -> Matcher:
    """The rules of all topics that are not retired."""
    topics = Topic.objects.filter(retired_at__isnull=True)
    return compile_rules([rules_from_json(topic.slug, topic.sections, topic.rules) for topic in topics])


def match(bulletin: Bulletin, matcher: Matcher, catalog_hash: str) -> bool:
    """Judge one bulletin and stamp it. False if somebody else did meanwhile."""
    try:
        outcome = matcher.match(document(bulletin))
    except Exception as failure:
        log.exception("a bulletin cannot be matched and is held", extra={"bulletin": bulletin.id})
        return _hold(bulletin, f"matching failed: {type(failure).__name__}: {failure}")
    found = _of_corrected(bulletin) | dict(outcome.topics)
    topics = {topic.slug: topic for topic in Topic.objects.filter(slug__in=found)}
    state = BulletinState.MATCHED if topics else BulletinState.UNMATCHED
    with transaction.atomic():
        now = database_now()
        still_ours = Bulletin.objects.filter(
            id=bulletin.id, matched_at__isnull=True, state=BulletinState.UNMATCHED
        )
        if not still_ours.update(matched_at=now, state=state):
            return False
        rows = [
            Match(
                bulletin=bulletin,
                topic=topics[slug],
                evidence=as_json(evidence),
                catalog=catalog_hash,
                must_deliver=topics[slug].must_deliver,
                matched_at=now,
            )
            for slug, evidence in found.items()
        ]
        Match.objects.bulk_create(rows, ignore_conflicts=True)
    reach(Failpoint.AFTER_MATCH_BEFORE_RING)
    return True


def _of_corrected(bulletin: Bulletin) -> dict[str, Sequence[Evidence]]:
    """Who was told what a correction corrects hears of the correction, whatever it says of itself."""
    if bulletin.corrects is None:
        return {}
    first = bulletin.corrects.title
    said = quote(first, 0, len(first))
    evidence = Evidence(
        "corrects", "title", first, f"it corrects “{said}”", said, 0, 0, len(first), "corrects"
    )
    told = Q(matches__bulletin=bulletin.corrects) | Q(replaces__matches__bulletin=bulletin.corrects)
    topics = Topic.objects.filter(told, retired_at__isnull=True).distinct()
    return {topic.slug: (evidence,) for topic in topics}


def _hold(bulletin: Bulletin, why: str) -> bool:
    """One bulletin that breaks the rules' code waits for a person and stops nobody else's."""
    waiting = Bulletin.objects.filter(id=bulletin.id, matched_at__isnull=True, state=BulletinState.UNMATCHED)
    return bool(waiting.update(state=BulletinState.HELD, held_because=why[:1000]))


def explain(bulletin: Bulletin) -> Outcome:
    """What the rules in force say of a bulletin, without writing anything."""
    return live_matcher().match(document(bulletin))


def document(bulletin: Bulletin) -> Document:
    """What the rules read of a bulletin."""
    return Document(
        title=bulletin.title,
        body=blocks(bulletin.body_html),
        type=bulletin.type,
        categories=tuple(bulletin.categories),
        source=bulletin.source.slug if bulletin.source else "",
        link=bulletin.url,
        linked=tuple(_beginnings(bulletin)),
    )


def _beginnings(bulletin: Bulletin) -> Iterator[str]:
    """Of the documents that it links to: what they are about. Further on a rule's own text names half of the manual."""
    for one in bulletin.documents.all():
        for paragraph in re.split(r"\n\s*\n", one.text[:_BEGINNING]):
            if words := " ".join(paragraph.split()):
                yield words
