"""The arguments of `dispatcher blast FILE.md`, checked: the file, whom it is for, when it goes, who gets a test copy."""

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from dispatcher.errors import BadAddress, BadInput
from dispatcher.formats.address import parse
from dispatcher.mailings import draft
from dispatcher.mailings.binding import Rule
from dispatcher.mailings.preparation import Proposal
from dispatcher.management.command import Options
from dispatcher.models import Topic

_TEST_COPIES = 20  # for the people who look before it goes; each is a connection of its own, all at once


@dataclass(frozen=True, slots=True)
class Given:
    """What was asked for."""

    proposal: Proposal
    test_to: tuple[str, ...]

    @classmethod
    def of(cls, options: Options, zone: ZoneInfo) -> Self:
        """Raises BadInput or Mistakes, which name the argument or the line."""
        if len(options.test_to) > _TEST_COPIES:
            raise BadInput("--test-to", f"{len(options.test_to)} addresses", f"at most {_TEST_COPIES}")
        typed = _text(options.file)
        rule = Rule(topics=_topics(options), everyone=options.everyone, send_at=_moment(options.at, zone))
        proposal = Proposal(
            typed=typed, draft=draft.read(typed, options.file), rule=rule, people=options.people
        )
        return cls(proposal, tuple(_address(one) for one in options.test_to))


def _text(name: str) -> str:
    try:
        raw = _bytes(name)
    except OSError as wrong:
        raise BadInput(name, f"cannot be read: {wrong.strerror}", "name a Markdown file") from None
    draft.require_fitting(len(raw), name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as wrong:
        line = raw[: wrong.start].count(b"\n") + 1
        raise BadInput(f"{name}:{line}", "not UTF-8", "save the file as UTF-8") from None


def _bytes(name: str) -> bytes:
    """No more than shows that it is too much: the file may be a device without end."""
    if name == "-":
        return sys.stdin.buffer.read(draft.LARGEST + 1)
    with Path(name).open("rb") as file:
        return file.read(draft.LARGEST + 1)


def _topics(options: Options) -> tuple[str, ...]:
    asked = [one.strip() for one in options.topics.split(",") if one.strip()]
    if bool(asked) == options.everyone:
        raise BadInput("blast", "for whom?", "--topics A,B, or else --everyone")
    known = list(
        Topic.objects.filter(retired_at__isnull=True).order_by("position").values_list("slug", flat=True)
    )
    unknown = [slug for slug in asked if slug not in known]
    if unknown:
        raise BadInput("--topics", f"no topic {', '.join(unknown)}", f"there are {', '.join(known)}")
    return tuple(slug for slug in known if slug in asked)


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """A time as people in the agency's zone say it; one that the change of clocks skips or repeats is refused."""
    if text is None:
        return None
    wanted = f"such as 2027-01-05 09:00, in {zone.key}"
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}", text):
        raise BadInput("--at", repr(text), wanted)
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=zone)
        first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise BadInput("--at", f"{text!r}: {wrong}", wanted) from None
    if first != second:
        raise BadInput("--at", f"{text!r} is not one moment: clocks change then", "choose another hour")
    return first


def _address(text: str) -> str:
    try:
        return parse(text)
    except BadAddress as wrong:
        raise BadInput("--test-to", wrong.problem, wrong.remedy) from None
