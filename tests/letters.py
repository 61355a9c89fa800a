"""Messages of every kind for tests to compose, address and read: plain ones and nasty ones, with everything random frozen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import alerts
import lxml.html
import occasions
from office import AGENCY, BARE_AGENCY, BILLING, HOSPITAL

from dispatcher.formats import tickets
from dispatcher.formats.contact import Contact
from dispatcher.messages import kinds
from dispatcher.messages import letters as system
from dispatcher.messages.compose import Composed
from dispatcher.messages.kinds import EVERYONE, AgencyContact, BulletinContent, Links
from dispatcher.messages.letters import Frame, Submitted
from dispatcher.messages.wording import Change

KEY = "a key for tests alone, 0123456789abcdef"
BOUNDARY = "00112233445566778899aabbccddeeff"
SENT_AT = datetime(2026, 8, 21, 18, 5, tzinfo=UTC)
LINKS = Links("https://notices.example.gov", 42)

PLAIN = BulletinContent(
    title="Hospital services, Section 45: new outpatient rates",
    type="adopted",
    url="https://www.example.gov/rules/45?part=2&show=all%20pages",
    source_name="Rules of the Office of Examples",
    published_at=datetime(2026, 8, 21, 18, 0, tzinfo=UTC),
    body_html=(
        "<h3>What changes</h3><p>From <strong>October 1, 2026</strong> the outpatient rate for claims is $104.20. "
        'The <a href="/rules/45/full.pdf?x=1&amp;y=50%25">rule in full</a> tells how it is computed.</p>'
        "<h4>Who is affected</h4><ul><li>Hospitals in Maine</li><li>Clinics that bill as hospitals</li></ul>"
        "<table><tr><th>Service</th><th>Rate</th></tr><tr><td>Visit</td><td>$104.20</td></tr></table>"
    ),
)
BLAST = BulletinContent(
    title="Help desk closed on Friday, October 2, 2026",
    type="notice",
    url="",
    source_name="",
    published_at=SENT_AT,
    body_html="<p>The help desk is closed all day. Claims are paid as usual.</p>",
    contact=Contact(name="Pat Planner", telephone="207-555-0188", email="planning@example.gov"),
)
LONG_TITLE = "R&D <Section 97> 😀 “quoted” — " + "a title that goes on and on " * 10
MANY = [f"Topic {number}: services & supplies of chapter {number}" for number in range(1, 61)]

BULLETINS = {
    "plain": (PLAIN, AGENCY, [HOSPITAL, BILLING]),
    "correction": (
        BulletinContent(
            title="Office hours moved to Thursday",
            type="notice",
            url="https://www.example.gov/hours",
            source_name="Bulletins of the Office of Examples",
            published_at=datetime(2026, 8, 21, 4, 0, tzinfo=UTC),
            body_html="<p>The call about claims is on <strong>Thursday, August 27, 2026</strong>, at 11 a.m.</p>",
            corrects=True,
            changes=[
                Change(
                    "changed",
                    "The call is on Wednesday.",
                    "The call about claims is on Thursday, August 27, 2026, at 11 a.m.",
                ),
                Change("added", "", "Bring your <claims> & codes."),
                Change("removed", "Lunch is served.", ""),
            ],
        ),
        AGENCY,
        [BILLING],
    ),
    "nasty": (
        BulletinContent(
            title=LONG_TITLE,
            type="emergency",
            url="https://www.example.gov/r&d?x=<97>",
            source_name="R&D <source>",
            published_at=None,
            body_html=(
                "<h4>Deep</h4><p>.a line that begins with a dot\n.and another; 1=1 &amp; R&amp;D &lt;Section 97&gt;</p>"
                f"<p>{'unbroken' * 40}</p><script>alert(1)</script><p onclick='x()'>From here \n--{BOUNDARY}\n on</p>"
                '<p><img src="https://tracker.example/p.gif"><a href="javascript:x()">no link</a></p>'
            ),
        ),
        AGENCY,
        [HOSPITAL, BILLING],
    ),
    "arabic": (
        BulletinContent(
            title="إشعار بشأن خدمات المستشفيات",
            type="notice",
            url="https://www.example.gov/ar",
            source_name="Rules of the Office of Examples",
            published_at=datetime(2026, 12, 5, 14, 0, tzinfo=UTC),
            body_html="<p>تتغير أسعار خدمات المستشفيات اعتبارًا من الأول من أكتوبر.</p>",
        ),
        AGENCY,
        [HOSPITAL],
    ),
    "bare": (
        BulletinContent(
            title="A NOTICE BY STAFF",
            type="notice",
            url="",
            source_name="",
            published_at=None,
            body_html="<p>Short.</p>",
        ),
        BARE_AGENCY,
        [BILLING],
    ),
    "events": (occasions.HEARING, AGENCY, [HOSPITAL]),
    "blast": (BLAST, AGENCY, [HOSPITAL, BILLING]),
    "everyone": (BLAST, AGENCY, [EVERYONE]),
    "test": (replace(BLAST, test=True), AGENCY, [HOSPITAL, BILLING]),
}
# As above, but they say nothing new that would be worth keeping as a file.
MORE_BULLETINS = {
    "bare-blast": (BLAST, BARE_AGENCY, [BILLING]),
    "bare-everyone": (replace(BLAST, contact=Contact()), BARE_AGENCY, [EVERYONE]),
    "corrected-test": (replace(BLAST, title=LONG_TITLE, corrects=True, test=True), AGENCY, [EVERYONE]),
    "crowded": (
        replace(PLAIN, title=LONG_TITLE, contact=BLAST.contact),
        AGENCY,
        [
            replace(HOSPITAL, topic_id=number, topic_name=name, topic_slug=f"topic-{number}")
            for number, name in enumerate(MANY, 1)
        ],
    ),
}


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
    "alert": lambda: system.alert(alerts.ALERT, _frame(AGENCY)),
}
MORE_SYSTEM: dict[str, Callable[[], Composed]] = {
    "confirm-many": lambda: _confirm(MANY, AGENCY),
    "bare-confirm": lambda: _confirm(MANY[:1], BARE_AGENCY),
    "bare-sign_in": lambda: _sign_in(BARE_AGENCY),
    "bare-alert": lambda: system.alert(alerts.WELL, _frame(BARE_AGENCY)),
    "crowded-alert": lambda: system.alert(alerts.CROWDED, _frame(AGENCY)),
    "recovered-alert": lambda: system.alert(alerts.RECOVERED, _frame(AGENCY)),
    "bare-approval": lambda: system.approval_request(
        replace(SUBMITTED, title=LONG_TITLE, author="R&D <Section 97>", audience=1, send_at=None),
        _frame(BARE_AGENCY),
    ),
}
KEPT = (*BULLETINS, *SYSTEM)
SYSTEM_MAIL = (*SYSTEM, *MORE_SYSTEM)
LIST_MAIL = (*BULLETINS, *MORE_BULLETINS)
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
        return kinds.person(self.address, self.ticket, f"{self.delivery_id}.0a1b2c3d")


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
    if name in SYSTEM_MAIL:
        return (SYSTEM | MORE_SYSTEM)[name]()
    content, agency, reasons = (BULLETINS | MORE_BULLETINS)[name]
    return kinds.bulletin(content, agency, reasons, links, sent_at=SENT_AT, boundary=BOUNDARY)


def copy(message: Composed, person: Person) -> bytes:
    order = message.stencil.keys("reason")
    topics = () if order == (str(EVERYONE.topic_id),) else person.topics
    choices = kinds.chosen(topics, order)
    return message.stencil.splice(person.values(), choices)


def read(raw: bytes) -> Letter:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    text, html = (part.get_payload(decode=True).decode() for part in message.iter_parts())
    return Letter(raw, message, text, html)


@cache
def letter(name: str, person: Person | None = None) -> Letter:
    return read(copy(composed(name), person or reader(name)))


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
