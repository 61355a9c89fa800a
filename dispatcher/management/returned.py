"""What came back and needs a person: for `status`. Bounces and complaints as such need none; they are in the reports."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Max, OuterRef, Subquery

from dispatcher.formats.verdicts import Verdict
from dispatcher.management import show
from dispatcher.models import Arrival, Event, EventKind, Mailing, Outcome, Suppression

_DAY = timedelta(days=1)
# Gmail wants less than one in a thousand; a single angry reader of a small mailing is no trend.
_COMPLAINTS, _FEWEST = 0.001, 3
_ABOUT_US = (Verdict.POLICY, Verdict.OUR_FAULT, Verdict.CONTENT, Verdict.TOO_BIG, Verdict.BUG)

Problem = dict[str, str]


def problems(now: datetime) -> list[Problem]:
    """The causes before their effects."""
    return [*_held(), *_complaints(now), *_about_us(now), *_to_confirm(), *_odd(now)]


def _problem(where: str, what: str, remedy: str) -> Problem:
    return {"where": where, "what": what, "remedy": remedy}


def _held() -> Iterator[Problem]:
    for mailing, key, count, since in Suppression.held_back():
        what = f"{count} addresses turned out gone within an hour, the first {show.iso(since)}: none is suppressed"
        remedy = f"is a relay wrong? `dispatcher suppressions dismiss {mailing}`; are they gone? `suppressions apply {mailing}`"
        yield _problem(f"mailing {key}", what, remedy)


def _complaints(now: datetime) -> Iterator[Problem]:
    lately = Event.objects.filter(kind=EventKind.COMPLAINT, received_at__gt=now - _DAY)
    counted = lately.values_list("delivery__mailing").annotate(Count("delivery", distinct=True)).order_by()
    for mailing_id, count in counted:
        mailing = Mailing.objects.get(id=mailing_id)
        if count >= _FEWEST and count > mailing.audience * _COMPLAINTS:
            what = f"{count} of {mailing.audience} complained in the last day; mailbox providers tolerate one in a thousand"
            yield _problem(
                f"mailing {mailing.key}",
                what,
                "did they ask for it? look at their consent: `subscribers show`",
            )


def _about_us(now: datetime) -> Iterator[Problem]:
    ours = Event.objects.filter(kind=EventKind.BOUNCE, verdict__in=_ABOUT_US, received_at__gt=now - _DAY)
    for verdict, count, example in (
        ours.values_list("verdict").annotate(Count("id"), Max("words")).order_by("verdict")
    ):
        what = f"{count} refused later in the last day: {verdict}, such as {show.shortened(example or 'without a word', 200)}"
        yield _problem(
            "bounces",
            what,
            "that is about us, not about an address: `dispatcher doctor`, then the relay's log",
        )


def _to_confirm() -> Iterator[Problem]:
    """Until the provider has posted anything else, nobody has opened its link."""
    later = Arrival.objects.filter(provider=OuterRef("provider")).exclude(
        outcome__in=(Outcome.CONFIRMATION, "")
    )
    asked = Arrival.objects.filter(outcome=Outcome.CONFIRMATION).annotate(
        heard=Subquery(later.order_by("-received_at").values("received_at")[:1])
    )
    for one in asked.defer("raw"):
        if one.heard is None or one.heard < one.received_at:
            yield _problem(f"webhook {one.provider}", one.note, "it posts nothing before that")


def _odd(now: datetime) -> Iterator[Problem]:
    counted = Arrival.to_look_at(now - _DAY).order_by().values_list("outcome").annotate(Count("id"))
    for outcome, count in counted.order_by("outcome"):
        what = f"{count} came back in the last day and are of no use: {Outcome(outcome).label}"
        yield _problem(
            "bounces",
            what,
            f"`dispatcher bounces list --outcome {outcome}`; they are kept, and change nothing",
        )
