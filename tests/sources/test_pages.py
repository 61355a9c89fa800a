from datetime import UTC, datetime

import pytest

from dispatcher.errors import BadInput, Unreadable
from dispatcher.formats.selectors import Patterns, Select
from dispatcher.sources import pages
from dispatcher.sources.reading import Reading

URL = "https://www.example.gov/agency/providers"

# A flat page: the headings of notices carry a date, those of help texts between them do not.
FLAT = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>For Providers | Agency</title></head>
<body><header><nav><ul><li><a href="/">Home</a></li></ul></nav><h3>Menu - January 1, 2020</h3></header>
<main><h1>For Providers</h1><div class="body">
<h2>Billing</h2>
<p>General words about billing, of no notice.</p>
<h3>Wheelchair Repair Codes - October 12, 2022</h3>
<p>Which codes apply to repairs. <a href="/agency/sites/files/repair codes.pdf">Codes, CR 4711</a> (PDF)</p>
<p>A second paragraph.</p>
<h3 id="tele">Telehealth Checklist \u2013 July 7, 2021</h3>
<ul><li>Camera</li><li>Consent</li></ul>
<h3>Toothbrush Posters</h3>
<p>Order them <a href="https://print.example.com/">here</a>.</p>
<h3>Fee Notes - May 8, 2023</h3>
<h2>Letters</h2>
<p>Not part of the notice above.</p>
<h3>Spring Letter - April 31, 2023</h3>
<p>A day that no calendar has.</p>
<h3>How to Sign Up</h3>
<p>Write to us.</p>
</div></main><footer><p>Agency</p></footer></body></html>"""

SELECT = Select(record="h3", record_until="h2, h3", exclude="header, footer")
PATTERNS = Patterns(title=r"^(.+?)\s+[-\u2013]\s+\w+ \d+, \d{4}$", date=r"[-\u2013]\s+(\w+ \d+, \d{4})$")


def read(
    document: str | bytes = FLAT,
    select: Select = SELECT,
    patterns: Patterns = PATTERNS,
    *,
    content_type: str = "text/html",
    dated_only: bool = True,
    minimum: int = 0,
) -> Reading:
    body = document if isinstance(document, bytes) else document.encode()
    return pages.read(body, content_type, URL, select, patterns, dated_only, minimum)


class TestFlatPage:
    def test_headings_with_a_date_are_the_notices(self):
        reading = read()
        assert reading.title == "For Providers | Agency"
        assert [
            (one.title, one.published_at and one.published_at.date().isoformat()) for one in reading.records
        ] == [
            ("Wheelchair Repair Codes", "2022-10-12"),
            ("Telehealth Checklist", "2021-07-07"),
            ("Fee Notes", "2023-05-08"),
            ("Spring Letter", None),
        ]

    def test_a_record_reaches_to_the_next_stop_and_no_further(self):
        first, second, third, _ = read().records
        assert first.body_html == (
            "<p>Which codes apply to repairs. "
            '<a href="https://www.example.gov/agency/sites/files/repair%20codes.pdf">Codes, CR 4711</a> (PDF)</p>'
            "<p>A second paragraph.</p>"
        )
        assert second.body_html == "<ul><li>Camera</li><li>Consent</li></ul>"
        assert third.body_html == ""

    def test_the_link_is_the_first_of_the_record_or_the_page_at_its_heading(self):
        first, second, third, _ = read().records
        assert first.link == "https://www.example.gov/agency/sites/files/repair%20codes.pdf"
        assert (second.link, third.link) == (f"{URL}#tele", URL)
        assert ["no link of its own" in one.notes for one in (first, second, third)] == [False, True, True]

    def test_a_heading_that_only_seems_to_have_a_date_is_flagged(self):
        assert "not readable" in read().records[3].notes[0]

    def test_undated_headings_are_records_too_if_they_may_be(self):
        titles = [one.title for one in read(dated_only=False).records]
        assert titles == ["Wheelchair Repair Codes", "Telehealth Checklist", "Toothbrush Posters", "Fee Notes", "Spring Letter", "How to Sign Up"]  # fmt: skip

    def test_without_patterns_the_heading_is_the_title(self):
        assert (
            read(patterns=Patterns(), dated_only=False).records[0].title
            == "Wheelchair Repair Codes - October 12, 2022"
        )

    def test_what_is_excluded_is_gone_before_anything_is_read(self):
        with_menu = read(select=Select(record="h3", record_until="h2, h3"))
        assert with_menu.records[0].title == "Menu"


CARDS = """<html><head><title>News</title><base href="https://cdn.example.gov/n/"></head><body>
<div class="row"><h4><a href="one-2023-06-29-0">First <br>card</a></h4><p>Words <b>one</b></p><time datetime="2023-07-01T12:00:00Z">July</time></div>
<div class="row"><h4>Second card</h4><p>See <a href="#top">top</a>, <a href="mailto:a@b.example">us</a>, <a href="two-2023-06-28">page</a></p></div>
<div class="row"><h4>Third card</h4><span class="when">posted 06/27/2023 by us</span><p>x</p></div>
<div class="row"><h4></h4><p>no title</p></div>
<div class="row"><h4>Empty</h4></div>
</body></html>"""


class TestCards:
    SELECT = Select(record=".row", title="h4")

    def test_a_card_is_read_within_itself(self):
        first, second, third = read(CARDS, self.SELECT, Patterns(), dated_only=False).records
        assert (first.title, first.link) == ("First card", "https://cdn.example.gov/n/one-2023-06-29-0")
        assert first.body_html == "<p>Words <strong>one</strong></p>"
        assert (second.title, second.link) == ("Second card", "https://cdn.example.gov/n/two-2023-06-28")
        assert third.title == "Third card"

    def test_a_machine_readable_date_goes_before_that_of_the_slug(self):
        first, second, third = read(CARDS, self.SELECT, Patterns(), dated_only=False).records
        assert first.published_at == datetime(2023, 7, 1, 12, tzinfo=UTC)
        assert second.published_at == datetime(2023, 6, 28, 4, tzinfo=UTC)
        assert (third.published_at, "no date" in third.notes) == (None, True)

    def test_a_date_may_be_cut_out_of_what_its_selector_finds(self):
        select = Select(record=".row", title="h4", date=".when, time")
        found = read(CARDS, select, Patterns(date=r"(\d\d/\d\d/\d{4}|\d{4}-\d\d-\d\d)"))
        assert [one.title for one in found.records] == ["First card", "Third card"]
        assert found.records[1].published_at == datetime(2023, 6, 27, 4, tzinfo=UTC)

    def test_selectors_may_start_at_the_record_itself(self):
        select = Select(record="h4", record_until="h4", summary=":scope + p", link=":scope ~ p a[href]")
        first, second = read(CARDS, select, Patterns(), dated_only=False).records
        assert [one.body_html[:10] for one in (first, second)] == ["<p>Words <", "<p>See <a "]
        assert second.link == "https://cdn.example.gov/n/two-2023-06-28"


class TestTrust:
    def test_a_selector_that_finds_nothing_is_a_failure_that_says_what_stood_there(self):
        with pytest.raises(Unreadable, match=r"`\.card` finds nothing in an HTML page titled 'For Providers"):
            read(select=Select(record=".card"))

    def test_records_none_of_which_is_a_notice_are_a_failure_too(self):
        with pytest.raises(Unreadable, match="finds 6, none"):
            read(patterns=Patterns(date=r"(\d{9})"))

    @pytest.mark.parametrize("body", [b"", b"  ", b"\0", b"<!-- -->"])
    def test_an_empty_page_is_a_failure(self, body):
        with pytest.raises(Unreadable):
            read(body)

    def test_fewer_than_there_should_be_is_degraded_and_not_whole(self):
        reading = read(minimum=5)
        assert reading.degraded[-1] == "4 records where at least 5 are expected"
        assert not reading.whole

    def test_dates_that_mostly_cannot_be_read_are_degraded(self):
        assert read().degraded == ("1 of 4 dates cannot be read, such as 'April 31, 2023'",)
        assert read(FLAT.replace("April 31", "April 30")).degraded == ()

    @pytest.mark.parametrize("select", [Select(record="h3[["), Select(record="h3", title="::nope")])
    def test_a_selector_that_is_none_names_its_place(self, select):
        with pytest.raises(BadInput, match=r"select\.(record|title)"):
            read(select=select)

    def test_a_pattern_that_is_none_names_its_place(self):
        with pytest.raises(BadInput, match=r"patterns\.date"):
            read(patterns=Patterns(date="("))


@pytest.mark.parametrize(
    ("encoding", "head", "content_type"),
    [
        ("utf-8", "", "text/html"),
        ("utf-8", "", "text/html; charset=UTF-8"),
        ("cp1252", "", "text/html"),
        ("cp1252", "", 'text/html; charset="windows-1252"'),
        ("cp1252", "<meta charset='windows-1252'>", "text/html; charset=none-such"),
        (
            "iso8859-2",
            "<meta http-equiv='Content-Type' content='text/html; charset=iso-8859-2'>",
            "text/html",
        ),
        ("utf-16", "", "text/html"),
        ("utf-8-sig", "<meta charset='latin-1'>", "text/html"),
        ("utf-8", "<?xml version='1.0' encoding='utf-8'?>", "application/xhtml+xml"),
    ],
)
def test_letters_survive_however_the_page_is_encoded(encoding, head, content_type):
    start, rest = (head, "") if head.startswith("<?") else ("", head)
    page = (
        f"{start}<html><head>{rest}<title>T</title></head><body><h3>\u00e9t\u00e9</h3><p>x</p></body></html>"
    )
    reading = read(
        page.encode(encoding),
        Select(record="h3", record_until="h3"),
        Patterns(),
        content_type=content_type,
        dated_only=False,
    )
    assert reading.records[0].title == "\u00e9t\u00e9"


def test_a_title_without_end_is_cut_and_nothing_is_left_that_cannot_be_stored():
    page = f"<h3>{'word ' * 500}</h3><p>T&#0;\0 <a href='/x\0&#0;y'>link</a></p>"
    record = read(page, Select(record="h3", record_until="h3"), Patterns(), dated_only=False).records[0]
    assert len(record.title) <= 1_000
    assert "title cut" in record.notes
    assert "\0" not in record.link + record.body_html


def test_a_comment_between_two_elements_is_no_part_of_the_record():
    record = read(FLAT.replace("<p>A second", "<!-- note --><?php x ?><p>A second")).records[0]
    assert record == read().records[0]
