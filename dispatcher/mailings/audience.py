"""The audience of a mailing: who is reached, as SQL over subscriptions that keep their history, and how many heads that makes.

It is a function of the freeze time, so a slice may be computed again, late or by somebody else, and comes out the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

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
# reason; but only who wants one of them at once, or follows one that waits for no digest, is written to at once. `live`: whether
# that holds now, be it by another row: who left since the freeze and took it back is not lost. Nearly everybody's own rows say so
# (1.5 µs a person on SQLite, 4 with a look at other rows for each), so only who left is looked for again, and within the slice:
# PostgreSQL may choose to read all that the inner query could find.
_FOLLOWERS = """
    SELECT s.subscriber_id, {topics} AS topics,
           CASE WHEN {standing} = 2 THEN 1
                WHEN EXISTS (
             SELECT 1 FROM dispatcher_subscription n
             WHERE n.topic_id IN ({chosen}) AND n.subscriber_id = s.subscriber_id AND n.ended_at IS NULL
               AND n.subscriber_id > %(after)s AND n.subscriber_id <= %(upto)s
               AND n.confirmed_at IS NOT NULL AND {again_at_once}) THEN 1 ELSE 0 END AS live
    FROM (
        SELECT s.subscriber_id, s.topic_id, s.cadence, s.ended_at FROM dispatcher_subscription s
        WHERE s.topic_id IN ({chosen}) AND s.confirmed_at <= %(frozen)s AND (s.ended_at IS NULL OR s.ended_at > %(frozen)s)
          AND s.subscriber_id > %(after)s AND s.subscriber_id <= %(upto)s {narrowed} {sorted}) AS s
    GROUP BY s.subscriber_id
    HAVING {standing} > 0
"""
# 2: wants one of these at once, and stays; 1: wanted, and has left since.
_STANDING = "MAX(CASE WHEN NOT {at_once} THEN 0 WHEN s.ended_at IS NULL THEN 2 ELSE 1 END)"
# Sorted for PostgreSQL once, not person by person in string_agg, and `> 0` there for its planner, which takes `= 1` for one in 200:
# together 5 µs a person of 19. SQLite reads the rows in this order as it is, and would sort them again.
# Passed over by the mailing of this number.
_NARROWED = "AND NOT EXISTS (SELECT 1 FROM dispatcher_passedover o WHERE o.mailing_id = {mailing} AND o.subscription_id = {row}.id)"
# A message to everybody waits for no digest, and no topic is its reason.
_EVERYBODY = """
    SELECT s.subscriber_id, '' AS topics,
           CASE WHEN MAX(CASE WHEN s.ended_at IS NULL THEN 1 ELSE 0 END) = 1 THEN 1
                WHEN EXISTS (
             SELECT 1 FROM dispatcher_subscription n
             WHERE n.subscriber_id = s.subscriber_id AND n.ended_at IS NULL AND n.confirmed_at IS NOT NULL
               AND n.subscriber_id > %(after)s AND n.subscriber_id <= %(upto)s
           ) THEN 1 ELSE 0 END AS live
    FROM dispatcher_subscription s
    WHERE s.confirmed_at <= %(frozen)s AND (s.ended_at IS NULL OR s.ended_at > %(frozen)s)
      AND s.subscriber_id > %(after)s AND s.subscriber_id <= %(upto)s
    GROUP BY s.subscriber_id
"""
# Who is reached, without asking why and whether still: 1.2 µs a person on SQLite, where counting the above costs 4.
_COUNT = """
    SELECT COUNT(DISTINCT s.subscriber_id) FROM dispatcher_subscription s
    WHERE s.confirmed_at <= %(frozen)s AND (s.ended_at IS NULL OR s.ended_at > %(frozen)s){whom}
"""
# Those of whom no row is left that would have them written to. It costs as much as were passed over, whatever the audience.
_PASSED_OVER = """
    SELECT COUNT(DISTINCT s.subscriber_id) FROM dispatcher_passedover o
    JOIN dispatcher_subscription s ON s.id = o.subscription_id
    WHERE o.mailing_id = {mailing} AND s.topic_id IN ({chosen}) AND {at_once} AND NOT EXISTS (
        SELECT 1 FROM dispatcher_subscription n
        WHERE n.topic_id IN ({chosen}) AND n.subscriber_id = s.subscriber_id AND {still_at_once}
          AND n.confirmed_at <= %(frozen)s AND (n.ended_at IS NULL OR n.ended_at > %(frozen)s) {narrowed})
"""
_TOPICS = {
    "sqlite": "group_concat(s.topic_id)",
    "postgresql": "string_agg(s.topic_id::text, ',')",
}
_SORTED = {"sqlite": "", "postgresql": "ORDER BY s.subscriber_id, s.topic_id"}


def of(mailing: Mailing) -> Audience:
    """Whom a mailing about a bulletin is for: what had matched when it was frozen decides."""
    if mailing.everyone:
        return Audience(everyone=True)
    followers = _matched(Match.objects.filter(bulletin__mailings=mailing, matched_at__lte=mailing.frozen_at))
    return replace(followers, narrowed=mailing.id) if mailing.passed_over.exists() else followers


def of_bulletin(bulletin_id: int) -> Audience:
    """Whom a mailing about it would be for if it were frozen now."""
    return _matched(Match.objects.filter(bulletin=bulletin_id))


def _matched(matches: QuerySet[Match]) -> Audience:
    return to_followers(matches.order_by("topic_id").values_list("topic_id", "must_deliver"))


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
        standing=_STANDING.format(at_once=_at_once("s", audience)),
        again_at_once=_at_once("n", audience),
        narrowed=_narrowed("s", audience),
        sorted=_SORTED[connection.vendor],
    )


def _at_once(row: str, audience: Audience) -> str:
    waits_for_none = f" OR {row}.topic_id IN ({_ids(audience.at_once)})" if audience.at_once else ""
    return f"({row}.cadence = 'immediate'{waits_for_none})"


def _narrowed(row: str, audience: Audience) -> str:
    return _NARROWED.format(mailing=audience.narrowed, row=row) if audience.narrowed else ""


def count(audience: Audience, frozen: datetime) -> int:
    """The control count: everybody who is reached, those too who will get a row that says why they get nothing."""
    whom = ""
    if not audience.everyone:
        whom = f" AND s.topic_id IN ({_ids(audience.topics)}) AND {_at_once('s', audience)}"
    return int(_row(_COUNT.format(whom=whom), frozen)[0]) - passed_over(audience, frozen)


def passed_over(audience: Audience, frozen: datetime) -> int:
    """How many would have been reached, had their words not narrowed their topics."""
    if not audience.narrowed:
        return 0
    sql = _PASSED_OVER.format(
        chosen=_ids(audience.topics),
        mailing=audience.narrowed,
        at_once=_at_once("s", audience),
        still_at_once=_at_once("n", audience),
        narrowed=_narrowed("n", audience),
    )
    return int(_row(sql, frozen)[0])


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
