"""Reports of RFC 3464: what a mail server says became of a message. Only `Action: failed` counts, and the status says what for."""

import re
from dataclasses import replace
from email.message import Message

from dispatcher.bounces import parts
from dispatcher.bounces.parts import Fields
from dispatcher.bounces.said import Kind, Said
from dispatcher.formats.verdicts import Verdict, clean_reply, judge_report

_STATUS_PARTS = {"message/delivery-status", "message/global-delivery-status"}
# OpenSMTPD says `error`; others add a comment behind the word.
_FAILED, _DELIVERED = re.compile(r"fail|error"), re.compile(r"delivered")
_QUIET = re.compile(r"delay|relay|expand")
# What decides if a report speaks of several: the worst that concerns an address, then what concerns us.
_WORST = (Verdict.GONE, Verdict.BOUNCED)
_HEAVIEST = (Kind.BOUNCE, Kind.DELIVERED, Kind.NOTHING)


def read(message: Message) -> Said | None:
    """What the report says, if the mail is one. Of several recipients the one whose news weighs most speaks for the delivery."""
    found = [one for block in _recipients(message) if (one := _said(block)) is not None]
    return min(found, key=_weight, default=None)


def _weight(one: Said) -> tuple[int, int]:
    worst = _WORST.index(one.verdict) if one.verdict in _WORST else len(_WORST)
    return _HEAVIEST.index(one.kind), worst


def _recipients(message: Message) -> list[Fields]:
    """The groups of fields that speak of one recipient each. Most stand where they should; some mailers put them into plain text."""
    every = list(parts.parts(message))
    status = [one for one in every if one.get_content_type() in _STATUS_PARTS]
    found = [block for one in status for block in _grouped(parts.blocks(parts.body(one)))]
    if found or not _claims_a_report(message):
        return found
    plain = [one for one in every if not one.is_multipart()]
    return [block for one in plain for block in _grouped(parts.blocks(parts.body(one)))]


def _claims_a_report(message: Message) -> bool:
    return message.get_content_type() == "multipart/report" or any(
        name in {"mailer-daemon", "postmaster"} for name in parts.local_parts(message, "From")
    )


def _grouped(blocks: list[Fields]) -> list[Fields]:
    """Blocks with an action. Some mailers divide a recipient's fields by an empty line: those are put together again."""
    whole: list[dict[str, str]] = []
    for block in blocks:
        names_somebody = "final-recipient" in block or "original-recipient" in block
        if "action" in block and not names_somebody and whole and "action" not in whole[-1]:
            whole[-1] = {**whole[-1], **block}
        elif "action" in block or names_somebody:
            whole.append(dict(block))
        elif "status" in block and whole:
            whole[-1] = {**block, **whole[-1]}
    return [one for one in whole if "action" in one]


def _said(block: Fields) -> Said | None:
    action, about = block["action"].lower(), _about(block)
    words = clean_reply(
        block.get("diagnostic-code", "").partition(";")[2] or block.get("diagnostic-code", "")
    )
    verdict, status = judge_report(block.get("status", ""), words)
    told = f"{status or 'no status'} {words}".rstrip()
    said = Said(
        kind=Kind.NOTHING,
        note=f"{action}, which is no bounce: {told}",
        status=status,
        words=words,
        about=about,
    )
    if _FAILED.match(action):
        return replace(said, kind=Kind.BOUNCE, verdict=verdict, note=f"failed: {told}")
    if _DELIVERED.match(action):
        return replace(said, kind=Kind.DELIVERED, note="delivered, says the server that took it")
    return said if _QUIET.match(action) else None


def _about(block: Fields) -> tuple[str, ...]:
    """`rfc822; ann@example.com`, also with angle brackets, or without the type."""
    values = (block.get(name, "") for name in ("original-recipient", "final-recipient"))
    addresses = (one.rpartition(";")[2].strip().strip("<>") for one in values)
    return tuple(dict.fromkeys(one for one in addresses if "@" in one))
