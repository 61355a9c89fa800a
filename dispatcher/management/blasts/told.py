"""How the command line shows a blast: preview files, heads, findings, approvals. Tables and words for people, JSON for scripts."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher.delivery.copies import Handed
from dispatcher.mailings.audience import Heads
from dispatcher.mailings.preparation import Prepared
from dispatcher.management import show
from dispatcher.messages.wording import moment
from dispatcher.models import Approval, Bulletin, BulletinState, Mailing, Submission

COLUMNS = {
    "id": "ID",
    "state": "STATE",
    "author": "AUTHOR",
    "audience": "PEOPLE",
    "topics": "TOPICS",
    "title": "SUBJECT",
}


def write_preview(folder: Path, prepared: Prepared) -> dict[str, str]:
    """The message as files to look at; their paths."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = {}
    for name, content in (("text", prepared.message.text), ("html", prepared.message.html)):
        file = folder / f"message.{'txt' if name == 'text' else name}"
        file.write_text(content, encoding="utf-8")
        written[name] = str(file)
    return written


def submitted(prepared: Prepared, preview: dict[str, str], handed: Sequence[Handed]) -> dict[str, object]:
    """For scripts."""
    return {
        "id": str(prepared.bulletin_id) if prepared.bulletin_id else None,
        "state": prepared.state if prepared.bulletin_id else None,
        "subject": prepared.message.subject,
        "audience": asdict(prepared.heads),
        "findings": [asdict(one) for one in prepared.findings],
        "preview": preview,
        "test_copies": [asdict(one) for one in handed],
    }


def print_submitted(prepared: Prepared, preview: dict[str, str], handed: Sequence[Handed]) -> None:
    """For people."""
    print(f"subject    {prepared.message.subject}")
    for line in heads(prepared.heads):
        print(f"audience   {line}")
    for finding in prepared.findings:
        print(f"{finding.weight.value:<10} {finding.where}: {finding.what} → {finding.remedy}")
    for name, path in preview.items():
        print(f"{name:<10} {path}")
    for copy in handed:
        print(
            f"test copy  {copy.address}: {'the relay took it' if copy.accepted else 'not taken'} ({copy.said})"
        )
    print(_ending(prepared))


def _ending(prepared: Prepared) -> str:
    if prepared.bulletin_id is None:
        blocked = "not handed in: mend what blocks it" if prepared.blocked else ""
        return "\n" + (blocked or "a dry run: nothing was handed in")
    if prepared.state != BulletinState.SUBMITTED:
        same = f"the same was handed in before: blast {prepared.bulletin_id} is {prepared.state}"
        return f"\n{same}; a word that differs makes it another one"
    approve = f"dispatcher blast approve {prepared.bulletin_id} --as ANOTHER_NAME"
    return f"\nblast {prepared.bulletin_id} is submitted and waits for a second person: {approve}"


def heads(counted: Heads) -> list[str]:
    """The audience in words."""
    lines = [f"{counted.people} {'person' if counted.people == 1 else 'people'}"]
    lines += [f"{number} follow {slug}" for slug, number in counted.topics.items()]
    if counted.several:
        lines.append(f"{counted.several} of them follow more than one: they get it once")
    if counted.suppressed:
        lines.append(f"{counted.suppressed} more may not be mailed (suppressed)")
    if counted.digests:
        lines.append(f"{counted.digests} more want a daily or weekly digest, not mail at once")
    return lines


def row(bulletin: Bulletin) -> dict[str, object]:
    """One line of the list."""
    submission = bulletin.submissions.order_by("number").last()
    return {
        "id": str(bulletin.id),
        "title": bulletin.title,
        "state": bulletin.state,
        "author": bulletin.author.name if bulletin.author else None,
        "topics": _topics(submission),
        "audience": submission.audience if submission else None,
        "send_at": show.iso(submission.send_at) if submission else None,
    }


def _topics(submission: Submission | None) -> list[str]:
    if submission is None:
        return []
    return ["everyone"] if submission.everyone else list(submission.topics)


def one(bulletin: Bulletin) -> dict[str, object]:
    """Everything about one blast."""
    submission = bulletin.submissions.order_by("number").last()
    mailing = bulletin.mailings.first()
    return row(bulletin) | {
        "why": bulletin.held_because or None,
        "hash": bulletin.content_hash or None,
        "submitted_at": show.iso(submission.submitted_at) if submission else None,
        "findings": submission.findings if submission else [],
        "approvals": [
            _approval(each) for each in bulletin.approvals.select_related("approver").order_by("id")
        ],
        "mailing": _mailing(mailing) if mailing else None,
        "markdown": bulletin.markdown,
    }


def _approval(each: Approval) -> dict[str, object]:
    return {
        "approver": each.approver.name,
        "approved_at": show.iso(each.approved_at),
        "audience": each.audience,
        "reason": each.reason or None,
        "voided_because": each.voided_because or None,
    }


def _mailing(mailing: Mailing) -> dict[str, object]:
    return {"id": str(mailing.id), "state": mailing.state, "starts_at": show.iso(mailing.starts_at)}


def print_one(bulletin: Bulletin, words: str, zone: ZoneInfo) -> None:
    """For people; below, the words that readers get, not those that the author typed: that is what is approved."""
    facts = one(bulletin)
    print(f"blast {facts['id']} · {facts['state']}{': ' + str(facts['why']) if facts['why'] else ''}")
    print(f"subject    {bulletin.title}")
    print(f"author     {facts['author']}")
    submission = bulletin.submissions.order_by("number").last()
    if submission:
        print(
            f"for        {', '.join(_topics(submission))}, {submission.audience} people when it was submitted"
        )
        print(f"goes out  {_when(submission.send_at, zone) or ' as soon as it is approved'}")
        for finding in submission.findings:
            print(f"found      {finding['where']}: {finding['what']} → whoever approves says why it may go")
    for approval in bulletin.approvals.select_related("approver").order_by("id"):
        voided = f" (voided: {approval.voided_because})" if approval.voided_at else ""
        print(f"approved   by {approval.approver.name}, {moment(approval.approved_at, zone)}{voided}")
    for mailing in bulletin.mailings.all():
        print(f"mailing    {mailing.id}, {mailing.state}{_when(mailing.starts_at, zone)}")
    print(f"\n{words}")


def print_approved(mailing: Mailing, zone: ZoneInfo, now: datetime) -> None:
    """What happens next. Without a time to wait for, a worker may have begun already."""
    waits = mailing.starts_at is not None and mailing.starts_at > now
    print(
        f"approved; its mailing is {mailing.id} and starts{_when(mailing.starts_at, zone) if waits else ' at once'}"
    )
    recall = "; until it starts `dispatcher blast cancel` calls it back" if waits else ""
    print(f"watch it by `dispatcher mailings show {mailing.id}`{recall}")


def _when(starts_at: datetime | None, zone: ZoneInfo) -> str:
    return f" {starts_at.astimezone(zone):%A}, {moment(starts_at, zone)}" if starts_at else ""
