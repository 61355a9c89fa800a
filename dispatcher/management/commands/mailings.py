"""`dispatcher mailings`: each occasion to write, its audience, and where its deliveries stand."""

from argparse import ArgumentParser

from dispatcher.errors import BadInput, NotFound
from dispatcher.mailings import progress as progress_of
from dispatcher.management import show
from dispatcher.management.command import DispatcherCommand, Options, Verbs
from dispatcher.models import Attempt, Mailing

COLUMNS = {
    "id": "ID",
    "key": "KEY",
    "kind": "KIND",
    "state": "STATE",
    "audience": "AUDIENCE",
    "progress": "PROGRESS",
}


class Command(DispatcherCommand):
    help = "What was mailed, to how many, and how it went."

    def declare(self, parser: ArgumentParser) -> None:
        verbs = Verbs(parser)
        verbs.add("list", _list, "the newest first", json=True)
        showing = verbs.add("show", _show, "one mailing: counts by state, reasons, the message", json=True)
        showing.add_argument("id", type=int)
        for name, help_ in (
            ("pause", "nothing more leaves; what is unsent stays owed"),
            ("resume", "send exactly the rest"),
        ):
            steering = verbs.add(name, _steer, help_)
            steering.add_argument("id", type=int)
            steering.add_argument(
                "--as", dest="actor", required=True, metavar="NAME", help="who decides; goes into the journal"
            )


def _list(options: Options) -> None:
    rows = [row(mailing) for mailing in Mailing.objects.all()[:1000]]
    if options.json:
        show.as_json(rows)
    else:
        show.table([one | {"progress": progress(one)} for one in rows], COLUMNS, "no mailings")


def row(mailing: Mailing) -> dict[str, object]:
    """One mailing in the words of `mailings show --json`. The counts add up to the audience."""
    return {
        "id": str(mailing.id),
        "key": mailing.key,
        "kind": mailing.kind,
        "state": mailing.state,
        "audience": mailing.audience,
        "counts": mailing.counts(),
    }


def progress(one: dict[str, object]) -> str:
    counts = one["counts"]
    assert isinstance(counts, dict)  # noqa: S101 -- built above; tells the type checker
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "nobody to write to"


def _steer(options: Options) -> int:
    if not options.actor.strip():
        raise BadInput("--as", "empty", "say who decides")
    mailing = _found(options.id)
    steer = progress_of.pause if options.verb == "pause" else progress_of.resume
    if not steer(mailing, actor=options.actor.strip()):
        print(f"{mailing.key} is {mailing.state}: nothing to {options.verb}")
        return 1
    print(
        f"{options.verb}d {mailing.key}"
        + ("; workers or the next run go on" if options.verb == "resume" else "")
    )
    return 0


def _found(mailing_id: int) -> Mailing:
    mailing = Mailing.objects.filter(id=mailing_id).first()
    if mailing is None:
        raise NotFound(f"no mailing {mailing_id}; `dispatcher mailings list` shows those there are")
    return mailing


def _show(options: Options) -> None:
    mailing = _found(options.id)
    counted = row(mailing)
    reasons = _reasons(mailing)
    if options.json:
        show.as_json(
            counted
            | {"reasons": reasons, "why": mailing.why or None, "frozen_at": show.iso(mailing.frozen_at)}
        )
        return
    print(f"{mailing.key} · {mailing.kind} · {mailing.state}{': ' + mailing.why if mailing.why else ''}")
    print(f"audience of {show.iso(mailing.frozen_at)}: {mailing.audience}: {progress(counted)}")
    for reason in reasons:
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
    doubtful = Attempt.objects.filter(delivery__mailing=mailing, late=True).count()
    found: list[dict[str, object]] = [
        {"state": state, "reason": reason, "code": code, "reply": reply or None, "count": count}
        for (state, reason, code, reply), count in counted.items()
    ]
    if doubtful:
        found.append(
            {
                "state": "late replies",
                "reason": "a copy may have gone out twice",
                "code": None,
                "reply": None,
                "count": doubtful,
            }
        )
    return found
