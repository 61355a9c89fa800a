"""How far a mailing is: paused and resumed by a person, ended by the absence of open rows, never by counting up to a total."""

from django.db import transaction

from dispatcher.models import Journal, Mailing, MailingState
from dispatcher.models.clock import database_now


def finish() -> int:
    """End every running mailing that owes nobody anything. Returns how many ended."""
    return Mailing.to_finish().update(state=MailingState.DONE, finished_at=database_now())


def pause(mailing: Mailing, *, actor: str) -> bool:
    """Nothing more leaves; what is unsent stays owed. False if it was not running."""
    return _steer(mailing, actor, "pause", MailingState.RUNNING, MailingState.PAUSED, f"by {actor}")


def resume(mailing: Mailing, *, actor: str) -> bool:
    """Send exactly the rest. False if it was not paused."""
    return _steer(mailing, actor, "resume", MailingState.PAUSED, MailingState.RUNNING, "")


def _steer(
    mailing: Mailing, actor: str, verb: str, before: MailingState, after: MailingState, why: str
) -> bool:
    with transaction.atomic():
        steered = Mailing.objects.filter(id=mailing.id, state=before).update(state=after, why=why)
        if steered:
            facts: dict[str, object] = {"why_before": mailing.why}
            Journal.append(
                at=database_now(),
                actor=actor,
                door="shell",
                verb=verb,
                subject=f"mailing:{mailing.id}",
                facts=facts,
            )
    return bool(steered)
