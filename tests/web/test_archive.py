"""The archive: a bulletin at its address once it was mailed, and nothing that its source wrote can act there."""

from datetime import UTC, datetime

import factories as make
import lxml.html
import pytest
import visiting
from django.test import Client
from icalendar import Calendar

from dispatcher.models import BulletinState, Item, Origin, Topic


@pytest.fixture
def topics(sqlite_db: str) -> list[Topic]:
    visiting.catalog()
    return visiting.topics()


def test_a_mailed_bulletin_is_shown(topics: list[Topic], visitor: Client) -> None:
    made = make.bulletin(
        topics[0],
        state="mailed",
        type="emergency",
        published_at=datetime(2026, 8, 21, 13, 30, tzinfo=UTC),
        body_html='<h4>Rates</h4><p onclick="x">New <script>alert(1)</script><a href="javascript:x">rates</a></p><img src=x>',
    )
    answer = visitor.get(f"/bulletins/{made.id}")
    shown = lxml.html.document_fromstring(answer.text)
    words = " ".join(shown.text_content().split())
    assert "Emergency rule" in words
    assert "August 21, 2026, 9:30 a.m. Eastern" in words
    assert shown.xpath("string(//h1)") == made.title
    assert shown.xpath("//h2/text()") == ["Rates", "Topics"]
    assert shown.xpath("//li[text()='Pharmacy']")
    assert shown.xpath("//a[text()='Read it at its source, www.maine.gov']/@href") == [made.url]
    assert not shown.xpath("//script|//img|//@onclick|//a[starts-with(@href, 'javascript')]")


def test_a_notice_that_was_seen_elsewhere_too_leads_there(topics: list[Topic], visitor: Client) -> None:
    made = make.bulletin(topics[0], state="mailed")
    now = made.first_seen_at
    for number, link in enumerate([made.url, "https://www.example.gov/rule", "javascript:x"]):
        item = Item.objects.create(
            source=made.source,
            identity=str(number),
            title="x",
            link=link,
            first_seen_at=now,
            last_seen_at=now,
        )
        Origin.objects.create(bulletin=made, item=item, revision=1)
    shown = lxml.html.document_fromstring(visitor.get(f"/bulletins/{made.id}").text)
    assert shown.xpath("//a[text()='It is also at www.example.gov']/@href") == [
        "https://www.example.gov/rule"
    ]
    assert not shown.xpath("//a[starts-with(@href, 'javascript')]")


@pytest.mark.parametrize("state", [one for one in BulletinState if one != BulletinState.MAILED])
def test_before_it_is_mailed_there_is_nothing(state: str, topics: list[Topic], visitor: Client) -> None:
    made = make.bulletin(topics[0], state=state)
    answer = visitor.get(f"/bulletins/{made.id}")
    assert (answer.status_code, answer.content) == (404, visitor.get("/nothing").content)


@pytest.mark.parametrize(
    "number", ["0", "-1", "9" * 20, "9" * 5000, "1.0", "x", "\N{ARABIC-INDIC DIGIT ONE}"]
)
def test_no_other_number_leads_anywhere(number: str, db: str, visitor: Client) -> None:
    assert visitor.get(f"/bulletins/{number}").status_code == 404


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "ftp://example.gov/x", "//evil.example"])
def test_a_link_that_is_none_is_left_out(url: str, topics: list[Topic], visitor: Client) -> None:
    made = make.bulletin(topics[0], state="mailed", url=url)
    assert "Read it at its source" not in visitor.get(f"/bulletins/{made.id}").text


ANNOUNCED = "<p>Office Hours – Thursday March 28, 2024, from 11 a.m. – 11:45 a.m.</p><p>Comments are due by April 12, 2024.</p>"


def test_dates_in_a_notice_stand_first_and_lead_to_a_file_for_calendars(
    topics: list[Topic], visitor: Client
) -> None:
    published = datetime(2024, 3, 26, 18, tzinfo=UTC)
    made = make.bulletin(topics[0], state="mailed", published_at=published, body_html=ANNOUNCED)
    shown = lxml.html.document_fromstring(visitor.get(f"/bulletins/{made.id}").text)
    assert shown.xpath("//h2/text()")[:2] == ["Dates in this notice", "The notice"]
    first, second = shown.xpath("//a[contains(@href, '.ics')]/@href")
    assert first == f"/bulletins/{made.id}/meeting-20240328T1100.ics"
    answer = visitor.get(first)
    assert answer["Content-Type"].startswith("text/calendar")
    (entry,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert entry.decoded("dtstart") == datetime(2024, 3, 28, 15, tzinfo=UTC)
    assert visitor.get(second).status_code == 200
    assert visitor.get(f"/bulletins/{made.id}/meeting-20240329T1100.ics").status_code == 404


def test_before_it_is_mailed_its_dates_are_not_there_either(topics: list[Topic], visitor: Client) -> None:
    made = make.bulletin(topics[0], published_at=datetime(2024, 3, 26, 18, tzinfo=UTC), body_html=ANNOUNCED)
    assert visitor.get(f"/bulletins/{made.id}/meeting-20240328T1100.ics").status_code == 404
