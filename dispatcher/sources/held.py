"""What was held back from the subscribers, late or in a flood: a person lets it go or keeps it back, and the journal says who."""

from django.db import transaction

from dispatcher.models import Bulletin, BulletinState, Journal, Source
from dispatcher.models.clock import database_now


def release(source: Source, bulletin: int | None, *, actor: str) -> int:
    """Let what is held be matched and mailed. Returns how many."""
    return _decide(source, bulletin, actor, "release", BulletinState.UNMATCHED)


def discard(source: Source, bulletin: int | None, *, actor: str) -> int:
    """Keep what is held, and mail it to nobody. Returns how many."""
    return _decide(source, bulletin, actor, "discard", BulletinState.DISMISSED)


def _decide(source: Source, bulletin: int | None, actor: str, verb: str, state: BulletinState) -> int:
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
                facts={"bulletins": ids},
            )
    return len(ids)
