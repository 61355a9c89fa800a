"""What the letters of tests say: plain bulletins and nasty ones, an agency that has everything and one that has next to nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import occasions
from office import AGENCY, BARE_AGENCY, BILLING, HOSPITAL

from dispatcher.formats.contact import Contact
from dispatcher.messages.kinds import EVERYONE, BulletinContent, Links
from dispatcher.messages.wording import Change

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
