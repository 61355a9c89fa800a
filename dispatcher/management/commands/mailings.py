"""`dispatcher mailings`: each occasion to write, its audience, where its deliveries stand; and the hand on the brake."""

from argparse import ArgumentParser

from dispatcher import config
from dispatcher.errors import NotFound, Refused
from dispatcher.mailings import progress as progress_of
from dispatcher.mailings import reconcile
from dispatcher.mailings import release as release_of
from dispatcher.mailings.progress import By
from dispatcher.management import acting, mailing_pace, mailing_report, show
from dispatcher.management.command import DispatcherCommand, Options, Verbs
from dispatcher.messages.editions import zone
from dispatcher.models import Attempt, Mailing, MailingState
from dispatcher.models.clock import database_now
from dispatcher.models.delivery import OPEN
from dispatcher.permissions import Permission

COLUMNS = {
    "id": "ID",
    "key": "KEY",
    "kind": "KIND",
    "state": "STATE",
    "done": "DONE",
    "pace": "PACE",
    "progress": "PROGRESS",
}
_STEERS = {
    "pause": "nothing more leaves; what is unsent stays owed",
    "resume": "send exactly the rest",
    "cancel": "nobody else is written to, what is on its way finishes; there is no way back",
}


class Command(DispatcherCommand):
    help = "What was mailed, to how many, and how it went."

    def declare(self, parser: ArgumentParser) -> None:
        verbs = Verbs(parser)
        listing = verbs.add("list", _list, "the newest first", json=True)
        listing.add_argument(
            "--system", action="store_true", help="those too that write to one person who waits for it"
        )
        showing = verbs.add("show", _show, "one mailing: counts, pace, reasons, the message", json=True)
        showing.add_argument("id", type=int)
        showing.add_argument("--watch", action="store_true", help="follow it until it ends, then show it")
        reporting = verbs.add("report", _report, "what became of everybody; exit 1 if the sums are not even")
        reporting.add_argument("id", type=int)
        forms = reporting.add_mutually_exclusive_group()
        forms.add_argument("--json", action="store_true", help="print JSON for scripts instead of a table")
        forms.add_argument("--csv", action="store_true", help="print one line for each group of deliveries")
        for name, help_ in _STEERS.items():
            _declare_steering(verbs.add(name, _steer, help_), name)
        releasing = verbs.add("release", _release, "try again what failed by a fault of ours that is mended")
        releasing.add_argument("id", type=int)
        releasing.add_argument(
            "--reason", required=True, choices=release_of.ABOUT_US, help="as `mailings show` names it"
        )
        acting.declare(releasing)


def _declare_steering(parser: ArgumentParser, verb: str) -> None:
    parser.add_argument("id", type=int)
    acting.declare(parser)
    if verb != "resume":
        parser.add_argument("--because", default="", metavar="WHY", help="kept beside the name")


def _list(options: Options) -> None:
    mailings = Mailing.objects.all() if options.system else Mailing.to_many()
    rows = [row(mailing) for mailing in mailings[:1000]]
    if options.json:
        show.as_json(rows)
        return
    told = [
        one | {"progress": progress(one), "done": mailing_pace.done(one), "pace": mailing_pace.words(one)}
        for one in rows
    ]
    show.table(told, COLUMNS, "no mailings")


def row(mailing: Mailing) -> dict[str, object]:
    """One mailing in the words of `mailings show --json`. The counts add up to the audience."""
    counts = mailing.counts()
    pace = progress_of.pace(mailing, sum(counts[state] for state in OPEN), database_now())
    return {
        "id": str(mailing.id),
        "key": mailing.key,
        "kind": mailing.kind,
        "state": mailing.state,
        "audience": mailing.audience,
        "counts": counts,
        "starts_at": show.iso(mailing.starts_at),
        "rate_per_second": pace.rate_per_second,
        "ends_at": show.iso(pace.ends_at),
    }


def progress(one: dict[str, object]) -> str:
    counts = one["counts"]
    assert isinstance(counts, dict)  # noqa: S101 -- built above; tells the type checker
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "nobody to write to"


def _show(options: Options) -> None:
    mailing = _found(options.id)
    if options.watch:
        try:
            mailing_pace.follow(lambda: row(_found(options.id)))
        except KeyboardInterrupt:
            return
        mailing = _found(options.id)
    facts = {
        "reasons": _reasons(mailing),
        "why": mailing.why or None,
        "frozen_at": show.iso(mailing.frozen_at),
    }
    if options.json:
        show.as_json(row(mailing) | facts)
    else:
        _print(mailing, row(mailing))


def _print(mailing: Mailing, one: dict[str, object]) -> None:
    print(f"{mailing.key} · {mailing.kind} · {mailing.state}{': ' + mailing.why if mailing.why else ''}")
    print(f"audience of {show.iso(mailing.frozen_at)}: {mailing.audience}: {progress(one)}")
    print(" · ".join(filter(None, [f"{mailing_pace.done(one)} done", mailing_pace.words(one)])))
    for reason in _reasons(mailing):
        print(f"  {reason['count']} {reason['state']}: {reason['reason']} {reason['reply'] or ''}")
    for message in mailing.messages.all():
        print(f"\nSubject: {message.subject}\n\n{message.text}")


def _reasons(mailing: Mailing) -> list[dict[str, object]]:
    rows = (
        mailing.deliveries.exclude(reason="")
        .values_list("state", "reason", "code", "reply")
        .order_by("state", "reason")
    )
    counted: dict[tuple[object, ...], int] = {}
    for one in rows:
        counted[one] = counted.get(one, 0) + 1
    late = Attempt.objects.filter(delivery__mailing=mailing, late=True).count()
    found: list[dict[str, object]] = [
        {"state": state, "reason": reason, "code": code, "reply": reply or None, "count": count}
        for (state, reason, code, reply), count in counted.items()
    ]
    if late:
        doubled = "a copy may have gone out twice"
        found.append({"state": "late replies", "reason": doubled, "code": None, "reply": None, "count": late})
    return found


def _report(options: Options) -> int:
    now = database_now()
    account = reconcile.account(_found(options.id).id, now)
    if options.json:
        show.as_json(mailing_report.facts(account, zone(config.current())))
    elif options.csv:
        mailing_report.write_csv(account.sums)
    else:
        mailing_report.write(account, zone(config.current()), now)
    return 0 if account.sums.is_even else mailing_report.alarm(account)


def _steer(options: Options) -> None:
    actor = acting.acting(options, Permission.MAILING_STEER)
    by = By(actor.name, actor.door, actor.facts)
    mailing = _found(options.id)
    print({"pause": _pause, "resume": _resume, "cancel": _cancel}[options.verb](mailing, by, options))


def _pause(mailing: Mailing, by: By, options: Options) -> str:
    if progress_of.pause(mailing, by, options.because.strip()):
        return f"paused {mailing.key}"
    if mailing.state == MailingState.WAITING:
        begins = show.iso(mailing.starts_at) or "its time"
        raise Refused(f"{mailing.key} is waiting for {begins}: cancel it, or wait until it runs")
    raise _nothing_to("pause", mailing)


def _resume(mailing: Mailing, by: By, _: Options) -> str:
    if progress_of.resume(mailing, by):
        return f"resumed {mailing.key}; workers or the next run go on"
    raise _nothing_to("resume", mailing)


def _cancel(mailing: Mailing, by: By, options: Options) -> str:
    if not progress_of.cancel(mailing, by, options.because.strip()):
        raise _nothing_to("cancel", mailing)
    progress_of.cancel_rest()
    progress_of.finish()
    counts = row(_found(mailing.id))
    rest = "what is still open ends by itself; `mailings report` has the sums"
    return f"cancelled {mailing.key}: {progress(counts)}; {rest}"


def _release(options: Options) -> None:
    actor = acting.acting(options, Permission.MAILING_STEER)
    mailing = _found(options.id)
    released = release_of.release(mailing.id, options.reason, By(actor.name, actor.door, actor.facts))
    if not released:
        raise Refused(f"{mailing.key} is {mailing.state}: nothing to release that failed as {options.reason}")
    after = (
        "resume it when you are ready"
        if _found(mailing.id).state == MailingState.PAUSED
        else "workers or the next run go on"
    )
    print(f"released {released} of {mailing.key}; {after}")


def _nothing_to(verb: str, mailing: Mailing) -> Refused:
    return Refused(f"{mailing.key} is {_found(mailing.id).state}: nothing to {verb}")


def _found(mailing_id: int) -> Mailing:
    mailing = Mailing.objects.filter(id=mailing_id).first()
    if mailing is None:
        raise NotFound(f"no mailing {mailing_id}; `dispatcher mailings list` shows those there are")
    return mailing
