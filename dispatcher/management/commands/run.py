"""`dispatcher run --once`: the whole path in one process, without Celery or Redis. This file is the path."""

from argparse import ArgumentParser
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from dispatcher import config, suppression
from dispatcher.bounces import settle
from dispatcher.delivery import deliver, leases
from dispatcher.mailings import fan_out, progress
from dispatcher.management import show
from dispatcher.management.command import DispatcherCommand, add_json
from dispatcher.management.topic_list import refresh
from dispatcher.models import DeliveryState, Mailing, MailingState
from dispatcher.sources import alert, poll
from dispatcher.sources.poll import Polled
from dispatcher.subscribers import sign_up
from dispatcher.topics import match


class Command(DispatcherCommand):
    help = "Poll what is due, match, fan out, deliver: the whole path in one process, without Celery or Redis. Ends."

    def declare(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", required=True, help="go along the path once and end"
        )
        parser.add_argument("--all", action="store_true", help="poll every enabled source, due or not")
        add_json(parser)
        parser.set_defaults(handler=lambda options: once(poll_all=options.all, as_json=options.json))


def once(*, poll_all: bool, as_json: bool) -> int:
    """Go along the path once. Each step takes up whatever earlier runs left, so a run that was killed is simply run again."""
    settings = config.current()
    problems: list[str] = []

    refresh(settings, problems.append)
    polled = poll.due(settings, poll.everything() if poll_all else None)
    matched = match.pending()
    begun = fan_out.pending(settings)
    sign_up.answer()
    leases.recover()
    while settle.pending(settings):
        pass
    suppression.pending()
    delivered = _deliver(settings, quiet=as_json)
    progress.cancel_rest()
    progress.finish()
    alert.tell(
        settings
    )  # its mail leaves at the next run: nothing that it meets may keep this one from delivering

    problems += _unwell(polled)
    problems += [delivered.stopped] if delivered.stopped else []
    problems += [
        f"mailing {one.key} is paused: {one.why}" for one in Mailing.objects.filter(state=MailingState.PAUSED)
    ]
    summary = {
        "polled": [_polled(one) for one in polled],
        "matched": matched,
        "mailings": begun,
        "deliveries": dict(delivered.counts),
        "problems": problems,
    }
    show.as_json(summary) if as_json else _print(polled, summary)
    return 1 if problems else 0


def _unwell(polled: Sequence[Polled]) -> list[str]:
    """Sources that brought nothing, or not all; an outage of ours is told once."""
    cut_off = sum(one.outcome == "cut off" for one in polled)
    outage = f"our own network seems to be down: {cut_off} sources did not answer at all"
    blamed = poll.FAILED - {"cut off"} | {"degraded"}
    found = [f"source {one.slug}: {one.problem}" for one in polled if one.outcome in blamed]
    return [outage, *found] if cut_off else found


def _deliver(settings: config.Config, *, quiet: bool) -> deliver.Delivered:
    """Deliver, with a line that moves while it lasts."""
    columns = (TextColumn("delivering"), TextColumn("{task.completed:.0f} done"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("deliver", total=None)
        return deliver.pending(settings, told=lambda _: bar.advance(task))


def _polled(one: Polled) -> dict[str, object]:
    return {
        "slug": one.slug, "outcome": one.outcome, "seen": one.seen, "new": one.new, "held": one.held,
        "revised": one.revised, "baseline": one.baseline, "problem": one.problem or None,
    }  # fmt: skip


def _print(polled: Sequence[Polled], summary: dict[str, object]) -> None:
    for one in polled:
        print(f"polled {one.slug}: {told(one)}")
    print(f"matched {summary['matched']} bulletins, began {summary['mailings']} mailings")
    counts = summary["deliveries"]
    assert isinstance(counts, dict)  # noqa: S101 -- built above; tells the type checker
    print(
        "delivered: "
        + (", ".join(f"{counts[s]} {s}" for s in DeliveryState.values if counts.get(s)) or "nothing was due")
    )
    problems = summary["problems"]
    assert isinstance(problems, list)  # noqa: S101 -- as above
    for problem in problems:
        print(f"! {problem}")


def told(one: Polled) -> str:
    """One poll in words."""
    if one.outcome in poll.FAILED | {"unchanged"}:
        return f"{one.outcome}{': ' + one.problem if one.problem else ''}"
    if one.outcome == "busy":
        return one.problem
    if one.baseline:
        return f"first poll: {one.new} items recorded, nobody is mailed"
    parts = [f"{one.new} new", f"{one.revised} revised"] + (
        [f"{one.held} held for a person to look at"] if one.held else []
    )
    return ", ".join(parts) + (f" (degraded: {one.problem})" if one.problem else "")
