"""Health: what is stuck, failing or silent, from rows alone, each with the next step for a person."""

from datetime import datetime, timedelta

from django.db.models import Count

from dispatcher import config
from dispatcher.errors import BadInput
from dispatcher.mailings import digest
from dispatcher.mailings.release import ABOUT_US
from dispatcher.management import returned, show
from dispatcher.models import (
    Breaker,
    Bulletin,
    BulletinState,
    Catalog,
    Delivery,
    Lane,
    Mailing,
    MailingState,
    Relay,
    Source,
    Tally,
)
from dispatcher.models.lanes import LaneFacts
from dispatcher.sources import alert, health
from dispatcher.sources.health import Look, Trouble
from dispatcher.subscribers.caps import Per
from dispatcher.topics import load, places

# What is owed and due for this long is stuck: retries are not due, so this is somebody not working.
_STUCK = timedelta(minutes=15)
_TURNED_AWAY = 50  # sign-ups in an hour: people who are impatient do not make so many
_DAY = 86_400  # seconds in which somebody should have looked at what matched no topic
_SILENT = 180  # seconds without a canary after which a lane counts as served by nobody
# A deployment that was moved to cron has old pulses: what has been silent this long is not in use.
_NOT_IN_USE = 86_400

Problem = dict[str, str]


def problems(settings: config.Config, lanes: list[LaneFacts], now: datetime) -> list[Problem]:
    """Everything that needs a person, the causes before their effects."""
    return [
        *_topics(settings, now),
        *_sources(now),
        *_bulletins(now),
        *_blasts(),
        *_relays(),
        *_breakers(),
        *_mailings(),
        *_lanes(settings, lanes),
        *_failed(now),
        *returned.problems(now),
        *_digests(settings, now),
        *_sign_ups(now),
    ]


def _problem(where: str, what: str, remedy: str) -> Problem:
    return {"where": where, "what": what, "remedy": remedy}


def _topics(settings: config.Config, now: datetime) -> list[Problem]:
    try:
        load.read(settings.topics)
    except BadInput as wrong:
        return [
            _problem(
                "topics.yaml",
                str(wrong).splitlines()[0],
                "`dispatcher topics lint` tells every mistake; the last good list stays in force",
            )
        ]
    if Catalog.latest() is None:
        return [_problem("topics.yaml", "not loaded yet", "`dispatcher run --once` loads it")]
    what = "this copy is not the version in force"
    remedy = "copy the right one there; if this one is right, `dispatcher topics load` where it lies"
    return [_problem(f"topics.yaml {one.place}", what, remedy) for one in places.differing(now)]


def _sources(now: datetime) -> list[Problem]:
    found = []
    outage = Source.outage()
    if outage:
        what = f"our own network seems to be down since {show.iso(outage)}: most sources do not answer at all"
        found.append(_problem("network", what, "`dispatcher doctor`; no source is blamed for it"))
    looks = health.looks(now)
    for one in looks:
        # What is held back stands among the bulletins.
        found += [_trouble(one, trouble) for trouble in one.troubles if trouble.state != "holding"]
    if any(one.troubles for one in looks) and not alert.operators():
        add = "`dispatcher staff add NAME --role operator --email ADDRESS`"
        found.append(_problem("operators", "none has an address, so nobody is told of this by mail", add))
    return found


def _trouble(look: Look, trouble: Trouble) -> Problem:
    since = f"{trouble.state} since {show.iso(trouble.since)}"
    return _problem(f"source {look.source.slug}", f"{since}: {trouble.what}", trouble.remedy)


def _bulletins(now: datetime) -> list[Problem]:
    waiting = list(Bulletin.to_look_at())
    held = [one for one in waiting if one.state == BulletinState.HELD]
    # A day for somebody to look before it counts as trouble; what is held waits for a decision at once.
    unmatched = [one for one in waiting if one.state != BulletinState.HELD and one.age(now) > _DAY]
    found = []
    if held:
        found.append(
            _problem(
                "bulletins",
                f"{len(held)} held, the oldest for {show.span(held[0].age(now))}",
                "`dispatcher bulletins list --state held`, then `sources release` or `discard`",
            )
        )
    if unmatched:
        found.append(
            _problem(
                "bulletins",
                f"{len(unmatched)} matched no topic, the oldest for {show.span(unmatched[0].age(now))}",
                "`dispatcher bulletins list --unmatched`, then `bulletins assign` or `dismiss`",
            )
        )
    return found


def _blasts() -> list[Problem]:
    """What was approved and went back: its author believes that it is on its way."""
    back = Bulletin.objects.filter(author__isnull=False, state=BulletinState.SUBMITTED).exclude(
        held_because=""
    )
    remedy = "`dispatcher blast show {}`; then somebody approves it anew, or `blast cancel` calls it back"
    return [
        _problem(f"blast {one.id}", f"went back: {one.held_because}", remedy.format(one.id)) for one in back
    ]


def _relays() -> list[Problem]:
    return [
        _problem(f"relay {one.name}", f"{'refuses us' if one.our_fault else 'down'} since {show.iso(one.down_since)}: {one.problem}",
                 "check user, password and sender" if one.our_fault else "it is probed until it answers; nobody is lost")
        for one in Relay.objects.filter(down_since__isnull=False)
    ]  # fmt: skip


def _breakers() -> list[Problem]:
    return [
        _problem(f"mail to {one.domain}", f"refused as a matter of policy since {show.iso(one.opened_at)}: {one.problem}",
                 "read what it says: it is about us, not about an address; one copy is tried again from time to time, the rest waits")
        for one in Breaker.objects.order_by("opened_at")
    ]  # fmt: skip


def _mailings() -> list[Problem]:
    return [
        _problem(
            f"mailing {one.key}",
            f"paused: {one.why or 'by staff'}",
            f"`dispatcher mailings show {one.id}`; mended? `mailings resume {one.id} --as NAME`",
        )
        for one in Mailing.objects.filter(state=MailingState.PAUSED)
    ]


def _failed(now: datetime) -> list[Problem]:
    """Refusals that are about us, not about one address: each names its reason, and somebody must look."""
    rows = Delivery.failed().filter(reason__in=ABOUT_US, ended_at__gt=now - timedelta(seconds=_DAY))
    return [
        _problem(
            "deliveries",
            f"{count} failed in the last day: {reason}",
            f"`dispatcher mailings show ID` has the relay's words; mended? `mailings release ID --reason {reason} --as NAME`",
        )
        for reason, count in rows.values_list("reason").annotate(count=Count("id")).order_by("reason")
    ]


def _digests(settings: config.Config, now: datetime) -> list[Problem]:
    return [
        _problem(
            f"digest {one.key}",
            f"due since {show.iso(one.opens_at)}, and has not begun",
            "are `dispatcher beat` and a worker of the lane fan_out running, or is `run --once` still called? else their log says why",
        )
        for one in digest.due(settings)
        if now - one.opens_at > _STUCK
    ]


def _sign_ups(now: datetime) -> list[Problem]:
    turned_away = Tally.since(now - timedelta(hours=1))
    if sum(turned_away.get(per, 0) for per in Per) <= _TURNED_AWAY:
        return []
    return [
        _problem("sign-ups", f"{turned_away[per]} turned away in this hour and the last: {per}", remedy)
        for per, remedy in _TOO_MANY.items()
        if per in turned_away
    ]


# What to do about sign-ups that each cap turned away.
_TOO_MANY = {
    Per.ADDRESS: "somebody asks for links for one address over and over: it is mailed no more than DISPATCHER_CAP_ADDRESS says",
    Per.NETWORK: "does DISPATCHER_PROXIES name your proxies? without it all visitors count as one; else it is an attack, and held off",
    Per.DOMAIN: "a flood of addresses of one domain; if they are wanted, such as a large clinic's staff, raise DISPATCHER_CAP_DOMAIN",
    Per.ALL: "an attack or a rush: nobody else can sign up for the moment; if it is a rush, raise DISPATCHER_CAP_ALL",
}


def _lanes(settings: config.Config, lanes: list[LaneFacts]) -> list[Problem]:
    """One problem a lane: that nobody serves it is why nothing leaves it. While our own network is down, sources wait for it."""
    found = []
    outage = Source.outage()
    for lane in lanes:
        stuck = lane.oldest_overdue_seconds > _STUCK.total_seconds() and not (outage and lane.lane == "poll")
        owed = f"{lane.owed} owed, the oldest for {show.span(lane.oldest_overdue_seconds)}" if stuck else ""
        age = lane.canary_age_seconds
        if age is not None and _SILENT < age < _NOT_IN_USE:
            what = "; ".join(filter(None, [f"no worker has served it for {show.span(age)}", owed]))
            ask = "are the broker, `dispatcher beat` and `dispatcher worker` running?"
            found.append(_problem(f"lane {lane.lane}", what, ask))
        elif stuck:
            found.append(_problem(f"lane {lane.lane}", owed, _why_stuck(settings, lane)))
    return found


def _why_stuck(settings: config.Config, lane: LaneFacts) -> str:
    if lane.lane in Lane and settings.send.off:
        return "DISPATCHER_SEND is off: set it to `on` when all is checked"
    if lane.lane in Lane and settings.send.only:
        return "DISPATCHER_SEND lists the only addresses that may be written to"
    if lane.canary_age_seconds is not None and lane.canary_age_seconds <= _SILENT:
        return (
            "a worker serves it: `dispatcher mailings list` shows whether it gets on, its log what it lacks"
        )
    return "is `dispatcher run --once` still called?"
