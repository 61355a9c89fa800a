"""The dialects of feeds, each with what publishers of its kind really send, made up here to the formats seen."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.errors import Unreadable
from dispatcher.sources import feeds
from dispatcher.sources.reading import Reading, Record

URL = "https://feeds.example/notices/feed.xml"

RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://a.example/"><title>Rules</title><link>https://a.example/</link><description>of the office</description>
<items><rdf:Seq><rdf:li rdf:resource="https://a.example/1"/><rdf:li rdf:resource="https://a.example/2"/></rdf:Seq></items></channel>
<item rdf:about="https://a.example/1"><title>One</title><link>https://a.example/1</link><dc:date>2024-03-06T09:12:04-05:00</dc:date></item>
<item rdf:about="https://a.example/2"><title>Two</title><link>https://a.example/2</link><description>words</description></item>
</rdf:RDF>"""

RSS_091 = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://example.com/rss-0.91.dtd">
<rss version="0.91"><channel><title>Old</title><link>http://a.example/</link><description>An old feed</description><language>en</language>
<skipHours><hour>24</hour><hour>1</hour><hour>13</hour></skipHours><skipDays><day>Saturday</day><day>sunday</day><day>Someday</day></skipDays>
<item><title>Section 45 \u2013 rates</title><link>http://a.example/45</link><description>Paragraph.</description></item></channel></rss>"""

RSS_092 = """<rss version="0.92"><channel><title>Older</title><link>http://a.example/</link><description>d</description>
<item><description>Neither a title &lt;b&gt;nor&lt;/b&gt; a link</description><enclosure url="http://a.example/a.mp3" length="1" type="audio/mpeg"/></item>
<item><title>Titled</title><link>http://a.example/t</link></item></channel></rss>"""

WHATS_NEW = """<?xml version="1.0" encoding="ISO-8859-1"?><rss version="2.0"><channel><title>Policy</title><copyright>State</copyright>
<item><title>Adoption: Section 12, Consumer Directed Services</title>
<link>http://www1.maine.gov/tools/whatsnew/index.php?topic=A+Topic_One&amp;id=123456&amp;v=article</link>
<description>For Immediate Release: words &amp;amp; more</description><pubDate>Wed, 08 Nov 2017 08:25:30 EST</pubDate></item></channel></rss>"""

GOVDELIVERY = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<atom:link href="https://content.govdelivery.com/accounts/X/bulletins.rss" rel="self" type="application/rss+xml"/><title>Bulletins</title><ttl>60</ttl>
<item><pubDate>Fri, 22 Mar 2024 23:30:00 -0500</pubDate><description><![CDATA[<p>In this message:</p><ul><li>One</li></ul>]]></description>
<link>http://content.govdelivery.com/accounts/X/bulletins/25ece54</link><title>Updates</title></item>
<item><title>Second</title><link>https://content.govdelivery.com/accounts/X/bulletins/25ece55</link><description/></item></channel></rss>"""

REGISTER = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Documents</title>
<item><title>Medicaid Program; Access; Correction</title><link>https://www.federalregister.gov/documents/2024/05/10/2024-08363/medicaid-program</link>
<description>This document corrects the rule&amp;#39;s errors.</description><pubDate>Fri, 10 May 2024 00:00:00 -0400</pubDate>
<guid>https://www.federalregister.gov/documents/2024/05/10/2024-08363/medicaid-program</guid><dc:creator>An Agency</dc:creator></item></channel></rss>"""

VIDEOS = """<?xml version="1.0" encoding="UTF-8"?><feed xmlns:yt="http://www.youtube.com/xml/schemas/2015"
 xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom"><id>yt:channel:C</id><yt:channelId>C</yt:channelId><title>Channel</title>
<author><name>Office</name></author><published>2015-01-01T00:00:00+00:00</published>
<entry><id>yt:video:aaaaaaaaaaa</id><yt:videoId>aaaaaaaaaaa</yt:videoId><title>A short</title>
<link rel="alternate" href="https://www.youtube.com/shorts/aaaaaaaaaaa"/><published>2024-01-02T03:04:05+00:00</published><updated>{updated}</updated>
<media:group><media:title>A short</media:title><media:thumbnail url="https://i.example/t.jpg"/><media:description>Words</media:description>
<media:community><media:starRating count="{views}" average="5" min="1" max="5"/><media:statistics views="{views}"/></media:community></media:group>
</entry></feed>"""


def read(document: str) -> Reading:
    return feeds.read(document.encode(), "application/xml", URL)


def test_rss_1_has_its_items_beside_the_channel():
    reading = read(RDF)
    assert [(one.guid, one.link) for one in reading.records] == [
        ("https://a.example/1", "https://a.example/1"),
        ("https://a.example/2", "https://a.example/2"),
    ]
    assert reading.records[0].published_at == datetime(2024, 3, 6, 14, 12, 4, tzinfo=UTC)
    assert reading.about == "Rules\nof the office"


def test_rss_0_91_says_when_it_would_rather_not_be_asked():
    reading = feeds.read(RSS_091.encode("cp1252"), "text/xml", URL)
    assert reading.records[0].title == "Section 45 \u2013 rates"
    assert reading.skip_hours == {0, 1, 13}
    assert reading.skip_days == {"Saturday", "Sunday"}
    assert reading.ttl is None


def test_rss_0_92_may_have_nothing_but_a_description():
    reading = read(RSS_092)
    assert [one.title for one in reading.records] == ["Titled"]
    assert "1 entries without" in reading.degraded[0]


def test_the_releases_of_the_state_have_zone_names_and_no_guid():
    (record,) = read(WHATS_NEW).records
    assert record.guid == ""
    assert "topic=A+Topic_One&id=123456" in record.link
    assert record.published_at == datetime(2017, 11, 8, 13, 25, 30, tzinfo=UTC)
    assert record.body_html == "<p>For Immediate Release: words &amp; more</p>"


def test_bulletins_by_mail_have_elements_in_any_order_and_may_be_empty():
    reading = read(GOVDELIVERY)
    first, second = reading.records
    assert first.published_at == datetime(2024, 3, 23, 4, 30, tzinfo=UTC)
    assert first.body_html == "<p>In this message:</p><ul><li>One</li></ul>"
    assert second.body_html == ""
    assert reading.ttl == timedelta(minutes=60)


def test_what_the_register_escapes_twice_is_read_as_written():
    (record,) = read(REGISTER).records
    assert record.body_html == "<p>This document corrects the rule's errors.</p>"
    assert record.published_at == datetime(2024, 5, 10, 4, tzinfo=UTC)


def test_views_and_updates_of_a_video_change_nothing():
    first = read(VIDEOS.format(updated="2024-02-01T00:00:00+00:00", views=1))
    assert first == read(VIDEOS.format(updated="2026-02-01T00:00:00+00:00", views=999))
    assert isinstance(first.records[0], Record)
    assert first.records[0].link == "https://www.youtube.com/shorts/aaaaaaaaaaa"
    assert first.records[0].published_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


ITEM = "<item><title>x</title><guid>1</guid><description>&lt;ttl&gt;5&lt;/ttl&gt;{}</description></item>"


@pytest.mark.parametrize(
    ("head", "tail", "ttl", "hours"),
    [
        ("<ttl> 90 </ttl>", "", timedelta(minutes=90), set()),
        ("", "<TTL>90</TTL>", timedelta(minutes=90), set()),
        ("<ttl>0</ttl>", "", None, set()),
        ("<ttl>soon</ttl>", "", None, set()),
        ("", "<skipHours><hour>3</hour>\n<hour> 04 </hour><hour>x</hour></skipHours>", None, {3, 4}),
        ("<skipHours/>", "", None, set()),
    ],
)
def test_manners_stand_round_the_entries_never_in_them(head, tail, ttl, hours):
    inside = "<![CDATA[<ttl>7</ttl><skipHours><hour>9</hour></skipHours>]]>"
    reading = read(
        f'<rss version="2.0"><channel><title>t</title>{head}{ITEM.format(inside)}{tail}</channel></rss>'
    )
    assert (reading.ttl, reading.skip_hours) == (ttl, hours)


def test_a_feed_that_is_cut_off_still_says_when_to_ask_again():
    reading = read(f'<rss version="2.0"><channel><ttl>30</ttl>{ITEM}{ITEM[:30]}')
    assert reading.ttl == timedelta(minutes=30)
    assert not reading.whole


def test_a_malformed_feed_of_any_length_is_mended():
    long = "<description>" + "words & more " * 30_000 + "</description>"
    reading = read(
        f'<rss version="2.0"><channel><item><title>x</title><guid>1</guid>{long}</item></channel></rss>'
    )
    assert len(reading.records[0].body_html) > 300_000
    assert "not well-formed" in reading.degraded[0]


def test_an_address_longer_than_any_program_opens_is_none():
    reading = read(
        f'<rss version="2.0"><channel><item><guid>1</guid><link>https://a.example/{"x" * 3_000}</link></item></channel></rss>'
    )
    assert reading.records[0].link == ""


@pytest.mark.parametrize("root", ["<opml version='2.0'><body/></opml>", "<urlset><url/></urlset>", "<kml/>"])
def test_other_xml_is_no_feed(root):
    with pytest.raises(Unreadable, match="no feed"):
        read(root)
