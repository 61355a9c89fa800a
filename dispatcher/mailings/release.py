"""Release: owe people once more what failed by a fault of ours, or what nobody knows the end of, once a person has looked and mended it.

It is the same delivery with the same Message-ID and the same bytes, so whoever has a copy already can tell that this is one. How often
it was in doubt or recovered stays: what kills its worker is still tried alone, and a next doubt parks it again. Where a relay says "later",
its patience and its schedule begin anew.
"""

from datetime import datetime

from django.db import transaction

from dispatcher.mailings.progress import By
from dispatcher.models import Delivery, DeliveryState, Journal, Mailing, MailingState
from dispatcher.models.clock import database_now

# Failures that say nothing against the address: each is shown in `status`, and somebody must look.
ABOUT_US = ("policy", "bug", "content", "too-big", "unknown")
# What is paused stays so; what has ended goes on.
_MAY = (MailingState.RUNNING, MailingState.PAUSED, MailingState.DONE)
_SLICE = 2000  # rows of one transaction, as of a cancellation


def release(mailing_id: int, reason: str, by: By) -> int:
    """Have those who failed for this reason until now tried again, due at once. Returns how many; twice is once.

    Who has left or was suppressed since still gets nothing. Cancelled is an end, and what waits has nobody who failed.
    """
    until, count = database_now(), 0
    while released := _slice(mailing_id, reason, by, until):
        count += released
    return count


def _slice(mailing_id: int, reason: str, by: By, until: datetime) -> int:
    with transaction.atomic():
        # Held, so that nobody ends it between its own turn to running and that of its rows.
        mailing = Mailing.objects.select_for_update().get(id=mailing_id)
        # Those alone that had failed by then: a relay that still refuses them would keep us here for ever.
        failed = Delivery.failed().filter(mailing=mailing, reason=reason, ended_at__lte=until)
        ids = list(failed.order_by("ended_at", "id").values_list("id", flat=True)[:_SLICE])
        if not ids or mailing.state not in _MAY:
            return 0
        if mailing.state == MailingState.DONE:
            mailing.state, mailing.finished_at = MailingState.RUNNING, None
            mailing.save(update_fields=["state", "finished_at"])
        now = database_now()
        released = failed.filter(id__in=ids).update(
            state=DeliveryState.PENDING, reason="", due_at=now, ended_at=None, released_at=now, tries=0
        )
        facts = {"reason": reason, "deliveries": released, **(by.facts or {})}
        Journal.append(
            at=now, actor=by.actor, door=by.door, verb="release", subject=f"mailing:{mailing_id}", facts=facts
        )
    return released
