"""`/metrics`: how the works stand, as Prometheus reads it. Counted anew for each look, from rows and the broker; nothing is kept.

It says nothing of people: no address, no name, no id of a row. What cannot be asked is left out, and `…_up 0` says so.
"""

import hmac
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import Error
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from dispatcher import config
from dispatcher.config import Config
from dispatcher.errors import Unreachable
from dispatcher.models import (
    Arrival,
    Because,
    Bulletin,
    BulletinState,
    Event,
    EventKind,
    Lane,
    Mailing,
    MailingState,
    Outcome,
    Relay,
    Source,
    Suppression,
    lanes,
)
from dispatcher.models.clock import database_now
from dispatcher.models.delivery import OPEN
from dispatcher.models.lanes import OpenFacts
from dispatcher.parsing import is_loopback

log = logging.getLogger(__name__)

_PATIENCE = 1.0  # seconds for the broker
_LATELY = timedelta(hours=1)
_DAY = timedelta(days=1)
# What proxies add: whoever comes with one of these comes from elsewhere, whatever the connection says.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")

Families = Iterator[GaugeMetricFamily]


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """To whoever may: everything. To others there is nothing here."""
    settings = config.current()
    if not _may_read(request, settings.metrics_token):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Works(settings))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read(request: HttpRequest, token: str) -> bool:
    if token:
        shown = request.headers.get("Authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
    forwarded = any(name in request.headers for name in _FORWARDED)
    return is_loopback(request.META.get("REMOTE_ADDR", "")) and not forwarded


class _Works(Collector):
    """What one look sees."""

    def __init__(self, settings: Config) -> None:
        self._settings = settings

    def collect(self) -> Families:
        """Rows, then the broker: either may be away."""
        try:
            told = list(_from_rows(self._settings))
        except (Error, OSError) as failure:
            log.warning("the database does not answer: %s", failure)
            told = []
        yield _gauge("database_up", "Whether the database answers.", [((), bool(told))])
        yield from told
        yield from _from_broker(self._settings)


def _gauge(
    name: str, about: str, values: Iterable[tuple[tuple[str, ...], float]], labels: tuple[str, ...] = ()
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"dispatcher_{name}", about, labels=labels)
    for words, value in values:
        family.add_metric(words, value)
    return family


def _from_rows(settings: Config) -> Families:
    now = database_now()
    still_open = lanes.open_deliveries()
    yield from _lanes(lanes.lanes(now, still_open))
    yield _open(still_open)
    yield _ended(now)
    yield _relays(settings)
    yield from _sources(now)
    yield _bulletins()
    yield _mailings()
    yield from _returned(now)


def _lanes(facts: list[lanes.LaneFacts]) -> Families:
    each = partial(_gauge, labels=("lane",))
    yield each("lane_owed", "What a lane owes.", [((one.lane,), one.owed) for one in facts])
    yield each(
        "lane_oldest_overdue_seconds",
        "How long the oldest of it has been due.",
        [((one.lane,), one.oldest_overdue_seconds) for one in facts],
    )
    yield each(
        "lane_in_doubt",
        "Deliveries that may have arrived already.",
        [((one.lane,), one.in_doubt) for one in facts],
    )
    yield each(
        "lane_canary_age_seconds",
        "Since a worker last served a lane; missing if none ever did.",
        [((one.lane,), age) for one in facts if (age := one.canary_age_seconds) is not None],
    )


def _open(still_open: list[OpenFacts]) -> GaugeMetricFamily:
    counts = Counter({(lane.value, state.value): 0 for lane in Lane for state in OPEN})
    for one in still_open:
        counts[one.lane, one.state] += one.count
    return _gauge(
        "open_deliveries",
        "Deliveries of running mailings that have not ended.",
        counts.items(),
        ("lane", "state"),
    )


def _ended(now: datetime) -> GaugeMetricFamily:
    """Reasons are words of ours: verdicts, and what keeps a copy back. What a relay said stands elsewhere."""
    values = [((state, reason), count) for state, reason, count in lanes.ended_deliveries(now - _LATELY)]
    return _gauge("ended_deliveries_last_hour", "Deliveries by how they ended.", values, ("state", "reason"))


def _relays(settings: Config) -> GaugeMetricFamily:
    down = set(Relay.objects.filter(down_since__isnull=False).values_list("name", flat=True))
    values = [((str(one),), str(one) in down) for one in settings.smtp_url]
    return _gauge("relay_down", "Whether a relay takes no mail at present.", values, ("relay",))


def _sources(now: datetime) -> Families:
    polled = Source.objects.filter(enabled=True, dropped_at__isnull=True)
    moments = list(polled.values_list("slug", "last_success_at", "last_new_at"))
    read = [((slug,), (now - success).total_seconds()) for slug, success, _ in moments if success]
    new = [((slug,), (now - item).total_seconds()) for slug, _, item in moments if item]
    yield _gauge(
        "source_read_age_seconds", "Since a source was last read; missing if never.", read, ("source",)
    )
    yield _gauge(
        "source_new_age_seconds", "Since it last said something new; missing if never.", new, ("source",)
    )


def _bulletins() -> GaugeMetricFamily:
    """By bulletin_by_state."""
    counted = Bulletin.to_look_at().order_by().values_list("state").annotate(Count("id"))
    values = {BulletinState.HELD.value: 0, BulletinState.UNMATCHED.value: 0} | dict(counted)
    return _gauge(
        "bulletins_to_look_at",
        "Bulletins that wait for a person.",
        [((state,), count) for state, count in values.items()],
        ("state",),
    )


def _mailings() -> GaugeMetricFamily:
    states = (MailingState.RUNNING.value, MailingState.PAUSED.value)
    counted = Mailing.objects.filter(state__in=states).order_by().values_list("state").annotate(Count("id"))
    values = dict.fromkeys(states, 0) | dict(counted)
    return _gauge(
        "mailings",
        "Mailings that are not over.",
        [((state,), count) for state, count in values.items()],
        ("state",),
    )


def _returned(now: datetime) -> Families:
    """By event_by_time and arrival_by_outcome; of suppressions there are few."""
    lately = Event.objects.filter(received_at__gt=now - _DAY)
    kinds = dict.fromkeys(EventKind.values, 0) | dict(
        lately.order_by().values_list("kind").annotate(Count("id"))
    )
    yield _gauge(
        "events_last_day",
        "What came back of our mail.",
        [((kind,), count) for kind, count in kinds.items()],
        ("kind",),
    )
    holds = Suppression.in_force().order_by().values_list("reason").annotate(Count("id"))
    reasons = dict.fromkeys(Because.values, 0) | dict(holds)
    yield _gauge(
        "suppressions",
        "Addresses that must not be mailed.",
        [((one,), count) for one, count in reasons.items()],
        ("reason",),
    )
    yield _gauge(
        "suppressions_held",
        "Held back until a person decides.",
        [((), Suppression.objects.filter(held=True).count())],
    )
    odd = {Outcome.UNMATCHED.value: 0, Outcome.UNREADABLE.value: 0}
    odd |= dict(Arrival.to_look_at(now - _DAY).order_by().values_list("outcome").annotate(Count("id")))
    yield _gauge(
        "arrivals_of_no_use_last_day",
        "What came back and tells us nothing.",
        [((one,), count) for one, count in odd.items()],
        ("outcome",),
    )


def _from_broker(settings: Config) -> Families:
    from tasks import broker  # Celery takes half a second to load; only whoever asks for this waits for it

    try:
        facts = broker.look(settings.broker_url or settings.redis_url, _PATIENCE)
    except Unreachable as away:
        log.debug("the broker does not answer: %s", away)  # `broker_up` tells it already
        yield _gauge("broker_up", "Whether the broker answers.", [((), 0)])
        return
    yield _gauge("broker_up", "Whether the broker answers.", [((), 1)])
    waiting = [((lane,), count) for lane, count in facts.waiting.items()]
    yield _gauge("lane_waiting_rings", "Rings that nobody has taken yet.", waiting, ("lane",))
    if facts.unacked is not None:
        yield _gauge("broker_unacked", "Rings that were taken and not yet answered.", [((), facts.unacked)])
