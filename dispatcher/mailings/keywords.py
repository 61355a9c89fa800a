"""Keywords: whom a bulletin passes over, because it holds none of the words to which they narrowed the topic that brings it.

Each distinct word is looked for once a bulletin, whoever they are; then one statement writes down the subscriptions that are passed over.
It belongs to the freeze: what people change afterwards changes no audience.
"""

from django.db import connection
from django.db.models import Exists, OuterRef

from dispatcher.formats import keywords
from dispatcher.formats.html import blocks
from dispatcher.models import Bulletin, Keyword, KeywordFound, Mailing, Subscription
from dispatcher.models.clock import for_sql

# Whoever was told what a correction corrects hears of it, whatever words it has; so does who follows a topic that must be delivered.
_NOT_TO = """
    INSERT INTO dispatcher_passedover (mailing_id, bulletin_id, subscription_id)
    SELECT %(mailing)s, b.id, s.id
    FROM dispatcher_bulletin b
    JOIN dispatcher_match f ON f.bulletin_id = b.id AND NOT f.must_deliver AND f.matched_at <= %(frozen)s
    JOIN dispatcher_subscription s ON s.topic_id = f.topic_id
    WHERE b.id = %(bulletin)s AND s.confirmed_at <= %(frozen)s AND (s.ended_at IS NULL OR s.ended_at > %(frozen)s)
      AND s.id IN (SELECT subscription_id FROM dispatcher_keyword)
      AND NOT EXISTS (SELECT 1 FROM dispatcher_keyword k
                      JOIN dispatcher_keywordfound w ON w.bulletin_id = b.id AND w.folded = k.folded
                      WHERE k.subscription_id = s.id)
      AND NOT EXISTS (SELECT 1 FROM dispatcher_told t
                      WHERE t.subscriber_id = s.subscriber_id AND t.bulletin_id = b.corrects_id)
    ON CONFLICT DO NOTHING
"""


def look(bulletin_id: int, looked: frozenset[str] = frozenset()) -> frozenset[str]:
    """Look in a bulletin for the words of all who follow one of its topics, but for those `looked` for; returns these all.

    The first look comes before the freeze, so that others do not wait for it; the second finds what was added meanwhile.
    """
    # As EXISTS, so that it costs as much as there are keywords: SQLite would begin a join at all the followers, half a second of a million.
    concerned = Subscription.objects.filter(
        id=OuterRef("subscription_id"),
        ended_at__isnull=True,
        topic__matches__bulletin=bulletin_id,
        topic__matches__must_deliver=False,
    )
    theirs = Keyword.objects.filter(Exists(concerned))
    new = set(theirs.order_by().values_list("folded", flat=True).distinct()) - looked
    if new:
        bulletin = Bulletin.objects.get(id=bulletin_id)
        found = keywords.found(new, bulletin.title, blocks(bulletin.body_html))
        KeywordFound.objects.bulk_create(
            [KeywordFound(bulletin=bulletin, folded=one) for one in sorted(found)], ignore_conflicts=True
        )
    return looked | new


def pass_over(mailing: Mailing, bulletin_id: int, looked: frozenset[str]) -> None:
    """In the transaction of the freeze: write down the subscriptions through which this mailing owes the bulletin to nobody."""
    if not look(bulletin_id, looked):
        return
    values = {"mailing": mailing.id, "bulletin": bulletin_id, "frozen": for_sql(mailing.frozen_at)}
    with connection.cursor() as cursor:
        cursor.execute(_NOT_TO, values)
