"""A local mailbox: a real SMTP server that keeps every message as a file, so that people can open what subscribers get."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from dispatcher.management.up import ports

# Steady where nothing else listens: what is remembered of a relay goes by its port. aiosmtpd connects to itself to see that it
# runs, so it must be told a number; 0 for "any" will not do.
_FIRST_PORT = 12525


@dataclass(frozen=True, slots=True)
class Received:
    """One message as the mailbox counted it."""

    recipient: str
    subject: str
    file: Path


class Mailbox:
    """Listens on a free port of loopback while entered; writes `<number>-<recipient>.eml` and the HTML part beside it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.received: list[Received] = []
        self._before = _highest(folder)  # a folder that is used again keeps what lies in it
        self._controller = Controller(self, hostname="127.0.0.1", port=ports.free(_FIRST_PORT))

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        """For DISPATCHER_SMTP_URL."""
        return f"smtp://127.0.0.1:{self._controller.port}"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name for the hook
        """Keep the message; 250 only when it is on disk."""
        recipient = envelope.rcpt_tos[0]
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=policy.default)
        number = self._before + len(self.received) + 1
        file = self.folder / f"{number:04d}-{re.sub(r'[^A-Za-z0-9.@-]', '_', recipient)}.eml"
        file.write_bytes(content)
        _write_html(message, file)
        self.received.append(Received(recipient, str(message["Subject"]), file))
        return "250 2.0.0 kept"


def _highest(folder: Path) -> int:
    return max((int(file.name.partition("-")[0]) for file in folder.glob("[0-9]*-*.eml")), default=0)


def _write_html(message: EmailMessage, file: Path) -> None:
    html = message.get_body(("html",))
    if html is not None:
        file.with_suffix(".html").write_text(html.get_content(), encoding="utf-8")
