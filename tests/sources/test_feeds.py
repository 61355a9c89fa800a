from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.errors import Unreadable
from dispatcher.sources import feeds
from dispatcher.sources.reading import MOST_ENTRIES, Reading, Record

URL = "https://feeds.example/notices/feed.xml"


def rss(*items: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    entries = "".join(f"<item>{item}</item>" for item in items)
    return f'{head}<rss version="2.0"><channel><title>Notices &amp;amp; news</title>{entries}</channel></rss>'


def read(document: str | bytes, content_type: str = "text/xml", encoding: str = "utf-8") -> Reading:
    return feeds.read(
        document if isinstance(document, bytes) else document.encode(encoding), content_type, URL
    )


def only(document: str | bytes, content_type: str = "text/xml") -> Record:
    reading = read(document, content_type)
    assert reading.degraded == ()
    (record,) = reading.records
    return record


def test_an_entry_becomes_a_record():
    reading = read(
        rss(
            "<title>Section 45 &amp;amp; rates</title><link>https://www.maine.gov/a?x=1&amp;y=2</link><guid>tag:1</guid>"
            "<pubDate>Wed, 06 Mar 2024 09:12:04 EST</pubDate><category>Policy</category><category> Rules </category>"
            "<description>&lt;p&gt;See &lt;a href='b.pdf'&gt;it&lt;/a&gt;&lt;img src='t.gif'&gt;&lt;/p&gt;</description>"
        )
    )
    assert reading == Reading(
        "Notices & news",
        (
            Record(
                guid="tag:1",
                title="Section 45 & rates",
                link="https://www.maine.gov/a?x=1&y=2",
                body_html='<p>See <a href="https://www.maine.gov/b.pdf">it</a></p>',
                published_at=datetime(2024, 3, 6, 14, 12, 4, tzinfo=UTC),
                categories=("Policy", "Rules"),
            ),
        ),
        about="Notices & news",
    )


def test_a_feed_without_entries_is_a_feed():
    assert read(rss()).records == ()


class TestNoFeed:
    @pytest.mark.parametrize(
        ("body", "there"),
        [
            (b"", "an empty document"),
            (b"<!DOCTYPE html><html><head><title>Just a &lt;moment&gt;</title></head><body>x</body></html>", "an HTML page titled 'Just a"),
            (b"<html><body>Log in</body></html>", "an HTML page without a title"),
            (b'{"error": "gone"}', "a text that begins"),
            (b"<?xml version='1.0'?><note>hello</note>", "a text that begins 'hello'"),
            ("<html><title>sechzehn</title></html>".encode("utf-16"), "an HTML page titled 'sechzehn'"),
        ],
    )  # fmt: skip
    def test_it_says_what_stood_there(self, body, there):
        with pytest.raises(Unreadable, match=there):
            read(body)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "utf-7"])
    def test_a_document_that_declares_entities_is_refused_in_any_encoding(self, encoding):
        head = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE rss [<!ENTITY a "b">]>'
        document = rss("<title>&a;</title>", head=head)
        body = (
            document.replace("<!", "+ADwAIQ-").encode() if encoding == "utf-7" else document.encode(encoding)
        )
        with pytest.raises(Unreadable, match="entities"):
            read(body)

    def test_a_plain_doctype_is_fine(self):
        head = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://example.com/rss-0.91.dtd">'
        assert only(rss("<title>x</title><link>https://a.example/</link>", head=head)).title == "x"

    def test_bytes_that_name_a_file_are_not_opened(self):
        with pytest.raises(Unreadable, match="/etc/hostname"):
            read(b"/etc/hostname")


class TestEncodings:
    ITEM = rss("<title>Pr\u00e9cis \u2013 caf\u00e9</title><link>https://a.example/</link>", head="")

    @pytest.mark.parametrize(
        ("encoding", "declared", "content_type"),
        [
            ("utf-8", "utf-8", "text/xml"),
            ("utf-8", "", "text/xml"),
            ("utf-8", "", "text/html"),
            ("utf-8", "", ""),
            ("cp1252", "windows-1252", "text/xml"),
            ("cp1252", "", "text/xml; charset=windows-1252"),
            ("cp1252", "utf-8", "text/xml"),
            ("utf-8-sig", "", "text/xml; charset=iso-8859-1"),
            ("utf-16", "utf-16", "text/xml; charset=iso-8859-1"),
            ("utf-16", "utf-16", "text/xml; charset=utf-8"),
            ("utf-8", "utf-8", "text/xml; charset=no-such-thing"),
        ],
    )
    def test_letters_survive_whatever_the_header_says(self, encoding, declared, content_type):
        head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
        assert only((head + self.ITEM).encode(encoding), content_type).title == "Pr\u00e9cis \u2013 caf\u00e9"


class TestDegraded:
    TWO = rss("<title>One</title><guid>1</guid>", "<title>Two</title><guid>2</guid>")

    @pytest.mark.parametrize(
        "broken",
        [
            rss("<title>Q & A</title><guid>1</guid>"),
            rss("<title>a&nbsp;b</title><guid>1</guid>"),
            rss("<title>a\0b</title><guid>1</guid>"),
            rss("<title>x</title><guid>1</guid>") + "junk",
            rss("<title>x</title><guid>1</guid></b>"),
        ],
    )
    def test_what_the_loose_parser_saved_is_flagged_but_whole(self, broken):
        reading = read(broken)
        assert len(reading.records) == 1
        assert "not well-formed, line" in reading.degraded[0]
        assert reading.whole

    @pytest.mark.parametrize("end", ["", "</channel>", "</it", "</item", "<!-- "])
    def test_of_a_document_that_was_cut_off_the_last_entry_is_left_out(self, end):
        cut = self.TWO[: self.TWO.index("</item></channel>")]
        reading = read(cut + end)
        assert [record.title for record in reading.records] == ["One"]
        assert any("cut off" in reason for reason in reading.degraded)
        assert not reading.whole

    def test_every_cut_is_noticed(self):
        for at in range(self.TWO.index("<item>") + 1, len(self.TWO) - len("</rss>") + 1, 5):
            reading = read(self.TWO[:at])
            assert not reading.whole
            assert len(reading.records) < 2

    def test_of_a_malformed_document_only_entries_with_a_name_are_taken(self):
        reading = read(rss("<title>Only a title & more</title>", "<title>Named</title><guid>2</guid>"))
        assert [record.title for record in reading.records] == ["Named"]
        assert any("1 entries without" in reason for reason in reading.degraded)

    def test_entries_without_anything_to_know_them_by_are_left_out(self):
        reading = read(rss("<description>words</description>", "<title>Titled</title>"))
        assert [record.title for record in reading.records] == ["Titled"]
        assert reading.degraded
        assert reading.whole

    def test_a_feed_of_nothing_else_is_a_failure(self):
        with pytest.raises(Unreadable, match="2 entries, none"):
            read(rss("<description>a</description>", "<description>b</description>"))

    def test_a_feed_may_only_be_so_long(self):
        reading = read(rss(*[f"<title>{n}</title>" for n in range(MOST_ENTRIES + 1)]))
        assert len(reading.records) == MOST_ENTRIES
        assert any("only the first" in reason for reason in reading.degraded)
        assert reading.whole


class TestLinks:
    @pytest.mark.parametrize(
        ("item", "link", "guid"),
        [
            ("<guid>1234</guid>", "", "1234"),
            ("<guid>https://a.example/1</guid>", "https://a.example/1", "https://a.example/1"),
            ('<guid isPermaLink="false">https://a.example/1</guid>', "", "https://a.example/1"),
            ("<guid>1234</guid><link>/x y</link>", "https://feeds.example/x%20y", "1234"),
            ("<guid>  </guid><link>https://a.example/</link>", "https://a.example/", ""),
            ("<link>https://a.example/</link>", "https://a.example/", ""),
            ("<link>javascript:alert(1)</link><guid>1</guid>", "", "1"),
            ("<link>mailto:a@b.example</link><guid>1</guid>", "", "1"),
            ("<link>http://[</link><guid>1</guid>", "", "1"),
            ("<link>https://links.govdelivery.com/track?enid=x&amp;&amp;&amp;1&amp;&amp;&amp;https://a.example/b</link>", "https://a.example/b", ""),
        ],
    )  # fmt: skip
    def test_a_link_is_an_address_and_a_guid_is_what_the_feed_gave(self, item, link, guid):
        record = only(rss("<title>x</title>" + item))
        assert (record.link, record.guid) == (link, guid)
        assert ("no link" in record.notes) is (not link)


class TestWords:
    @pytest.mark.parametrize(
        ("escaped", "html"),
        [
            ("&lt;p&gt;one&lt;/p&gt;", "<p>one</p>"),
            ("<![CDATA[<p>one</p>]]>", "<p>one</p>"),
            ("plain first\nstill first\n\nthen second", "<p>plain first\nstill first</p><p>then second</p>"),
            ("less &lt; more &amp; so on", "<p>less &lt; more &amp; so on</p>"),
            ("the member&amp;amp;#39;s", "<p>the member's</p>"),
            ("&amp;lt;p&amp;gt;twice&amp;lt;/p&amp;gt;", "<p>twice</p>"),
            ("&lt;script&gt;alert(1)&lt;/script&gt;", ""),
            ("", ""),
        ],
    )
    def test_descriptions_are_sanitised_however_they_were_escaped(self, escaped, html):
        assert only(rss(f"<title>x</title><description>{escaped}</description>")).body_html == html

    def test_the_longest_text_is_taken(self):
        item = (
            "<title>x</title><description>short</description>"
            '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">&lt;p&gt;the whole notice&lt;/p&gt;</content:encoded>'
        )
        assert only(rss(item)).body_html == "<p>the whole notice</p>"

    def test_without_a_title_the_first_words_stand_in(self):
        record = only(
            rss(
                "<guid>1</guid><description>&lt;p&gt;First words.&lt;/p&gt;&lt;p&gt;More&lt;/p&gt;</description>"
            )
        )
        assert record.title == "First words."
        assert any("no title" in note for note in record.notes)

    @pytest.mark.parametrize(
        ("date", "note"),
        [
            ("", "no date"),
            ("<pubDate>soon</pubDate>", "not readable"),
            ("<pubDate>1 Jan 2024 10:00 QQQ</pubDate>", "not known"),
        ],
    )
    def test_an_odd_date_never_costs_us_the_entry(self, date, note):
        record = only(rss(f"<title>x</title><link>https://a.example/</link>{date}"))
        assert any(note in one for one in record.notes)


def test_an_atom_entry_without_a_date_of_publication_has_that_of_its_update():
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://base.example/x/"><title>t</title><entry><id>urn:1</id>'
        '<title type="html">A &amp;lt;b&amp;gt;</title><link href="rel"/><updated>2024-01-02T03:04:05Z</updated>'
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>see <a href="z">z</a></p></div></content></entry></feed>'
    )
    record = only(atom)
    assert (record.guid, record.link) == ("urn:1", "https://base.example/x/rel")
    assert record.published_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert record.body_html == '<p>see <a href="https://base.example/x/z">z</a></p>'


def test_a_video_has_its_description_as_text():
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:yt="http://www.youtube.com/xml/schemas/2015"'
        ' xmlns:media="http://search.yahoo.com/mrss/"><title>Channel</title><entry><id>yt:video:a-B_1</id>'
        "<yt:videoId>a-B_1</yt:videoId><title>How to enrol</title>"
        '<link rel="alternate" href="https://www.youtube.com/watch?v=a-B_1"/><published>2024-01-02T03:04:05+00:00</published>'
        "<media:group><media:title>How to enrol</media:title><media:description>First &lt;b&gt;\nsecond\n\nthird</media:description>"
        '<media:community><media:statistics views="3"/></media:community></media:group></entry></feed>'
    )
    record = only(atom)
    assert record.guid == "yt:video:a-B_1"
    assert record.body_html == "<p>First &lt;b&gt;<br>second</p><p>third</p>"


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_rubbish_is_unreadable_and_nothing_worse(body):
    with pytest.raises(Unreadable):
        feeds.read(body, "text/xml", URL)


def test_a_title_without_end_is_cut():
    record = read(
        rss(f"<title>{'word ' * 500}</title><guid>1</guid><link>https://a.example/</link>")
    ).records[0]
    assert len(record.title) <= 1_000
    assert "title cut" in record.notes


def test_what_postgresql_cannot_hold_is_dropped_everywhere():
    record = read(
        rss(
            "<title>T&#0;&#xD800;</title><guid>g&#0;&#xD800;1</guid><link>https://a.example/&#0;&#xD800;x</link>"
            "<category>c&#0;&#xD800;</category><description>&lt;p&gt;b&#0;&#xD800; &lt;a href='/y&#0;'>y</description>"
        )
    ).records[0]
    everything = repr((record.guid, record.title, record.link, record.body_html, record.categories))
    assert "\\x00" not in everything
    assert "\\ud800" not in everything
