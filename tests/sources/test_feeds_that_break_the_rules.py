"""Feeds that break the rules of their format, as publishers really do: each is read as far as it can be, and says what was wrong.

One line a feed: what it is, what stands in it, which titles come out, and a word of what is told, or nothing if nothing is.
"""

import codecs

import pytest

from dispatcher.errors import Unreadable
from dispatcher.sources import child
from dispatcher.sources.questions import Question
from dispatcher.sources.reading import Reading

URL = "https://feeds.example/notices/feed.xml"
E = "\u00e9"

ITEM = "<item><title>One</title><link>https://a.example/1</link></item>"
TWO = f"{ITEM}<item><title>Two</title><link>https://a.example/2</link></item>"
ATOM_ENTRY = "<entry><title>One</title><id>urn:1</id><link href='https://a.example/1'/></entry>"


def rss(inside: str, version: str = "2.0", head: str = "", root: str = "") -> str:
    return f'{head}<rss version="{version}"{root}><channel><title>T</title>{inside}</channel></rss>'


def read(body: bytes, content_type: str = "text/xml") -> Reading:
    found = child.READERS["feed"](Question("feed", content_type, URL), body)
    assert isinstance(found, Reading)
    return found


RSS_090 = (
    '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/">'
    f"<channel><title>T</title><link>https://a.example/</link><description>d</description></channel>{TWO}</rdf:RDF>"
)
ATOM_03 = (
    '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>T</title><entry><title mode="escaped">One &amp;amp; a half</title><id>tag:1</id>'
    '<link rel="alternate" type="text/html" href="https://a.example/1"/><issued>2024-03-06T09:12:04-05:00</issued>'
    '<content type="text/html" mode="escaped">&lt;p&gt;Words&lt;/p&gt;</content></entry></feed>'
)
ATOM_XHTML = (
    '<a:feed xmlns:a="http://www.w3.org/2005/Atom" xmlns:h="http://www.w3.org/1999/xhtml"><a:title type="xhtml"><h:div>T</h:div></a:title>'
    '<a:entry><a:id>urn:1</a:id><a:title type="xhtml"><h:div>One <h:em>more</h:em></h:div></a:title><a:summary type="xhtml"><h:div><h:p>w</h:p></h:div>'
    "</a:summary></a:entry></a:feed>"
)
JSON_1 = '{"version":"https://jsonfeed.org/version/1","title":"T","items":[{"id":"1","title":"One"}]}'
JSON_11 = '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":2,"title":"One","authors":[null],"date_published":"soon"},7,{"id":"","title":""}]}'

# name: document, content type, titles that come out, a word of what is told
READ: dict[str, tuple[str | bytes, str, list[str], str]] = {
    # every dialect
    "RSS 0.90": (RSS_090, "", ["One", "Two"], ""),
    "RSS 0.91": (rss(TWO, "0.91"), "", ["One", "Two"], ""),
    "RSS 0.92": (rss(TWO, "0.92"), "", ["One", "Two"], ""),
    "RSS 0.93": (rss(TWO, "0.93"), "", ["One", "Two"], ""),
    "RSS 0.94": (rss(TWO, "0.94"), "", ["One", "Two"], ""),
    "RSS 2.0.11": (rss(TWO, "2.0.11"), "", ["One", "Two"], ""),
    "RSS of a version that never was": (rss(TWO, "3.7"), "", ["One", "Two"], ""),
    "RSS without a version": (f"<rss><channel><title>T</title>{TWO}</channel></rss>", "", ["One", "Two"], ""),
    "Atom 0.3": (ATOM_03, "", ["One & a half"], ""),
    "Atom 1.0 with prefixes and XHTML": (ATOM_XHTML, "", ["One more"], ""),
    "Atom 1.0 without a namespace": (f"<feed>{ATOM_ENTRY}</feed>", "", ["One"], ""),
    "JSON Feed 1.0": (JSON_1, "application/feed+json", ["One"], ""),
    "JSON Feed 1.1 with odd items": (JSON_11, "text/plain", ["One"], "2 entries without"),
    # what stands where it should not
    "items beside the channel": (f'<rss version="2.0"><channel><title>T</title></channel>{TWO}</rss>', "", ["One", "Two"], ""),
    "items without a channel": (f'<rss version="2.0">{TWO}</rss>', "", ["One", "Two"], ""),
    "entries of Atom in RSS": (rss(f"{ITEM}<a:entry xmlns:a='http://www.w3.org/2005/Atom'><a:title>Two</a:title><a:id>2</a:id></a:entry>"), "", ["One", "Two"], ""),
    "a title of the channel after its items": (rss(f"{TWO}<title>Late</title>"), "", ["One", "Two"], ""),
    "two titles in an item": (rss("<item><title>One</title><title>Uno</title><guid>1</guid></item>"), "", ["One"], ""),
    "elements in capitals": (rss(TWO.replace("item>", "ITEM>")).replace("rss", "RSS"), "", ["One", "Two"], ""),
    "words between items": (rss(f"loose words{ITEM}more words"), "", ["One"], ""),
    "a namespace that nobody declared": (rss("<item><title>One</title><guid>1</guid><dc:creator>x</dc:creator></item>"), "", ["One"], "not well-formed"),
    "an empty item": (rss(f"{ITEM}<item/>"), "", ["One"], "1 entries without"),
    "an item of white space": (rss(f"{ITEM}<item><title> </title><link>\n</link></item>"), "", ["One"], "1 entries without"),
    "markup that nobody escaped": (rss("<item><title>One <b>bold</b> word</title><guid>1</guid></item>"), "", ["One bold word"], ""),
    "a title in CDATA in CDATA": (rss("<item><title><![CDATA[One &amp; <![CDATA[half]]></title><guid>1</guid></item>"), "", ["One & <![CDATA[half"], ""),
    # what stands before and behind
    "white space before the declaration": ("\n\n  " + rss(ITEM, head='<?xml version="1.0"?>'), "", ["One"], ""),
    "a comment before the declaration": ("<!-- made by x -->" + rss(ITEM, head='<?xml version="1.0"?>'), "", ["One"], "not well-formed"),
    "words of a server before it": ("Warning: mysql_connect() in /x.php\n" + rss(ITEM), "", ["One"], "not well-formed"),
    "a stylesheet and a doctype": ('<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><!DOCTYPE rss>' + rss(ITEM), "", ["One"], ""),
    "XML 1.1": (rss(ITEM, head='<?xml version="1.1"?>'), "", ["One"], ""),
    "a second document behind it": (rss(ITEM) + rss(ITEM), "", ["One", "One"], "not well-formed"),
    "a tracking pixel behind it": (rss(ITEM) + "<img src='x.gif'>", "", ["One"], "not well-formed"),
    # broken XML
    "a bare ampersand": (rss("<item><title>R&D</title><guid>1</guid></item>"), "", ["R&D"], "not well-formed"),
    "bare ampersands inside and outside of CDATA": (rss("<item><title><![CDATA[Q&A &amp; R&D]]></title><guid>1</guid><category>Q&A</category></item>"), "", ["Q&A & R&D"], "not well-formed"),
    "an ampersand in a link": (rss("<item><title>One</title><link>https://a.example/?a=1&b=2</link></item>"), "", ["One"], "not well-formed"),
    "references of HTML": (rss("<item><title>caf&eacute;&nbsp;x</title><guid>1</guid></item>"), "", [f"caf{E} x"], "not well-formed"),
    "a reference to what is no character": (rss("<item><title>O&#0;n&#xFFFFFFFF;e</title><guid>1</guid></item>"), "", ["One"], ""),
    "a control character": (rss("<item><title>O\x0bne</title><guid>1</guid></item>"), "", ["One"], "not well-formed"),
    "a tag that is not closed": (rss("<item><title>One</title><guid>1</guid><category>x</item>"), "", ["One"], "not well-formed"),
    "tags closed crosswise": (rss("<item><title><b>One</title></b><guid>1</guid></item>"), "", ["One"], "not well-formed"),
    "attributes without quotes": (rss("<item><title>One</title><guid isPermaLink=false>1</guid></item>"), "", ["One"], "not well-formed"),
    "the same attribute twice": (rss("<item><title>One</title><guid isPermaLink='false' isPermaLink='true'>1</guid></item>"), "", ["One"], "not well-formed"),
    "a less-than sign in a title": (rss("<item><title>1 < 2</title><guid>1</guid></item>"), "", ["1 < 2"], "not well-formed"),
    # encodings
    "UTF-8 with a byte order mark": (codecs.BOM_UTF8 + rss(f"<item><title>{E}</title><guid>1</guid></item>").encode(), "", [E], ""),
    "two byte order marks": (codecs.BOM_UTF8 * 2 + rss(f"<item><title>{E}</title><guid>1</guid></item>").encode(), "", [E], "not well-formed"),
    "UTF-16 that calls itself UTF-8": (rss(f"<item><title>{E}</title><guid>1</guid></item>", head='<?xml version="1.0" encoding="utf-8"?>').encode("utf-16"), "", [E], ""),
    "UTF-16, big end first, without a mark": (rss(f"<item><title>{E}</title><guid>1</guid></item>", head='<?xml version="1.0" encoding="utf-16"?>').encode("utf-16-be"), "", [E], ""),
    "UTF-32": (rss(f"<item><title>{E}</title><guid>1</guid></item>").encode("utf-32"), "", [E], ""),
    "Windows-1252 that calls itself Latin-1": (rss("<item><title>\u201cOne\u201d \u2013 two</title><guid>1</guid></item>", head='<?xml version="1.0" encoding="iso-8859-1"?>').encode("cp1252"), "", ["\u201cOne\u201d \u2013 two"], ""),
    "Latin-1 that calls itself ASCII": (rss(f"<item><title>caf{E}</title><guid>1</guid></item>", head='<?xml version="1.0" encoding="us-ascii"?>').encode("latin-1"), "", [f"caf{E}"], ""),
    "Cyrillic by header": (rss("<item><title>\u041c\u044d\u043d</title><guid>1</guid></item>").encode("cp1251"), "text/xml; charset=windows-1251", ["\u041c\u044d\u043d"], ""),
    "Japanese by declaration": (rss("<item><title>\u65e5\u672c</title><guid>1</guid></item>", head='<?xml version="1.0" encoding="shift_jis"?>').encode("shift_jis"), "", ["\u65e5\u672c"], ""),
    "an encoding in quotes in the header": (rss(f"<item><title>{E}</title><guid>1</guid></item>").encode("latin-1"), 'text/xml; charset="ISO-8859-1"', [E], ""),
    "an encoding that is none": (rss(f"<item><title>{E}</title><guid>1</guid></item>", head='<?xml version="1.0" encoding="utf8mb4"?>').encode(), "", [E], ""),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_it_is_read_as_far_as_it_can_be(name: str) -> None:
    document, content_type, titles, told = READ[name]
    reading = read(document if isinstance(document, bytes) else document.encode(), content_type or "text/xml")
    assert [one.title for one in reading.records] == titles
    assert told in " ".join(reading.degraded)
    assert bool(told) is bool(reading.degraded)
    assert reading.whole


def test_bare_ampersands_leave_addresses_as_they_are() -> None:
    link = "<link><![CDATA[https://a.example/?a=1&b=2]]></link>"
    (record,) = read(rss(f"<item><title>Q&A</title>{link}<category>R&D</category></item>").encode()).records
    assert (record.title, record.link, record.categories) == ("Q&A", "https://a.example/?a=1&b=2", ("R&D",))


NONE = {
    "a page": "<!doctype html><html><body><h1>Feed</h1></body></html>",
    "OPML": "<opml version='2.0'><body><outline text='x'/></opml>",
    "a sitemap": "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>x</loc></url></urlset>",
    "SOAP": "<soap:Envelope xmlns:soap='http://www.w3.org/2003/05/soap-envelope'><soap:Body/></soap:Envelope>",
    "a list in JSON": "[1, 2]",
    "an error in JSON": '{"error": "not found"}',
    "JSON in a call": 'callback({"version":"https://jsonfeed.org/version/1","items":[]})',
    "words": "There is no feed here.",
    "white space": " \n\t ",
    "entities, even if nobody uses them": '<!DOCTYPE rss [<!ENTITY x "y">]>' + rss(ITEM),
    "entities from elsewhere": '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + rss("<item><title>&x;</title></item>"),
    "entities of parameters": '<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://a.example/x.dtd"> %x;]>' + rss(ITEM),
}  # fmt: skip


@pytest.mark.parametrize("name", NONE)
def test_it_is_no_feed(name: str) -> None:
    with pytest.raises(Unreadable):
        read(NONE[name].encode())


def test_dates_that_are_mostly_unreadable_are_told():
    dated = TWO.replace("</item>", "<pubDate>sometime</pubDate></item>")
    assert read(rss(dated).encode()).degraded == ("the dates of 2 of 2 entries are not readable",)
    assert read(rss(dated + TWO).encode()).degraded == ()
