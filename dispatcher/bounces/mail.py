"""A mail that came to a bounce address, whatever it is: a report, a complaint, an automatic reply, a bounce in odd words, or none of them."""

from dataclasses import replace

from dispatcher.bounces import arf, dsn, oddities, parts, replies
from dispatcher.bounces.said import Kind, Said


def read(raw: bytes) -> Said:
    """What it says. Never raises, whatever the bytes are."""
    try:
        return _read(raw)
    except Exception as odd:  # noqa: BLE001 -- `email` and flufl.bounce stumble over what nobody foresaw, and deep nesting ends the stack
        note = f"it cannot be read: {type(odd).__name__}: {odd}"[:500]
        return Said(kind=Kind.UNREADABLE, note=note, text=raw.decode("latin-1"))


def _read(raw: bytes) -> Said:
    message = parts.parsed(raw)
    # Reports first: they say `auto-replied` of themselves, and quote words that others look for.
    said = arf.read(message) or dsn.read(message) or replies.read(message) or oddities.read(raw)
    said = said or Said(kind=Kind.UNREADABLE, note="a mail that is no report, or none that we can read")
    identity = parts.header(message, "Message-ID")
    return replace(said, event_id=identity[:200], text=parts.everything(raw, message))
