"""Reconcile: hold the rows of a mailing against the audience that was counted at its freeze. It reads; it mends nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, IntegerField, Max, Min, OuterRef, Q, Subquery, Value, When

from dispatcher.mailings import report
from dispatcher.mailings.report import Group, Report
from dispatcher.models import Approval, Attempt, DeliveryState, Event, EventKind, Mailing

_TITLES = 5  # of a mailing of several, as many as one reads
_MOST_BOUNCES = 50  # groups; what is beyond is told by `bounces list`
_STRENGTH = tuple(kind for kind in report.NEWS if kind)


@dataclass(frozen=True, slots=True)
class Bounced:
    """Copies that were accepted, and came back with the same status: what it means, how many, and the words of one of them."""

    verdict: str
    status: str
    count: int
    words: str


@dataclass(frozen=True, slots=True)
class Account:
    """What a mailing can show for itself: its sums, who consented to it, and the replies that came too late to be believed."""

    mailing: Mailing
    title: str
    sums: Report
    approvals: Sequence[Approval]
    late_replies: Sequence[Attempt]
    bounced: Sequence[Bounced]
    oldest_open: float | None  # seconds since the freeze: that long ago it was owed


def account(mailing_id: int, now: datetime) -> Account:
    """The account of this moment. The mailing is read before its rows: while fan-out works, rows may only become more."""
    mailing = Mailing.objects.select_related("bulletin").get(id=mailing_id)
    written_out = mailing.fanned_out_at is not None
    sums = report.draw_up(mailing.audience, _groups(mailing, now), written_out=written_out)
    approvals = Approval.objects.filter(bulletin__mailings=mailing, voided_at__isnull=True)
    return Account(
        mailing=mailing,
        title=mailing.bulletin.title if mailing.bulletin else _titles(mailing),
        sums=sums,
        approvals=list(approvals.select_related("author", "approver").order_by("id")),
        late_replies=list(Attempt.objects.filter(delivery__mailing=mailing, late=True).order_by("at", "id")),
        bounced=_bounced(mailing),
        oldest_open=(now - mailing.frozen_at).total_seconds() if sums.of("open") else None,
    )


def _titles(mailing: Mailing) -> str:
    """What a mailing of several is about."""
    titles = list(mailing.carried.values_list("bulletin__title", flat=True))
    return "; ".join(titles[:_TITLES]) + (
        f"; and {len(titles) - _TITLES} more" if len(titles) > _TITLES else ""
    )


def _groups(mailing: Mailing, now: datetime) -> list[Group]:
    """One GROUP BY, so that both sums are of one moment."""
    in_doubt = Q(doubts__gt=0) | Q(state=DeliveryState.SENDING, lease_until__lte=now)
    rows = (
        mailing.deliveries.annotate(news=Case(When(state=DeliveryState.ACCEPTED, then=_strongest())))
        .values_list("state", "reason", "code", "news")
        .annotate(count=Count("id"), in_doubt=Count("id", filter=in_doubt))
        .order_by()
    )
    return [
        Group(state, count, reason, code, "" if news is None else _STRENGTH[news], doubtful)
        for state, reason, code, news, count, doubtful in rows
    ]


def _bounced(mailing: Mailing) -> list[Bounced]:
    told = Event.objects.filter(delivery__mailing=mailing, kind=EventKind.BOUNCE)
    counted = told.values_list("verdict", "status").annotate(
        copies=Count("delivery", distinct=True), example=Max("words")
    )
    rows = counted.order_by("-copies", "verdict", "status")[:_MOST_BOUNCES]
    return [Bounced(*row) for row in rows]


def _strongest() -> Subquery:
    ranks = [When(kind=kind, then=Value(rank)) for rank, kind in enumerate(_STRENGTH)]
    events = Event.objects.filter(delivery=OuterRef("pk")).values("delivery")
    strongest = events.annotate(rank=Min(Case(*ranks, output_field=IntegerField())))
    return Subquery(strongest.values("rank"))
