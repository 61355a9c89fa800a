"""What was held back from the subscribers, late or in a flood: a person lets it go or keeps it back, and the journal says who."""

from collections.abc import Mapping

from django.db import transaction

from dispatcher.models import Bulletin, BulletinState, Journal, Source
from dispatcher.models.clock import database_now

Facts = Mapping[str, object]  # what the journal keeps beside the name of whoever decides


def release(source: Source, bulletin: int | None, *, actor: str, facts: Facts | None = None) -> int:
    """Let what is held be matched and mailed. Returns how many."""
    return _decide(source, bulletin, BulletinState.UNMATCHED, actor=actor, verb="release", facts=facts or {})


def discard(source: Source, bulletin: int | None, *, actor: str, facts: Facts | None = None) -> int:
    """Keep what is held, and mail it to nobody. Returns how many."""
    return _decide(source, bulletin, BulletinState.DISMISSED, actor=actor, verb="discard", facts=facts or {})


def _decide(
    source: Source, bulletin: int | None, state: BulletinState, *, actor: str, verb: str, facts: Facts
) -> int:
    with transaction.atomic():
        waiting = Bulletin.objects.filter(source=source, state=BulletinState.HELD)
        if bulletin is not None:
            waiting = waiting.filter(id=bulletin)
        ids = list(waiting.values_list("id", flat=True))
        if ids:
            Bulletin.objects.filter(id__in=ids, state=BulletinState.HELD).update(state=state)
            Journal.append(
                at=database_now(),
                actor=actor,
                door="shell",
                verb=verb,
                subject=f"source:{source.slug}",
                facts={"bulletins": ids, **facts},
            )
    return len(ids)
