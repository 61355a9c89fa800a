"""The account of a mailing in the three forms in which `mailings report` prints it: words, JSON, CSV.

"Accepted" and "delivered" are never said for each other, and "no news" is not "read".
"""

import csv
import sys
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from dispatcher.mailings.reconcile import Account, Bounced
from dispatcher.mailings.report import NOT_WRITTEN_OUT, OPEN, Line, Report, Share
from dispatcher.management import show
from dispatcher.messages.wording import moment
from dispatcher.models import Approval, Attempt

_LATE_SHOWN = 20  # `--json` has them all
_MEANING = {
    "accepted": "the relay took it, which is no proof that it arrived",
    "open": "still owed",
    "no news": "nothing was heard since; not that it was read",
}


def facts(account: Account, zone: ZoneInfo) -> dict[str, object]:
    """As `mailings report --json` prints it."""
    mailing, sums = account.mailing, account.sums
    return {
        "id": str(mailing.id),
        "key": mailing.key,
        "kind": mailing.kind,
        "state": mailing.state,
        "why": mailing.why or None,
        "title": account.title or None,
        "approvals": [_approval(one, zone) for one in account.approvals],
        "frozen_at": show.iso(mailing.frozen_at),
        "frozen_at_local": moment(mailing.frozen_at, zone),
        "finished_at": show.iso(mailing.finished_at),
        "finished_at_local": moment(mailing.finished_at, zone) if mailing.finished_at else None,
        "audience": sums.audience,
        "even": sums.is_even,
        "problems": list(sums.problems),
        "sums": _shares(sums.parts),
        "accepted": _shares(sums.news),
        "bounced_later": [_bounced(one) for one in account.bounced],
        "failed": [_reason(one) | {"code": one.code} for one in sums.of("failed")],
        "suppressed": [_reason(one) for one in sums.of("suppressed")],
        "cancelled": [_reason(one) for one in sums.of("cancelled")],
        "cancelled_in_doubt": sums.cancelled_in_doubt,
        "open": _open(account),
        "late_replies": [_late(one) for one in account.late_replies],
    }


def _approval(one: Approval, zone: ZoneInfo) -> dict[str, object]:
    return {
        "author": one.author.name,
        "approver": one.approver.name,
        "audience": one.audience,
        "reason": one.reason or None,
        "approved_at": show.iso(one.approved_at),
        "approved_at_local": moment(one.approved_at, zone),
    }


def _shares(shares: Sequence[Share]) -> dict[str, object]:
    return {one.name.replace(" ", "_"): {"count": one.count, "percent": one.percent} for one in shares}


def _bounced(one: Bounced) -> dict[str, object]:
    return {
        "verdict": one.verdict,
        "status": one.status or None,
        "count": one.count,
        "words": one.words or None,
    }


def _reason(line: Line) -> dict[str, object]:
    return {"reason": line.reason, "count": line.count}


def _open(account: Account) -> dict[str, object]:
    counts = {line.state or line.reason: line.count for line in account.sums.of("open")}
    return {
        **{state: counts.get(state, 0) for state in OPEN},
        "not_written_out": counts.get(NOT_WRITTEN_OUT, 0),
        "in_doubt": account.sums.open_in_doubt,
        "oldest_age_seconds": None if account.oldest_open is None else round(account.oldest_open),
    }


def _late(one: Attempt) -> dict[str, object]:
    return {
        "delivery": str(one.delivery_id),
        "attempt": one.attempt,
        "at": show.iso(one.at),
        "verdict": one.verdict,
        "code": one.code,
        "reply": one.reply or None,
        "relay": one.relay or None,
    }


def write_csv(sums: Report) -> None:
    """One line for each group; the counts of all lines are the audience."""
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(["part", "state", "reason", "code", "count"])
    lines.writerows((one.part, one.state, one.reason, one.code, one.count) for one in sums.lines)


def write(account: Account, zone: ZoneInfo, now: datetime) -> None:
    """For people to read, and to keep."""
    mailing, sums = account.mailing, account.sums
    print(f"{mailing.key} · {mailing.kind} · {mailing.state}{': ' + mailing.why if mailing.why else ''}")
    if account.title:
        print(account.title)
    for one in account.approvals:
        print(f"written by {one.author.name}, approved by {one.approver.name} {_both(one.approved_at, zone)}")
    print(f"audience of {_both(mailing.frozen_at, zone)}: {sums.audience}")
    if mailing.finished_at:
        print(f"finished {_both(mailing.finished_at, zone)}")
    print(f"as of {_both(now, zone)}\n")
    for part in sums.parts:
        _write_share(part, "  ")
        _write_lines(sums, part.name)
        _write_bounces(account.bounced if part.name == "accepted" else ())
    print(f"  {'together':<28}{sum(part.count for part in sums.parts):>8}")
    _write_doubts(account)
    if sums.is_even:
        print(f"\neven: everybody of the audience of {sums.audience} is accounted for")


def alarm(account: Account) -> int:
    """Say loudly what is wrong. Returns the exit code."""
    for problem in account.sums.problems:
        words = escape(f"NOT EVEN: {account.mailing.key}: {problem}")
        Console(stderr=True, soft_wrap=True).print(f"[bold red]{words}[/]", highlight=False)
    return 1


def _both(when: datetime, zone: ZoneInfo) -> str:
    return f"{show.iso(when)} ({moment(when, zone)})"


def _write_share(one: Share, margin: str) -> None:
    print(
        f"{margin + one.name:<30}{one.count:>8}{one.percent:>8.1f} %  {_MEANING.get(one.name, '')}".rstrip()
    )


def _write_bounces(bounced: Sequence[Bounced]) -> None:
    for one in bounced:
        what = f"      came back: {one.verdict} {one.status}"
        print(f"{what:<30}{one.count:>8}            {show.shortened(one.words, 80)}".rstrip())


def _write_lines(sums: Report, part: str) -> None:
    if part == "accepted":
        for one in sums.news:
            _write_share(one, "    of these ")
        return
    for line in sums.of(part):
        what = " ".join(
            filter(None, [line.state if part == "open" else "", line.reason, str(line.code or "")])
        )
        print(f"    {what:<26}{line.count:>8}")


def _write_doubts(account: Account) -> None:
    sums = account.sums
    if account.oldest_open is not None:
        doubts = (
            f", {sums.open_in_doubt} in doubt: a copy may be out" if sums.open_in_doubt else ", none in doubt"
        )
        print(f"\nopen: owed for {show.span(account.oldest_open)}{doubts}")
    if sums.cancelled_in_doubt:
        print(f"\n{sums.cancelled_in_doubt} of the cancelled were in doubt before: a copy may be out")
    if account.late_replies:
        print(f"\nlate replies, each perhaps of a second copy: {len(account.late_replies)}")
    for one in account.late_replies[:_LATE_SHOWN]:
        print(
            f"  {show.iso(one.at)} delivery {one.delivery_id}: {one.code or ''} {one.verdict} {one.reply}".rstrip()
        )
    if len(account.late_replies) > _LATE_SHOWN:
        print(f"  … and {len(account.late_replies) - _LATE_SHOWN} more, which --json shows")
