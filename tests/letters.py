"""Messages of every kind for tests to compose, address and read: plain ones and nasty ones, with everything random frozen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import alerts
import lxml.html
from office import AGENCY, BARE_AGENCY, BILLING, HOSPITAL
from samples import (
    BLAST,
    BOUNDARY,
    BULLETINS,
    LINKS,
    LONG_TITLE,
    MANY,
    MORE_BULLETINS,
    PLAIN,
    SENT_AT,
)
from several import MORE_SEVERAL, SEVERAL, TOLD

from dispatcher.formats import tickets
from dispatcher.messages import kinds
from dispatcher.messages import letters as system
from dispatcher.messages.compose import Composed
from dispatcher.messages.contents import Contents
from dispatcher.messages.kinds import EVERYONE, AgencyContact, Links
from dispatcher.messages.letters import Frame, Submitted

# What tests take from here as well.
__all__ = ["BILLING", "BULLETINS", "HOSPITAL", "PLAIN", "TOLD"]

MOVED_BECAUSE = (
    "The section was absorbed by two others on July 1, 2026. <Its> services & rates go on under them."
)
KEY = "a key for tests alone, 0123456789abcdef"


def _frame(agency: AgencyContact) -> Frame:
    return Frame(agency, LINKS.public_url, SENT_AT, BOUNDARY)


def _confirm(topics: list[str], agency: AgencyContact) -> Composed:
    return system.confirm(
        topics, SENT_AT - timedelta(minutes=5), SENT_AT + timedelta(hours=72), _frame(agency)
    )


def _sign_in(agency: AgencyContact) -> Composed:
    return system.sign_in(SENT_AT - timedelta(minutes=5), SENT_AT + timedelta(hours=24), _frame(agency))


SUBMITTED = Submitted(
    bulletin_id=42,
    title=BLAST.title,
    author="Pat Planner",
    audience=24_117,
    send_at=SENT_AT + timedelta(days=3),
)
SYSTEM: dict[str, Callable[[], Composed]] = {
    "confirm": lambda: _confirm(["Hospital services", "Claims & billing <all>"], AGENCY),
    "sign_in": lambda: _sign_in(AGENCY),
    "goodbye": lambda: system.goodbye(
        ["Hospital services", "Claims & billing <all>"], SENT_AT, _frame(AGENCY)
    ),
    "approval": lambda: system.approval_request(SUBMITTED, _frame(AGENCY)),
    "moved": lambda: system.moved(
        "Day Habilitation & more", ["Community Support", "Adaptive Behavior"], MOVED_BECAUSE, _frame(AGENCY)
    ),
    "alert": lambda: system.alert(alerts.ALERT, _frame(AGENCY)),
}
MORE_SYSTEM: dict[str, Callable[[], Composed]] = {
    "confirm-many": lambda: _confirm(MANY, AGENCY),
    "bare-confirm": lambda: _confirm(MANY[:1], BARE_AGENCY),
    "bare-sign_in": lambda: _sign_in(BARE_AGENCY),
    "bare-moved": lambda: system.moved(
        "Day Habilitation", ["Community Support"], "Merged.", _frame(BARE_AGENCY)
    ),
    "bare-alert": lambda: system.alert(alerts.WELL, _frame(BARE_AGENCY)),
    "crowded-alert": lambda: system.alert(alerts.CROWDED, _frame(AGENCY)),
    "recovered-alert": lambda: system.alert(alerts.RECOVERED, _frame(AGENCY)),
    "bare-approval": lambda: system.approval_request(
        replace(SUBMITTED, title=LONG_TITLE, author="R&D <Section 97>", audience=1, send_at=None),
        _frame(BARE_AGENCY),
    ),
}
KEPT = (*BULLETINS, *SEVERAL, *SYSTEM)
SYSTEM_MAIL = (*SYSTEM, *MORE_SYSTEM)
OF_SEVERAL = (*SEVERAL, *MORE_SEVERAL)
LIST_MAIL = (*BULLETINS, *MORE_BULLETINS, *OF_SEVERAL)
EVERY = (*LIST_MAIL, *SYSTEM_MAIL)


@dataclass(frozen=True)
class Person:
    """Somebody with a delivery."""

    delivery_id: int
    address: str
    topics: tuple[str, ...]

    @property
    def ticket(self) -> str:
        return tickets.sign(tickets.Purpose.UNSUBSCRIBE, self.delivery_id, KEY)

    def values(self) -> dict[str, str]:
        return kinds.person(
            self.address, self.ticket, f"{self.delivery_id}.0a1b2c3d", f"{self.delivery_id - 700}.f0e1d2c3"
        )


JANE = Person(4711, "Jane.O'Neil+a&b=c@example.com", ("3", "17"))
JOE = Person(4712, "joe@example.org", ("3",))


@dataclass(frozen=True)
class Letter:
    """One copy as a mail program sees it, and its bytes."""

    raw: bytes
    message: EmailMessage
    text: str
    html: str

    @property
    def page(self) -> lxml.html.HtmlElement:
        return lxml.html.document_fromstring(self.html)


def composed(name: str, links: Links = LINKS) -> Composed:
    ready = SYSTEM | MORE_SYSTEM | SEVERAL | MORE_SEVERAL
    if name in ready:
        return ready[name]()
    content, agency, reasons = (BULLETINS | MORE_BULLETINS)[name]
    return kinds.bulletin(content, agency, reasons, links, sent_at=SENT_AT, boundary=BOUNDARY)


def copy(message: Composed, person: Person, told: tuple[str, ...] = ()) -> bytes:
    """`told`: of a message about several bulletins, those that this person is told; unset: all."""
    order = message.stencil.keys("reason")
    topics = () if order == (str(EVERYONE.topic_id),) else person.topics
    contents = Contents.of(message.stencil)
    told = told or contents.bulletins
    choices = contents.choose(told, topics) if told else kinds.chosen(topics, order)
    return message.stencil.splice(person.values(), choices)


def read(raw: bytes) -> Letter:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    text, html = (part.get_payload(decode=True).decode() for part in message.iter_parts())
    return Letter(raw, message, text, html)


@cache
def letter(name: str, person: Person | None = None) -> Letter:
    return read(copy(composed(name), person or reader(name), TOLD.get(name, ())))


def reader(name: str) -> Person:
    """Who gets it in most tests: somebody with all the topics that it is about."""
    if name == "crowded":
        return replace(JANE, topics=tuple(str(number) for number in range(1, 61)))
    return JANE


GOLDEN = Path(__file__).parent / "messages" / "golden"


def golden(name: str) -> dict[str, bytes]:
    """The files that hold a letter still: its bytes, and what its reader finds."""
    found = letter(name)
    return {f"{name}.eml": found.raw, f"{name}.outline.txt": outline(found).encode()}


def outline(found: Letter) -> str:
    """Headers, text part, and the HTML part's headings, links and pictures, in order."""
    headers = [f"{name}: {value}" for name, value in found.message.items()]
    page = [f"{one.tag}: {_told(one)}" for one in found.page.iter("h1", "h2", "h3", "h4", "a", "img")]
    return "\n".join(
        [*headers, "", "--- text ---", "", *found.text.splitlines(), "", "--- html ---", "", *page, ""]
    )


def _told(element: lxml.html.HtmlElement) -> str:
    words = " ".join((element.get("alt") or element.text_content()).split())
    target = element.get("href") or element.get("src")
    return f"{words} → {target}" if target else words
