"""The notices of one e-mail message ride together: one mailing, and one copy for each person with those that concern them.

Which ride is settled when the mailing begins: what has matched by then. One that was held or matched nothing keeps nobody waiting; released
later it goes out by itself, and so does a correction, which answers what each person was told before.
"""

import secrets
from collections.abc import Iterable, Sequence

from django.db import transaction

from dispatcher.mailings import keywords, several
from dispatcher.models import (
    Bulletin,
    BulletinState,
    Carried,
    Kind,
    Lane,
    Mailing,
    MailingState,
    Match,
    Origin,
)
from dispatcher.models.clock import frozen_now


def together(bulletin_ids: Sequence[int]) -> dict[str, list[int]]:
    """Of these, the notices that ride together: two or more of a message that no mailing has begun for, by the key of that mailing."""
    news = Bulletin.objects.filter(id__in=bulletin_ids, corrects__isnull=True)
    messages: dict[str, list[int]] = {}
    for bulletin_id, key in _messages(news.values_list("id", flat=True)).items():
        messages.setdefault(key, []).append(bulletin_id)
    begun = set(Mailing.objects.filter(key__in=messages).values_list("key", flat=True))
    return {key: riding for key, riding in messages.items() if len(riding) > 1 and key not in begun}


def _messages(bulletin_ids: Iterable[int]) -> dict[int, str]:
    """The message that each was a notice of when it was first seen; where it was met again later does not count."""
    origins = Origin.objects.filter(bulletin__in=bulletin_ids).order_by("-id")
    first = {one.bulletin_id: one for one in origins}
    return {
        bulletin_id: f"message:{one.item_id}.{one.revision}"
        for bulletin_id, one in sorted(first.items())
        if one.part
    }


def begin(key: str, bulletin_ids: Sequence[int]) -> int | None:
    """Freeze the audience of these and start their mailing; None if any of them has gone another way meanwhile: the next look sees anew.

    It is counted before the transaction, as `fan_out.begin` does and for its reasons.
    """
    looked = {one: keywords.look(one) for one in bulletin_ids}
    frozen, matches = frozen_now(), _matches(bulletin_ids)
    counted = several.count(bulletin_ids, frozen)
    with transaction.atomic():
        matched = Bulletin.objects.select_for_update().filter(
            id__in=bulletin_ids, state=BulletinState.MATCHED
        )
        if len(matched) != len(bulletin_ids) or _matches(bulletin_ids) != matches:
            return None
        matched.update(state=BulletinState.MAILED)
        mailing = Mailing.objects.create(
            key=key,
            kind=Kind.BULLETIN,
            lane=Lane.IMMEDIATE,
            state=MailingState.RUNNING,
            created_at=frozen,
            frozen_at=frozen,
            audience=0,
            nonce=secrets.token_hex(8),
        )
        Carried.objects.bulk_create(Carried(mailing=mailing, bulletin_id=one) for one in bulletin_ids)
        for one in bulletin_ids:
            keywords.pass_over(mailing, one, looked[one])
        mailing.audience = counted - several.passed_over(mailing)
        mailing.save(update_fields=["audience"])
    return mailing.id


def _matches(bulletin_ids: Sequence[int]) -> set[tuple[object, ...]]:
    found = Match.objects.filter(bulletin__in=bulletin_ids)
    return set(found.values_list("bulletin", "topic", "must_deliver", "matched_at"))
