"""Whatever a document does, its source alone fails: the real child takes it, and reads the next document as if nothing were."""

import time
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hostile import DOCUMENTS, FEED, PAGE, URL, pdf, rss
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.errors import Unreadable
from dispatcher.formats.selectors import Patterns, Select
from dispatcher.sources import documents, feeds, json_feed, pages
from dispatcher.sources.reader import Reader
from dispatcher.sources.reading import Document, Reading

SECONDS = 1.0
PATIENCE = 8.0  # for a machine that does other things beside


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader(SECONDS)
    yield reader
    reader.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_costs_its_own_source_and_no_more_than_the_time_it_is_given(reader: Reader, name: str) -> None:
    question, made = DOCUMENTS[name]
    body = made()
    reader.ask(FEED, rss(b""))
    began = time.monotonic()
    with suppress(Unreadable):
        assert isinstance(reader.ask(question, body), Reading | Document)
    assert time.monotonic() - began < SECONDS + PATIENCE
    after = reader.ask(FEED, rss(b""))
    assert isinstance(after, Reading)
    assert after.records[0].guid == "1"


RSS = rss(
    b"<link>https://a.example/?a=1&amp;b=2</link><pubDate>Wed, 06 Mar 2024 09:12:04 EST</pubDate><category>c</category>"
    b"<description>&lt;p&gt;Words &lt;b&gt;in&lt;/b&gt; &lt;a href='x'&gt;a link&lt;/a&gt;&lt;/p&gt;&#233;<![CDATA[<i>i</i>]]></description>"
)
LATIN = (
    b'<?xml version="1.0" encoding="ISO-8859-1"?><rss version="2.0"><channel><ttl>30</ttl><skipHours><hour>1</hour></skipHours>'
    b"<item><title>Caf\xe9</title><guid isPermaLink='false'>7</guid></item></channel></rss>"
)
ATOM = (
    b'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://b.example/"><title>t</title><entry><id>urn:1</id>'
    b'<title type="html">A &amp;lt;b&amp;gt;</title><link href="rel"/><updated>2024-01-02T03:04:05Z</updated>'
    b'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>see <a href="z">z</a></p></div></content></entry></feed>'
)
WIDE = '<?xml version="1.0" encoding="utf-16"?><rss version="2.0"><channel><item><title>x</title></item></channel></rss>'
FEEDS = [RSS, LATIN, ATOM, WIDE.encode("utf-16")]
JSON = b'{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":1,"url":"/a","content_html":"<p>x</p>","date_published":"2024-03-06T09:12:04Z","tags":["a"]}]}'
HTML = (
    b"<!DOCTYPE html><html><head><base href='/n/'><title>List</title></head><body><h3 id='a'>One - July 7, 2021</h3><p>Words <a href='a b.pdf'>PDF</a></p>"
    b"<h3>Two - May 8, 2023</h3><ul><li>x</li></ul><script>1</script></body></html>"
)
PDF = pdf(zlib.compress(b"BT /F 9 Tf (words) Tj ET"))

# What parsers trip over, to be put in anywhere.
SPLINTERS = [
    b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<?xml ", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"&#xD800;", b"&#0;", b"&nbsp;",
    b"<!DOCTYPE x>", b"<!ENTITY a 'b'>", b"</item>", b"<item>", b"xmlns:a='", b"xml:base='http://['", b"href='http://[::'", b"99999999999", b"{", b'"',
    b"\\ud800", b"encoding='utf-7'", b"charset=none", b"/Kids [2 0 R]", b"endobj", b"/Encrypt 1 0 R",
]  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """A good document with pieces cut out, doubled, overwritten, or splinters put in."""
    body = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.sampled_from([0, 0, 1, 5, 40, 1_000])))
        with_ = draw(
            st.one_of(st.sampled_from(SPLINTERS), st.binary(max_size=4), st.just(body[start:end] * 2))
        )
        body = body[:start] + with_ + body[end:]
    return body


def reads(read: object, *arguments: object) -> None:
    """Something, or Unreadable; never anything else."""
    assert callable(read)
    with suppress(Unreadable):
        assert isinstance(read(*arguments), Reading | Document)


@given(
    mutations(FEEDS), st.sampled_from(["text/xml", "", "text/xml; charset=utf-16", "text/html; charset=x"])
)
@settings(max_examples=60, deadline=None)
@example(rss(b"<description>&lt;p&gt;a&lt;/p&gt;&#38;#2&lt;b></description>"), "")
@example(
    b'<rss version="2.0"><channel><item><guid>1</guid><link xml:base="http://[">x</link></item></channel></rss>',
    "",
)
@example(
    b'<rss version="2.0"><channel><item><title>x</title><link</item>>https://a.example/?a=1</link></item></channel></rss>',
    "text/xml",
)
def test_a_mutated_feed_is_read_or_unreadable(body: bytes, content_type: str) -> None:
    reads(feeds.read, body, content_type, URL)


@given(mutations([JSON]))
@settings(max_examples=60, deadline=None)
def test_a_mutated_json_feed_is_read_or_unreadable(body: bytes) -> None:
    reads(json_feed.read, body, URL)


@given(
    mutations([HTML]),
    st.sampled_from([Select(record="h3", record_until="h3"), PAGE.select, Select(record="body *")]),
)
@settings(max_examples=60, deadline=None)
@example(b"<base href='http://['><h3>x</h3><p>y", PAGE.select)
def test_a_mutated_page_is_read_or_unreadable(body: bytes, select: Select) -> None:
    reads(pages.read, body, "text/html", URL, select, Patterns(date=r"- (.+)$"), False, 1)


@given(mutations([PDF]))
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_a_mutated_pdf_is_a_document_with_or_without_text(body: bytes) -> None:
    reads(documents.text, body)
