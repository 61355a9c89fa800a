"""By hand: what matched no topic is given its topics by a person, or dismissed by one; the journal keeps who, and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db import transaction

from dispatcher.errors import NotFound, Refused
from dispatcher.models import Bulletin, BulletinState, Catalog, Journal, Match, Topic
from dispatcher.models.clock import change_time

# What has been mailed has its audience; what is held waits for another decision first.
_ASSIGNABLE = (BulletinState.UNMATCHED, BulletinState.DISMISSED, BulletinState.MATCHED)
_REMEDIES = {
    BulletinState.HELD: "`dispatcher sources release` lets it go first",
    BulletinState.MAILED: "it has gone out; `dispatcher blast` writes to others",
    BulletinState.BASELINE: "it was there before we began to watch; `dispatcher blast` writes about it",
}


@dataclass(frozen=True, slots=True)
class By:
    """Who decides: the name for the journal, and what else the journal is to keep."""

    actor: str
    door: str = "shell"
    facts: Mapping[str, object] = field(default_factory=dict)


def assign(bulletin_id: int, slugs: Collection[str], by: By) -> list[str]:
    """Have it match these topics, beside those that it matches. Returns the topics that are new; assigning twice is harmless."""
    topics = [_in_force(slug) for slug in dict.fromkeys(slugs)]
    with transaction.atomic():
        now = change_time()  # an audience that is being frozen meanwhile has it or has it not, never half
        bulletin = _held(bulletin_id)
        if bulletin.state not in _ASSIGNABLE:
            remedy = _REMEDIES.get(BulletinState(bulletin.state), "`dispatcher bulletins show` has its story")
            raise Refused(f"bulletin {bulletin.id} is {bulletin.state} → {remedy}")
        known = set(bulletin.matches.values_list("topic", flat=True))
        new = [one for one in topics if one.id not in known]
        if not new:
            return []
        catalog = Catalog.latest()
        Match.objects.bulk_create(
            Match(
                bulletin=bulletin,
                topic=topic,
                evidence=[_evidence(by.actor)],
                catalog=catalog.hash if catalog else "",
                must_deliver=topic.must_deliver,
                matched_at=now,
            )
            for topic in new
        )
        Bulletin.objects.filter(id=bulletin.id).update(
            state=BulletinState.MATCHED, matched_at=bulletin.matched_at or now, held_because=""
        )
        assigned = [one.slug for one in new]
        _note(bulletin, "assign", by, {"topics": assigned})
    return assigned


def dismiss(bulletin_id: int, because: str, by: By) -> bool:
    """Mail it to nobody. False if it was dismissed before."""
    with transaction.atomic():
        change_time()
        bulletin = _held(bulletin_id)
        if bulletin.state == BulletinState.DISMISSED:
            return False
        if bulletin.state != BulletinState.UNMATCHED or bulletin.matched_at is None:
            remedy = (
                "only what matched no topic is dismissed; `dispatcher sources discard` is for what is held"
            )
            raise Refused(f"bulletin {bulletin.id} is {bulletin.state} → {remedy}")
        Bulletin.objects.filter(id=bulletin.id).update(state=BulletinState.DISMISSED, held_because=because)
        _note(bulletin, "dismiss", by, {"because": because})
    return True


def _in_force(slug: str) -> Topic:
    topic = Topic.objects.filter(slug=slug).first()
    if topic is None:
        raise NotFound(f"no topic {slug!r}; `dispatcher topics list` shows those there are")
    if topic.retired_at:
        instead = ", ".join(topic.successors.values_list("slug", flat=True))
        raise Refused(f"topic {slug} is retired → {instead or 'another one of `dispatcher topics list`'}")
    return topic


def _held(bulletin_id: int) -> Bulletin:
    """In the caller's transaction, so that of two decisions the second sees the first."""
    bulletin = Bulletin.objects.select_for_update(of=("self",)).filter(id=bulletin_id).first()
    if bulletin is None:
        raise NotFound(f"no bulletin {bulletin_id}; `dispatcher bulletins list` shows those there are")
    return bulletin


def _evidence(actor: str) -> dict[str, object]:
    """In the form of a rule's. The reader learns that a person chose, the journal and the record who."""
    return {
        "rule": "by hand",
        "field": "",
        "text": actor,
        "reason": "our staff found that it concerns this topic",
        "kind": "by hand",
    }


def _note(bulletin: Bulletin, verb: str, by: By, facts: dict[str, object]) -> None:
    Journal.append(
        at=change_time(), actor=by.actor, door=by.door, verb=verb, subject=f"bulletin:{bulletin.id}",
        facts=facts | dict(by.facts),
    )  # fmt: skip
