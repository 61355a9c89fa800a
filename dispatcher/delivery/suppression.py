"""Suppression after a refusal: addresses that their own server says are gone are not mailed again.

Written after the outcomes' own commit: whatever fails here must not turn a known reply into a resend.
"""

from collections.abc import Sequence

from django.db import transaction

from dispatcher.delivery.ledger import Outcome
from dispatcher.models import Delivery, Suppression
from dispatcher.models.clock import database_now


def suppress(gone: Sequence[Outcome]) -> None:
    """One row an address, with the reply as evidence; one that was lifted before holds again."""
    folded = dict(
        Delivery.objects.filter(id__in=[one.id for one in gone]).values_list("id", "subscriber__folded")
    )
    now = database_now()
    for one in gone:
        facts = {"reason": "gone", "evidence": f"{one.relay}: {one.reply}", "since": now, "lifted_at": None}
        with transaction.atomic():
            Suppression.objects.update_or_create(folded=folded[one.id], defaults=facts)
