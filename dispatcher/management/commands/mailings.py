"""`dispatcher mailings`: each occasion to write, its audience, and where its deliveries stand."""

from argparse import ArgumentParser

from dispatcher.errors import NotFound
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


def _show(options: Options) -> None:
    mailing = Mailing.objects.filter(id=options.id).first()
    if mailing is None:
        raise NotFound(f"no mailing {options.id}; `dispatcher mailings list` shows those there are")
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
