"""The parts of a mail that came back, read with patience: whatever is broken in it, what can be read is read.

`email` raises on some of what strangers write (a charset that does not exist, a header that is no header); here nothing does.
"""

import binascii
import quopri
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

_LONGEST = 512 * 1024  # of decoded text, in which names are looked for
_MOST_PARTS = 200
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]*:[ \t]*(.*)")
_UNFOLDED = re.compile(r"\r?\n(?=[ \t])")

Fields = Mapping[str, str]


def parsed(raw: bytes) -> Message:
    """The mail as the most forgiving parser reads it."""
    return message_from_bytes(raw, policy=compat32)


def parts(message: Message) -> Iterator[Message]:
    """The mail and all that is in it, so far as there is sense in it."""
    for number, part in enumerate(message.walk()):
        if number == _MOST_PARTS:
            return
        yield part


def header(message: Message, name: str) -> str:
    """One header as text on one line; empty if there is none."""
    value = message.get(name)
    return "" if value is None else " ".join(str(value).split())


def subject(message: Message) -> str:
    """The subject in its own letters, however it was encoded."""
    try:
        return str(make_header(decode_header(header(message, "Subject"))))
    except (HeaderParseError, LookupError, ValueError):
        return header(message, "Subject")


def local_parts(message: Message, name: str) -> list[str]:
    """The parts before the @ of the addresses in a header, in lower case."""
    return [address.rpartition("@")[0].lower() for _, address in getaddresses([header(message, name)])]


def body(part: Message) -> str:
    """What the part says, decoded, with line ends as they are; also of a report, which `email` cuts into blocks."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        written = part.as_bytes(policy=compat32.clone(max_line_length=0)).replace(b"\r\n", b"\n")
        content = _decoded(part, written.partition(b"\n\n")[2])
    return content.decode("utf-8", "replace")


def blocks(text: str) -> list[Fields]:
    """The groups of `Name: value` lines, names in lower case, divided by empty lines. What is no such line is passed over."""
    unfolded = _UNFOLDED.sub("", text.replace("\r\n", "\n"))
    found = [_fields(one) for one in re.split(r"\n[ \t]*\n", unfolded)]
    return [one for one in found if one]


def everything(raw: bytes, message: Message) -> str:
    """All text of the mail, as it stands and decoded."""
    found = [raw.decode("latin-1")]
    room = _LONGEST
    for part in parts(message):
        if room > 0 and _is_encoded(part):
            text = body(part)[:room]
            room -= len(text)
            found.append(text)
    return "\n".join(found)


def _is_encoded(part: Message) -> bool:
    return header(part, "Content-Transfer-Encoding").lower() in {"base64", "quoted-printable"}


def _fields(block: str) -> Fields:
    found: dict[str, str] = {}
    for line in block.split("\n"):
        field = _FIELD.fullmatch(line.strip())
        if field:
            found.setdefault(field[1].lower(), " ".join(field[2].split()))
    return found


def _decoded(part: Message, content: bytes) -> bytes:
    encoding = header(part, "Content-Transfer-Encoding").lower()
    try:
        if encoding == "base64":
            return b64decode(content)
    except (binascii.Error, ValueError):
        return content  # not what it claims to be: read as it stands
    return quopri.decodestring(content) if encoding == "quoted-printable" else content
