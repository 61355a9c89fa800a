"""Feedback reports of RFC 5965: somebody pressed “this is spam”. Their address is often blanked; our own names tell who it was."""

from email.message import Message

from dispatcher.bounces import parts
from dispatcher.bounces.said import Kind, Said


def read(message: Message) -> Said | None:
    """What the report says, if the mail is one. Only `abuse` is a complaint: `not-spam` and its kin are the opposite, or about keys."""
    found = next(
        (one for one in parts.parts(message) if one.get_content_type() == "message/feedback-report"), None
    )
    if found is None:
        return None
    fields = {
        name: value for block in reversed(parts.blocks(parts.body(found))) for name, value in block.items()
    }
    kind = fields.get("feedback-type", "").lower()
    about = fields.get("original-rcpt-to", "").strip("<>")
    addresses = (about,) if "@" in about else ()
    if kind == "abuse":
        return Said(
            kind=Kind.COMPLAINT,
            note="somebody reported the message as spam",
            words="abuse report",
            about=addresses,
        )
    return Said(
        kind=Kind.NOTHING, note=f"feedback of the kind {kind or 'unknown'}: no complaint", about=addresses
    )
