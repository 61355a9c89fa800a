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
import words
from office import AGENCY, BARE_AGENCY, BILLING, HOSPITAL, translated
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
from dispatcher.messages.language import ENGLISH, USUAL, Variant
from dispatcher.messages.letters import Frame, Submitted

# What tests take from here as well.
__all__ = ["BILLING", "BULLETINS", "HOSPITAL", "PLAIN", "TOLD"]

MOVED_BECAUSE = (
    "The section was absorbed by two others on July 1, 2026. <Its> services & rates go on under them."
)
# Marks around English words in the text of another language.
UNTURNED = str.maketrans("", "", "\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}")
KEY = "a key for tests alone, 0123456789abcdef"


def _frame(agency: AgencyContact, variant: Variant) -> Frame:
    return Frame(agency, LINKS.public_url, SENT_AT, BOUNDARY, variant)


def _confirm(topics: list[str], agency: AgencyContact, variant: Variant) -> Composed:
    frame = _frame(agency, variant)
    return system.confirm(topics, SENT_AT - timedelta(minutes=5), SENT_AT + timedelta(hours=72), frame)


def _sign_in(agency: AgencyContact, variant: Variant) -> Composed:
    frame = _frame(agency, variant)
    return system.sign_in(SENT_AT - timedelta(minutes=5), SENT_AT + timedelta(hours=24), frame)


SUBMITTED = Submitted(
    bulletin_id=42,
    title=BLAST.title,
    author="Pat Planner",
    audience=24_117,
    send_at=SENT_AT + timedelta(days=3),
)
SYSTEM: dict[str, Callable[[Variant], Composed]] = {
    "confirm": lambda variant: _confirm(["Hospital services", "Claims & billing <all>"], AGENCY, variant),
    "sign_in": lambda variant: _sign_in(AGENCY, variant),
    "goodbye": lambda variant: system.goodbye(
        ["Hospital services", "Claims & billing <all>"], SENT_AT, _frame(AGENCY, variant)
    ),
    "approval": lambda variant: system.approval_request(SUBMITTED, _frame(AGENCY, variant)),
    "moved": lambda variant: system.moved(
        "Day Habilitation & more",
        ["Community Support", "Adaptive Behavior"],
        MOVED_BECAUSE,
        _frame(AGENCY, variant),
    ),
    "alert": lambda variant: system.alert(alerts.ALERT, _frame(AGENCY, variant)),
}
MORE_SYSTEM: dict[str, Callable[[Variant], Composed]] = {
    "confirm-many": lambda variant: _confirm(MANY, AGENCY, variant),
    "bare-confirm": lambda variant: _confirm(MANY[:1], BARE_AGENCY, variant),
    "bare-sign_in": lambda variant: _sign_in(BARE_AGENCY, variant),
    "bare-moved": lambda variant: system.moved(
        "Day Habilitation", ["Community Support"], "Merged.", _frame(BARE_AGENCY, variant)
    ),
    "bare-alert": lambda variant: system.alert(alerts.WELL, _frame(BARE_AGENCY, variant)),
    "crowded-alert": lambda variant: system.alert(alerts.CROWDED, _frame(AGENCY, variant)),
    "recovered-alert": lambda variant: system.alert(alerts.RECOVERED, _frame(AGENCY, variant)),
    "bare-approval": lambda variant: system.approval_request(
        replace(SUBMITTED, title=LONG_TITLE, author="R&D <Section 97>", audience=1, send_at=None),
        _frame(BARE_AGENCY, variant),
    ),
}
_KINDS = (*BULLETINS, *SEVERAL, *SYSTEM)
SYSTEM_MAIL = (*SYSTEM, *MORE_SYSTEM)
OF_SEVERAL = (*SEVERAL, *MORE_SEVERAL)
LIST_MAIL = (*BULLETINS, *MORE_BULLETINS, *OF_SEVERAL)
EVERY = (*LIST_MAIL, *SYSTEM_MAIL)
# The same in a language that is written from right to left, and as a reader of text alone gets it.
RIGHT_TO_LEFT = tuple(f"{name}@ar" for name in _KINDS)
KEPT = (*_KINDS, "plain@ar", "correction@ar", "parts@ar", "confirm@ar", "plain@text", "confirm@text")
_VARIANTS = {
    "": lambda: USUAL,
    "ar": lambda: Variant(words.made_up()),
    "text": lambda: Variant(ENGLISH, plain_text=True),
}


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
    kind, _, wanted = name.partition("@")
    variant = _VARIANTS[wanted]()
    ready = SYSTEM | MORE_SYSTEM | SEVERAL | MORE_SEVERAL
    if kind in ready:
        return ready[kind](variant)
    content, agency, reasons = (BULLETINS | MORE_BULLETINS)[kind]
    said = [translated(one, variant.language) for one in reasons]
    return kinds.bulletin(content, agency, said, links, sent_at=SENT_AT, boundary=BOUNDARY, variant=variant)


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
    text, html = (
        [part.get_payload(decode=True).decode() for part in message.walk() if not part.is_multipart()] + [""]
    )[:2]
    return Letter(raw, message, text, html)


@cache
def letter(name: str, person: Person | None = None) -> Letter:
    return read(copy(composed(name), person or reader(name), TOLD.get(name.partition("@")[0], ())))


def said_in(name: str, message: str, **values: str) -> str:
    """A sentence of ours in the language of that letter."""
    return _VARIANTS[name.partition("@")[2]]().language.gettext(message, **values)


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
    seen = found.page.iter("h1", "h2", "h3", "h4", "a", "img") if found.html else ()
    page = [f"{one.tag}: {_told(one)}" for one in seen]
    return "\n".join(
        [*headers, "", "--- text ---", "", *found.text.splitlines(), "", "--- html ---", "", *page, ""]
    )


def _told(element: lxml.html.HtmlElement) -> str:
    words = " ".join((element.get("alt") or element.text_content()).split())
    target = element.get("href") or element.get("src")
    return f"{words} → {target}" if target else words
