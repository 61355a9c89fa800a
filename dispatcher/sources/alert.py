"""Alert: tells operators by mail what needs one of them, in one letter for all, at most one an hour.

A source is told of when it gets into trouble, once a day while it lasts, and once when it is over; a bulletin that waits for a
decision, on the next morning of work, and at once if a date in it is close. What was told is kept in rows, so twice is once.
"""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from dispatcher.config import Config
from dispatcher.errors import BadInput
from dispatcher.formats.dates import MAINE
from dispatcher.formats.html import plain
from dispatcher.messages import editions, letters, to_staff
from dispatcher.messages.letters import Ailing, Alert, Frame, Waiting
from dispatcher.models import (
    Bulletin,
    BulletinState,
    Delivery,
    Mailing,
    MailingState,
    Source,
    Staff,
    Turn,
)
from dispatcher.models.clock import database_now
from dispatcher.permissions import Role
from dispatcher.sources import health, urgency
from dispatcher.sources.health import Look

log = logging.getLogger(__name__)

KEY = "alert:"  # and the hour, in UTC: no more than one letter in each
_LEASE = timedelta(minutes=2)
_DAY = timedelta(days=1)
_LOOKED_BACK = timedelta(days=90)  # no date to comment by lies further ahead


@dataclass(frozen=True, slots=True)
class _Undecided:
    """A bulletin that waits, the date near enough to act today, and whether it is time to tell of it."""

    bulletin: Bulletin
    by: date | None
    due: bool

    @property
    def held(self) -> bool:
        return self.bulletin.state == BulletinState.HELD


def tell(config: Config, now: datetime | None = None) -> bool:
    """Owe operators a letter if there is something to tell. False if there isn't, or nobody to tell it to."""
    if not Turn.take("alert", _LEASE):
        return False
    try:
        return _tell(config, now or database_now())
    finally:
        Turn.give_back("alert")


def operators() -> list[Staff]:
    """Who is told."""
    found = Staff.objects.filter(is_active=True, role=Role.OPERATOR).exclude(email="")
    return list(found.order_by("id"))


def _tell(config: Config, now: datetime) -> bool:
    key = f"{KEY}{now:%Y-%m-%dT%H}"
    staff = operators()
    if not staff or Mailing.objects.filter(key=key).exists():
        return False
    looks = (
        [] if Source.outage() else health.looks(now)
    )  # while we are cut off, nobody can be judged, nor mailed
    undecided = _undecided(now)
    if not (_news(looks, now) or any(one.due for one in undecided) or _is_sign_due(looks, now)):
        return False
    try:
        frame = Frame(editions.agency(config), config.public_url, now, secrets.token_hex(16))
    except BadInput as missing:
        log.error("operators cannot be told: %s", missing)  # noqa: TRY400 -- a setting is missing, a traceback tells nobody anything
        return False
    composed = letters.alert(_alert(looks, undecided), frame)
    with transaction.atomic():
        _supersede()
        mailing = to_staff.owe(key, staff, now)
        assert mailing is not None  # noqa: S101 -- each of the staff has an address; tells the type checker
        editions.keep(mailing, composed)
        _remember(looks, now)
    return True


def _undecided(now: datetime) -> list[_Undecided]:
    last, today = _last_letter(), now.astimezone(MAINE).date()
    recent = Q(state=BulletinState.HELD) | Q(matched_at__gt=now - _LOOKED_BACK)
    found = []
    for one in Bulletin.to_look_at().filter(recent).defer("body_html"):
        since, days = one.matched_at or one.first_seen_at, _days(one.id, one.first_seen_at, today)
        daily = one.state == BulletinState.HELD
        moment = urgency.escalates(since, days, now, daily=daily)
        due = moment is not None and (last is None or moment > last)
        found.append(_Undecided(one, urgency.near(days, today), due))
    return found


# This is asked every minute, of everything that matched no topic; what a bulletin says never changes.
@lru_cache(maxsize=4096)
def _days(bulletin_id: int, first_seen_at: datetime, today: date) -> tuple[date, ...]:
    title, body = Bulletin.objects.values_list("title", "body_html").get(
        id=bulletin_id, first_seen_at=first_seen_at
    )
    return tuple(urgency.deadlines(f"{title}. {plain(body)}", today))


def _news(looks: Sequence[Look], now: datetime) -> bool:
    """Has something begun or ended since operators were told, or lasted for another day?"""
    for one in looks:
        told = set(one.source.told_of.split(", ")) if one.source.told_at else set()
        if {trouble.state for trouble in one.troubles} - told or (told and not one.troubles):
            return True
        if one.troubles and one.source.told_at and now - one.source.told_at >= _DAY:
            return True
    return False


def _is_sign_due(looks: Sequence[Look], now: datetime) -> bool:
    """Once a week a sign that silence is a good one; none if anything was not polled of late."""
    monday, last = urgency.monday_morning(now), _last_letter()
    polled = [one.source for one in looks if one.state != "disabled"]
    begun = any(one.baselined_at and one.baselined_at < monday for one in polled)
    alive = all(one.last_success_at and one.last_success_at > now - 2 * _DAY for one in polled)
    return begun and alive and (last is None or last < monday)


def _last_letter() -> datetime | None:
    latest = Mailing.objects.filter(key__startswith=KEY).order_by("-id").first()
    return latest.created_at if latest else None


def _alert(looks: Sequence[Look], undecided: Sequence[_Undecided]) -> Alert:
    ailing = [
        Ailing(name=one.source.name, what=trouble.what, since=trouble.since, remedy=trouble.remedy)
        for one in looks
        for trouble in one.troubles
    ]
    return Alert(
        ailing=ailing,
        waiting=[_waiting(one) for one in undecided if one.held or one.due or one.by],
        recovered=[one.source.name for one in looks if one.source.told_at and not one.troubles],
        polled=sum(one.state != "disabled" for one in looks),
    )


def _waiting(one: _Undecided) -> Waiting:
    return Waiting(
        title=one.bulletin.title,
        why=f"held, {one.bulletin.held_because}" if one.held else "matched no topic",
        since=one.bulletin.first_seen_at,
        by=one.by,
    )


def _supersede() -> None:
    """Whoever has not been mailed the letters before this one needs only this one."""
    unsent = Delivery.owed().filter(mailing=OuterRef("pk"))
    before = Mailing.objects.filter(Exists(unsent), key__startswith=KEY, state=MailingState.RUNNING)
    before.update(state=MailingState.CANCELLED, why="a newer letter says all that still holds")


def _remember(looks: Sequence[Look], now: datetime) -> None:
    for one in looks:
        states = ", ".join(dict.fromkeys(trouble.state for trouble in one.troubles))
        if states or one.source.told_at:
            row = Source.objects.filter(id=one.source.id)
            row.update(told_at=now if states else None, told_of=states)
