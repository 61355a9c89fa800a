"""Bulletins for tests to compose, address and read: the plain ones and the nasty ones, with everything random frozen."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import lxml.html

from dispatcher.formats import tickets
from dispatcher.formats.contact import Contact
from dispatcher.messages import kinds
from dispatcher.messages.compose import Composed
from dispatcher.messages.kinds import AgencyContact, BulletinContent, Links, Reason

KEY = "a key for tests alone, 0123456789abcdef"
BOUNDARY = "00112233445566778899aabbccddeeff"
SENT_AT = datetime(2026, 8, 21, 18, 5, tzinfo=UTC)
LINKS = Links("https://notices.example.gov", 42)

AGENCY = AgencyContact(
    name="Office of Examples",
    from_="Office of Examples <notices@example.gov>",
    reply_to="questions@example.gov",
    zone=ZoneInfo("America/New_York"),
    address="1 Sample Street\nAugusta, Maine 04330",
    contact=Contact(name="Provider help", telephone="207-555-0100 ext. 4", email="help@example.gov"),
)
BARE_AGENCY = AgencyContact(
    name="Office of Examples", from_="notices@example.gov", reply_to="", zone=ZoneInfo("America/New_York")
)

HOSPITAL = Reason(
    topic_id=17,
    topic_name="Hospital services",
    topic_slug="hospital-services",
    words="it cites “Section 45” in the title",
    contact=Contact(
        name="Hospital desk", telephone="207-555-0145", website="https://www.example.gov/hospitals"
    ),
)
BILLING = Reason(
    topic_id=3,
    topic_name="Claims & billing <all>",
    topic_slug="claims-billing",
    words="it says “claims” in the text",
)

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
        ),
        AGENCY,
        [BILLING],
    ),
    "nasty": (
        BulletinContent(
            title="R&D <Section 97> 😀 “quoted” — " + "a title that goes on and on " * 10,
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
    content, agency, reasons = BULLETINS[name]
    return kinds.bulletin(content, agency, reasons, links, sent_at=SENT_AT, boundary=BOUNDARY)


def copy(message: Composed, person: Person) -> bytes:
    choices = kinds.chosen(person.topics, message.stencil.keys("reason"))
    return message.stencil.splice(person.values(), choices)


def read(raw: bytes) -> Letter:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    text, html = (part.get_payload(decode=True).decode() for part in message.iter_parts())
    return Letter(raw, message, text, html)


def letter(name: str, person: Person = JANE) -> Letter:
    return read(copy(composed(name), person))


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
