"""The audience of a mailing: who is reached, as SQL over subscriptions that keep their history, and how many heads that makes.

It is a function of the freeze time, so a slice may be computed again, late or by somebody else, and comes out the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection

from dispatcher.models import Mailing, Match, Topic
from dispatcher.models.clock import for_sql

_END = 2**62  # behind the last subscriber


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a mailing is for: `everyone` who subscribes to anything, or those who follow one of these topics (by id).

    `at_once`: of these topics those whose followers wait for no digest, whatever their cadence. `narrowed`: the mailing that passes
    over some of them, because it holds none of their own words.
    """

    topics: tuple[int, ...] = ()
    everyone: bool = False
    at_once: tuple[int, ...] = ()
    narrowed: int | None = None


@dataclass(frozen=True, slots=True)
class Heads:
    """How many people an audience is. `people` will get a message; the others are left out, and why.

    `topics`: followers of each topic by slug, `several`: how many of the people follow more than one of them.
    """

    people: int
    topics: dict[str, int]
    several: int
    suppressed: int
    digests: int


# Confirmed by the freeze and not ended by then. All topics of the person are reasons, whatever their cadence: one mail, every
# reason; but only who wants one of them at once, or follows one that waits for no digest, is written to at once. `live`: whether that holds now, be it by another row:
# who left since the freeze and took it back is not lost.
_FOLLOWERS = """
    SELECT s.subscriber_id, {topics} AS topics, CASE WHEN EXISTS (
             SELECT 1 FROM dispatcher_subscription n
             WHERE n.topic_id IN ({chosen}) AND n.subscriber_id = s.subscriber_id AND n.ended_at IS NULL
               AND n.confirmed_at IS NOT NULL AND (n.cadence = 'immediate' OR n.topic_id IN ({at_once}))) THEN 1 ELSE 0 END AS live
    FROM dispatcher_subscription s
    WHERE s.topic_id IN ({chosen}) AND s.confirmed_at <= %(frozen)s AND (s.ended_at IS NULL OR s.ended_at > %(frozen)s)
      AND s.subscriber_id > %(after)s AND s.subscriber_id <= %(upto)s {narrowed}
    GROUP BY s.subscriber_id
    HAVING MAX(CASE WHEN s.cadence = 'immediate' OR s.topic_id IN ({at_once}) THEN 1 ELSE 0 END) = 1
"""
# Passed over by the mailing of this number.
_NARROWED = """AND NOT EXISTS (SELECT 1 FROM dispatcher_passedover o WHERE o.mailing_id = {} AND o.subscription_id = s.id)"""
# A message to everybody waits for no digest, and no topic is its reason.
_EVERYBODY = """
    SELECT s.subscriber_id, '' AS topics, CASE WHEN EXISTS (
             SELECT 1 FROM dispatcher_subscription n
             WHERE n.subscriber_id = s.subscriber_id AND n.ended_at IS NULL AND n.confirmed_at IS NOT NULL
           ) THEN 1 ELSE 0 END AS live
    FROM dispatcher_subscription s
    WHERE s.confirmed_at <= %(frozen)s AND (s.ended_at IS NULL OR s.ended_at > %(frozen)s)
      AND s.subscriber_id > %(after)s AND s.subscriber_id <= %(upto)s
    GROUP BY s.subscriber_id
"""
_TOPICS = {
    "sqlite": "group_concat(s.topic_id)",
    "postgresql": "string_agg(s.topic_id::text, ',' ORDER BY s.topic_id)",
}


def of(mailing: Mailing) -> Audience:
    """Whom a mailing about a bulletin is for: what had matched when it was frozen decides."""
    if mailing.everyone:
        return Audience(everyone=True)
    matched = Match.objects.filter(bulletin__mailings=mailing, matched_at__lte=mailing.frozen_at)
    followers = to_followers(matched.order_by("topic_id").values_list("topic_id", "must_deliver"))
    return replace(followers, narrowed=mailing.id) if mailing.passed_over.exists() else followers


def to_followers(topics: Iterable[tuple[int, bool]]) -> Audience:
    """Who follows one of these topics; with each id, whether it must be delivered at once."""
    chosen = list(topics)
    return Audience(
        topics=tuple(topic for topic, _ in chosen),
        at_once=tuple(topic for topic, must_deliver in chosen if must_deliver),
    )


def reached(audience: Audience) -> str:
    """SQL of who is reached: subscriber_id, topics, live; its parameters are frozen, after and upto."""
    if audience.everyone:
        return _EVERYBODY
    return _FOLLOWERS.format(
        topics=_TOPICS[connection.vendor],
        chosen=_ids(audience.topics),
        at_once=_ids(audience.at_once),
        narrowed=_NARROWED.format(audience.narrowed) if audience.narrowed else "",
    )


def count(audience: Audience, frozen: datetime) -> int:
    """The control count: everybody who is reached, those too who will get a row that says why they get nothing."""
    return int(_row(f"SELECT COUNT(*) FROM ({reached(audience)}) AS r", frozen)[0])


def people(audience: Audience, now: datetime) -> int:
    """How many would get a message: who is reached and may be mailed."""
    found, suppressed, _ = _row(_HEADS.format(reached=reached(audience)), now)
    return int(found - suppressed)


def heads(audience: Audience, now: datetime) -> Heads:
    """What a person should know before they send."""
    found, suppressed, several = _row(_HEADS.format(reached=reached(audience)), now)
    return Heads(
        people=found - suppressed,
        topics=_followers(audience, now),
        several=several,
        suppressed=suppressed,
        digests=0 if audience.everyone else _waiting_for_digests(audience, now, found),
    )


_HEADS = """
    SELECT COUNT(*), COUNT(x.id), COALESCE(SUM(CASE WHEN x.id IS NULL AND r.topics LIKE '%%,%%' THEN 1 ELSE 0 END), 0)
    FROM ({reached}) AS r
    JOIN dispatcher_subscriber p ON p.id = r.subscriber_id
    LEFT JOIN dispatcher_suppression x ON x.folded = p.folded AND x.lifted_at IS NULL
"""


def _followers(audience: Audience, now: datetime) -> dict[str, int]:
    slugs = Topic.objects.filter(id__in=audience.topics).values_list("id", "slug")
    return {
        slug: count(to_followers([(topic_id, topic_id in audience.at_once)]), now) for topic_id, slug in slugs
    }


def _waiting_for_digests(audience: Audience, now: datetime, at_once: int) -> int:
    live = "confirmed_at <= %(frozen)s AND (ended_at IS NULL OR ended_at > %(frozen)s)"
    sql = f"SELECT COUNT(DISTINCT subscriber_id) FROM dispatcher_subscription WHERE topic_id IN ({_ids(audience.topics)}) AND {live}"
    return int(_row(sql, now)[0]) - at_once


def _ids(topics: Sequence[int]) -> str:
    return ", ".join(map(str, topics)) or "NULL"


def _row(sql: str, frozen: datetime) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"frozen": for_sql(frozen), "after": 0, "upto": _END})
        row: Sequence[Any] = cursor.fetchone()
    return row
