"""Health: what is stuck, failing or silent, from rows alone, each with the next step for a person."""

from datetime import datetime, timedelta

from django.db.models import Count

from dispatcher import config
from dispatcher.errors import BadInput
from dispatcher.management import show
from dispatcher.management.lanes import LaneFacts
from dispatcher.models import (
    Bulletin,
    BulletinState,
    Cadence,
    Catalog,
    Delivery,
    Mailing,
    MailingState,
    Relay,
    Source,
    Subscription,
)
from dispatcher.models.delivery import OPEN
from dispatcher.topics import load

# Mail that is due and has not left for this long is stuck: retries are not due, so this is somebody not working.
_STUCK = timedelta(minutes=15)
_FAILURES_TOLD = 3
_DAY = 86_400  # seconds in which somebody should have looked at what matched no topic
_SILENT = 180  # seconds without a canary after which a lane counts as served by nobody
# A deployment that was moved to cron has old pulses: what has been silent this long is not in use.
_NOT_IN_USE = 86_400

Problem = dict[str, str]


def problems(settings: config.Config, lanes: list[LaneFacts], now: datetime) -> list[Problem]:
    """Everything that needs a person, the causes before their effects."""
    return [
        *_topics(settings),
        *_sources(now),
        *_bulletins(now),
        *_relays(),
        *_mailings(),
        *_lanes(lanes),
        *_deliveries(settings, now),
        *_failed(now),
        *_digests(),
    ]


def _problem(where: str, what: str, remedy: str) -> Problem:
    return {"where": where, "what": what, "remedy": remedy}


def _topics(settings: config.Config) -> list[Problem]:
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
    return []


def _sources(now: datetime) -> list[Problem]:
    found = []
    for source in Source.objects.filter(enabled=True, dropped_at__isnull=True):
        if (
            source.failures >= _FAILURES_TOLD
            or source.outcome == "degraded"
            or (source.failures and not source.last_success_at)
        ):
            found.append(
                _problem(
                    f"source {source.slug}",
                    f"{source.state}: {source.problem}",
                    f"`dispatcher sources preview {source.slug}`",
                )
            )
        elif source.due_at < now - timedelta(hours=1):
            waited = show.span((now - source.due_at).total_seconds())
            found.append(
                _problem(
                    f"source {source.slug}",
                    f"due for {waited} and not polled",
                    "is `dispatcher run --once` still called?",
                )
            )
    return found


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
                "`dispatcher bulletins list --state unmatched`",
            )
        )
    return found


def _relays() -> list[Problem]:
    return [
        _problem(f"relay {one.name}", f"{'refuses us' if one.our_fault else 'down'} since {show.iso(one.down_since)}: {one.problem}",
                 "check user, password and sender" if one.our_fault else "it is probed until it answers; nobody is lost")
        for one in Relay.objects.filter(down_since__isnull=False)
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


def _deliveries(settings: config.Config, now: datetime) -> list[Problem]:
    running = Mailing.objects.filter(state=MailingState.RUNNING)
    stuck = Delivery.objects.filter(mailing__in=running, state__in=OPEN, due_at__lt=now - _STUCK).count()
    if not stuck:
        return []
    what = f"{stuck} due for more than {show.span(_STUCK.total_seconds())}"
    if settings.send.off:
        return [_problem("deliveries", what, "DISPATCHER_SEND is off: set it to `on` when all is checked")]
    if settings.send.only:
        return [
            _problem("deliveries", what, "DISPATCHER_SEND lists the only addresses that may be written to")
        ]
    return [_problem("deliveries", what, "is `dispatcher run --once` still called?")]


def _failed(now: datetime) -> list[Problem]:
    """Refusals that are about us, not about one address: each names its reason, and somebody must look."""
    ours = ("policy", "bug", "content", "too-big", "unknown")
    rows = Delivery.objects.filter(
        state="failed", reason__in=ours, ended_at__gt=now - timedelta(seconds=_DAY)
    )
    return [
        _problem(
            "deliveries",
            f"{count} failed in the last day: {reason}",
            "`dispatcher mailings show` has the relay's words",
        )
        for reason, count in rows.values_list("reason").annotate(count=Count("id")).order_by("reason")
    ]


def _digests() -> list[Problem]:
    waiting = Subscription.objects.filter(ended_at__isnull=True).exclude(cadence=Cadence.IMMEDIATE).count()
    if not waiting:
        return []
    return [
        _problem(
            "digests",
            f"{waiting} subscriptions ask for a daily or weekly digest, which this version does not send yet",
            "tell them, or import them as immediate",
        )
    ]


def _lanes(lanes: list[LaneFacts]) -> list[Problem]:
    found = []
    for lane in lanes:
        age = lane.canary_age_seconds
        if age is not None and _SILENT < age < _NOT_IN_USE:
            what = f"no worker has served it for {show.span(age)}"
            found.append(
                _problem(
                    f"lane {lane.lane}",
                    what,
                    "are the broker, `dispatcher beat` and `dispatcher worker` running?",
                )
            )
    return found
