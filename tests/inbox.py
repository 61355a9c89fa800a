"""The reader's end: wait for a message to somebody, and take out of it what they would click."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.request import Request, urlopen

from relay import Smtpd
from supervised import eventually

WITHIN = 30.0  # seconds, on a machine that does other things too


def mail(relay: Smtpd, to: str, count: int = 1) -> EmailMessage:
    """The so-manieth message to this address, as soon as it has come."""
    came = eventually(lambda: len(_to(relay, to)) >= count, WITHIN)
    assert came, f"{to} got {[one['Subject'] for one in _to(relay, to)]}"
    return _to(relay, to)[count - 1]


def subjects(relay: Smtpd, to: str) -> list[str]:
    """Of everything that has come so far."""
    return [str(one["Subject"]) for one in _to(relay, to)]


def links(message: EmailMessage) -> list[str]:
    """Every address in it, in both parts and in the headers."""
    bodies = "\n".join(part.get_content() for part in message.walk() if part.get_content_maintype() == "text")
    header = str(message["List-Unsubscribe"] or "")
    found = re.findall(r"https?://[^\s\"'<>]+", f"{header}\n{bodies}")
    return list(dict.fromkeys(one.rstrip(".,") for one in found))


def link(message: EmailMessage, path: str) -> str:
    """The one address of ours under this path."""
    found = [one for one in links(message) if path in one]
    assert found, links(message)
    return found[0]


def one_click(message: EmailMessage) -> int:
    """What a mailbox provider does for its user (RFC 8058, section 3.2); the status."""
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = str(message["List-Unsubscribe"]).strip("<>")
    with urlopen(Request(address, data=b"List-Unsubscribe=One-Click", method="POST"), timeout=10) as answer:
        assert not answer.headers.get("Set-Cookie")
        return int(answer.status)


def _to(relay: Smtpd, address: str) -> list[EmailMessage]:
    taken = [one.content for one in list(relay.messages) if one.recipient == address]
    return [message_from_bytes(one, policy=policy.default) for one in taken]
