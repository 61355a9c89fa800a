from html import escape

import pytest
from records import record

from dispatcher.errors import Unreadable
from dispatcher.formats.html import blocks
from dispatcher.sources import feeds, govdelivery, parts

LINK = "https://content.govdelivery.com/accounts/MEHHS/bulletins/3913e5a"
LIST = "<p>Good morning. Nothing of this is a notice.</p><p><strong>In this message:</strong></p><ul>{}</ul>"
TWO = LIST.format("<li>Dental codes</li><li>Adopted Rule: Section 80</li>")


def split(body: str, link: str = LINK):
    found, note = parts.of(record("July 8, 2021 MaineCare Updates", link, body=body))
    return [(one.record.title, " ".join(blocks(one.record.body_html))) for one in found], note


@pytest.mark.parametrize(
    ("one", "other"),
    [("<h2>{}</h2>", "<h2>{}</h2>"), ("<p><strong>{}</strong></p>", "<h4>{}</h4>"), ("<h3><a href='https://x.example'>{}</a></h3>",) * 2],
)  # fmt: skip
def test_a_message_that_lists_its_notices_is_split_at_their_headings(one, other):
    body = f"{TWO}{one.format('Dental codes')}<p>They change.</p><ul><li>D1</li></ul>{other.format('Adopted Rule: Section 80')}<p>It is in force.</p>"
    assert split(body) == (
        [("Dental codes", "They change. D1"), ("Adopted Rule: Section 80", "It is in force.")],
        "",
    )


def test_each_part_is_known_by_its_heading():
    found, _ = parts.of(
        record("Updates", LINK, body=f"{TWO}<h2>Dental \u2013 Codes</h2><p>a</p><h2>B</h2><p>b</p>")
    )
    assert [one.key for one in found] == ["dental - codes", "b"]


def test_headings_within_a_notice_do_not_cut_it_up():
    body = f"{TWO}<h2>Dental codes</h2><p><strong>Who is affected</strong></p><p>Dentists.</p><h2>Adopted rule: Section 80</h2><p>b</p>"
    assert [title for title, _ in split(body)[0]] == ["Dental codes", "Adopted rule: Section 80"]


@pytest.mark.parametrize(
    "body",
    [
        "<p><strong>*Please see what is new.</strong></p><p>a</p><p><strong>*This too.</strong></p>",
        "<h2>Background</h2><p>a</p><h2>Whom to ask</h2><p>b</p>",
        LIST.format("<li>Dental codes</li>") + "<h2>Dental codes</h2><p>a</p>",
        "",
    ],
)
def test_what_lists_no_notices_is_one(body):
    assert len(split(body)[0]) == 1
    assert split(body)[1] == ""


def test_where_list_and_headings_disagree_the_message_stays_whole_and_says_so():
    found, note = split(f"{TWO}<h2>Dental codes</h2><p>a</p>")
    assert [title for title, _ in found] == ["July 8, 2021 MaineCare Updates"]
    assert note == parts.DISAGREE


def test_only_messages_have_parts():
    body = f"{TWO}<h2>Dental codes</h2><p>a</p><h2>Adopted Rule: Section 80</h2><p>b</p>"
    assert len(split(body, "https://www.example.gov/1")[0]) == 1


PAGE = """<!DOCTYPE html><html><head><title>x</title><style>p {}</style></head><body>
<p>Having trouble viewing this email? <a href="#">View it as a Web page</a>.</p>
<h1 class="bulletin_subject">Updates &amp; more</h1><span class="dateline">09/29/2026 08:00 PM CDT</span>
<div class="bulletin_body"><p>Having trouble viewing this email? View it as a Web page.</p><p><a href="#">Bookmark and Share</a></p>
<table role="presentation"><tr><td><p>In this message:</p><ul><li>Dental codes</li><li>Adopted Rule: Section 80</li></ul></td></tr>
<tr><td><h2>Dental codes</h2><p>They <a href="https://links.govdelivery.com/track?enid=abc&&&1&&&https://www.example.gov/codes">change</a>.</p></td></tr>
<tr><td><h2>Adopted Rule: Section 80</h2><table><tr><td>Rate</td><td>$5</td></tr></table>
<a href="https://lnks.gd/l/unreadable">More</a></td></tr></table>
<p>This email was sent to someone@example.com by DHHS</p></div><div>Powered by GovDelivery</div></body></html>"""


def test_the_page_of_a_message_gives_its_words_without_what_stands_round_it():
    reading = govdelivery.read(PAGE.encode(), LINK)
    body = reading.records[0].body_html
    assert reading.title == "Updates & more"
    assert "trouble" not in body
    assert "Bookmark" not in body
    assert "someone@example.com" not in body
    found, _ = split(body)
    assert found == [("Dental codes", "They change."), ("Adopted Rule: Section 80", "Rate $5 More")]


def test_a_message_that_stands_whole_in_its_feed_is_read_as_its_page_is():
    body = PAGE.partition('<div class="bulletin_body">')[2].partition("</div>")[0]
    feed = f"<rss version='2.0'><channel><title>x</title><item><title>Updates</title><link>{LINK}</link><description>{escape(body)}</description></item></channel></rss>"
    (record_,) = feeds.read(feed.encode(), "text/xml", "https://www.example.gov/feed").records
    assert record_.body_html == govdelivery.read(PAGE.encode(), LINK).records[0].body_html
    elsewhere = feeds.read(
        feed.replace("content.govdelivery", "www").encode(), "text/xml", "https://x.example/"
    )
    assert "Bookmark" in elsewhere.records[0].body_html


def test_no_tracker_is_passed_on():
    body = govdelivery.read(PAGE.encode(), LINK).records[0].body_html
    assert "https://www.example.gov/codes" in body
    assert "links.govdelivery.com" not in body
    assert "lnks.gd" not in body
    assert LINK in body


@pytest.mark.parametrize(
    "page", ["", "<html><title>Sign in</title></html>", "<div class='bulletin_body'>x</div>"]
)
def test_a_page_without_a_message_is_unreadable(page):
    with pytest.raises(Unreadable):
        govdelivery.read(page.encode(), LINK)
