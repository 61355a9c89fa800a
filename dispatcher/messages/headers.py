"""The header block of a message, as segments of a stencil. Every line is folded here; no library folds it again.

`email` would do most of this, but not the part that matters: it drops spaces from about one in twenty-five random Unicode
subjects, and folds a long List-Unsubscribe into encoded words, which kills one-click. So free text becomes encoded words here,
cut between characters, and what readers act on stands on one line.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parseaddr

from dispatcher.errors import BadInput
from dispatcher.messages.stencil import Choice, Encoding, Fixed, Segment, Slot

_WIDTH = 76
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")
_ADDRESS = re.compile(r"[\x21-\x7e]+@[a-z0-9.-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListId:
    """One list, as filters and feedback loops know it. The slug never changes, even if the name does."""

    name: str
    slug: str
    feedback_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMail:
    """What only list mail carries. The ticket is put behind `unsubscribe`; the choice `list` picks one of `lists`."""

    lists: Mapping[str, ListId]
    unsubscribe: str
    help_url: str
    owner: str = ""


# Relays of these providers write a Message-ID of their own; what stands here they repeat in each event, so that it finds its delivery.
# The others keep ours, or tell the envelope sender.
REPEATED = {
    "brevo": (b'X-Mailin-custom: {"message": "', b'"}\r\n'),
    "mailjet": (b"X-MJ-CustomID: ", b"\r\n"),
    "postmark": (b"X-PM-Metadata-message: ", b"\r\n"),
    "sparkpost": (b'X-MSYS-API: {"metadata": {"message": "', b'"}}\r\n'),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """What the header block says, beside subject, recipient and Message-ID. `providers`: whose relays may carry it."""

    from_: str
    reply_to: str = ""
    date: datetime
    language: str = "en"
    auto_submitted: bool
    answers: bool = False
    list_mail: ListMail | None = None
    providers: tuple[str, ...] = ()


def segments(headers: Headers, subject: str) -> list[Segment]:
    """The whole block but for Content-Type and the empty line."""
    domain = _mailbox("From", headers.from_)[1].rpartition("@")[2].lower()
    return [
        Fixed(_senders(headers)),
        *_around(b"To: ", "address", b"\r\n"),
        Fixed(_free_text("Subject", subject)),
        Fixed(_line("Date", format_datetime(headers.date))),
        *_around(b"Message-ID: <", "message_id", f"@{domain}>\r\n".encode("ascii")),
        *_repeated(headers.providers),
        *(_thread(domain) if headers.answers else []),
        *(_list_mail(headers.list_mail, domain) if headers.list_mail else []),
        *([Fixed(_line("Auto-Submitted", "auto-generated"))] if headers.auto_submitted else []),
        # Never `All`: that silences reports of non-delivery too.
        Fixed(_line("X-Auto-Response-Suppress", "OOF, AutoReply")),
        Fixed(_line("Content-Language", headers.language)),
        Fixed(_line("MIME-Version", "1.0")),
    ]


def _repeated(providers: Sequence[str]) -> list[Segment]:
    named = [(before, after) for one, (before, after) in REPEATED.items() if one in providers]
    return [segment for before, after in named for segment in _around(before, "message_id", after)]


def _senders(headers: Headers) -> bytes:
    lines = [_address_line("From", headers.from_)]
    if headers.reply_to:
        lines.append(_address_line("Reply-To", headers.reply_to))
    return b"".join(lines)


def _thread(domain: str) -> list[Segment]:
    """What makes mail programs show it beneath the message that it answers."""
    end = f"@{domain}>\r\n".encode("ascii")
    return [*_around(b"In-Reply-To: <", "answers", end), *_around(b"References: <", "answers", end)]


def _list_mail(mail: ListMail, domain: str) -> list[Segment]:
    lines = {key: (Fixed(_list_id(one, domain)),) for key, one in mail.lists.items()}
    unsubscribe = f"List-Unsubscribe: <{_checked('List-Unsubscribe', mail.unsubscribe)}"
    return [
        Choice("list", lines),
        *_around(unsubscribe.encode("ascii"), "ticket", b">\r\n"),
        Fixed(_line("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
        Fixed(_line("List-Help", f"<{mail.help_url}>")),
        *([Fixed(_line("List-Owner", f"<mailto:{mail.owner}>"))] if mail.owner else []),
        Fixed(_line("List-Post", "NO")),
        # Not in any standard; vacation programs read it.
        Fixed(_line("Precedence", "bulk")),
    ]


def _list_id(one: ListId, domain: str) -> bytes:
    plain = (
        unicodedata.normalize("NFKD", _checked("List-Id", one.name)).encode("ascii", "ignore").decode("ascii")
    )
    phrase = plain.replace("\\", "").replace('"', "")[:60].strip()
    return _line("List-Id", f'"{phrase}"', f"<{one.slug}.lists.{domain}>") + _line(
        "Feedback-ID", one.feedback_id
    )


def _around(before: bytes, slot: str, after: bytes) -> list[Segment]:
    return [Fixed(before), Slot(slot, Encoding.HEADER), Fixed(after)]


def _address_line(name: str, value: str) -> bytes:
    phrase, address = _mailbox(name, value)
    if not phrase:
        return _line(name, address)
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", phrase) + '"'
    room = _WIDTH - len(name) - 2
    words = [quoted] if phrase.isascii() and len(quoted) <= room else _encoded_words(phrase, room)
    return _line(name, *words, f"<{address}>")


def _mailbox(name: str, value: str) -> tuple[str, str]:
    phrase, address = parseaddr(_checked(name, value))
    if not _ADDRESS.fullmatch(address):
        raise BadInput(
            name, "is no address", "an address, or a name and an address: MaineCare <notices@example.gov>"
        )
    return phrase, address


def _free_text(name: str, value: str) -> bytes:
    """A header of plain words, or wholly of encoded ones: mixing the two is where spaces get lost."""
    room = _WIDTH - len(name) - 2
    words = _checked(name, value).split(" ")
    plain = value.isascii() and "=?" not in value and all(words) and max(map(len, words)) <= room
    return _line(name, *(words if plain else _encoded_words(value, room)))


def _encoded_words(text: str, width: int) -> list[str]:
    rows = [""]
    for character in text:
        token = _token(character)
        if len(rows[-1]) + len(token) > width - len("=?utf-8?q??="):
            rows.append("")
        rows[-1] += token
    return [f"=?utf-8?q?{row}?=" for row in rows]


def _token(character: str) -> str:
    if character == " ":
        return "_"
    if character.isascii() and character.isalnum():
        return character
    return "".join(f"={byte:02X}" for byte in character.encode())


def _line(name: str, *words: str) -> bytes:
    """The header, folded before each word that would outgrow the line and fits one of its own."""
    rows = [f"{name}:"]
    for word in words:
        if len(word) < _WIDTH < len(rows[-1]) + 1 + len(word):
            rows.append("")
        rows[-1] += " " + _checked(name, word)
    return ("\r\n".join(rows) + "\r\n").encode("ascii")


def _checked(name: str, value: str) -> str:
    if _UNSEEN.search(value):
        raise BadInput(name, "holds control characters", "visible characters only")
    return value
