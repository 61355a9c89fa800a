"""Read what the local mailbox has kept: `<number>-<recipient>.eml` in one folder.

Files are found by listing it, never by a name from outside; and whatever bytes a message is made of, it can be shown.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import HeaderRegistry
from email.message import Message
from email.parser import BytesParser
from email.policy import EmailPolicy
from pathlib import Path

# Every header as plain text: the structured ones of Python 3.11 fail on some malformed addresses.
_POLICY = EmailPolicy(header_factory=HeaderRegistry(use_default_map=False))
_NAME = re.compile(r"([0-9]{1,9})-.+\.eml")


@dataclass(frozen=True, slots=True)
class Heading:
    """One line of the list."""

    number: int
    to: str
    subject: str
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """One message. `html` is whatever was sent: only for a sandbox."""

    heading: Heading
    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None


def files(folder: Path) -> dict[int, Path]:
    """The messages by number, the newest first. A mailbox that has not been opened yet is an empty one."""
    if not folder.is_dir():
        return {}
    named = ((_NAME.fullmatch(file.name), file) for file in folder.iterdir())
    numbered = sorted((int(name[1]), file) for name, file in named if name and not file.is_symlink())
    return dict(reversed(numbered))


def heading(number: int, file: Path) -> Heading:
    """What the list shows; reads no further than the headers."""
    return _heading(number, file, _parsed(file, headers_only=True))


def read(number: int, file: Path) -> Kept:
    """The whole message."""
    message = _parsed(file)
    return Kept(
        heading=_heading(number, file, message),
        headers=tuple((_ascii(name), str(value)) for name, value in message.items()),
        text=_part(message, "text/plain"),
        html=_part(message, "text/html"),
    )


def _parsed(file: Path, *, headers_only: bool = False) -> Message:
    return BytesParser(policy=_POLICY).parsebytes(file.read_bytes(), headersonly=headers_only)


def _heading(number: int, file: Path, message: Message) -> Heading:
    kept_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return Heading(number, str(message["To"] or "–"), str(message["Subject"] or "(no subject)"), kept_at)


def _ascii(name: str) -> str:
    return name.encode("ascii", "replace").decode("ascii")


def _part(message: Message, kind: str) -> str | None:
    """The first part of this type that is not an attachment."""
    for part in message.walk():
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            content = part.get_payload(decode=True)
            return (
                _decoded(content, part.get_content_charset("utf-8")) if isinstance(content, bytes) else None
            )
    return None


def _decoded(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError):  # no such charset, or one that cannot be forgiving
        return content.decode("utf-8", "replace")
