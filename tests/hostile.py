"""Documents that are out to hang a parser or to eat the memory of its process: each a way that was seen to hurt some parser."""

import zlib
from collections.abc import Callable

from dispatcher.formats.selectors import Select
from dispatcher.sources.questions import Question

URL = "https://a.example/notices"
FEED = Question("feed", "text/xml", URL)
PAGE = Question("page", "text/html", URL, Select(record="h3", record_until="h3"))
DOCUMENT = Question("document")

FULL = 5 * 1024 * 1024  # as large as any body that is fetched


def rss(inside: bytes) -> bytes:
    return (
        b'<rss version="2.0"><channel><title>t</title><item><title>x</title><guid>1</guid>'
        + inside
        + b"</item></channel></rss>"
    )


def filled(piece: bytes, size: int = FULL) -> bytes:
    return piece * (size // len(piece))


def json_items(piece: bytes, size: int = FULL) -> bytes:
    return b'{"version":"https://jsonfeed.org/version/1","items":[' + filled(piece, size)


def pdf(inside: bytes, filters: bytes = b"/FlateDecode") -> bytes:
    """One page whose content is `inside`."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Length %d /Filter %s >>\nstream\n%s\nendstream" % (len(inside), filters, inside),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    return written(objects)


def written(objects: list[bytes]) -> bytes:
    body, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % count
    return (
        body
        + head
        + table
        + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (count, len(body))
    )


def pages_of_pages(depth: int) -> bytes:
    """A tree that holds itself."""
    kids = b"/Kids [" + b"2 0 R " * depth + b"]"
    return written([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages %s /Count 99999999 >>" % kids])


# Made when a test wants one: together they would take 200 MB.
DOCUMENTS: dict[str, tuple[Question, Callable[[], bytes]]] = {
    "an angle without end": (FEED, lambda: filled(b"<")),
    "tags that never end": (FEED, lambda: rss(filled(b"<a "))),
    "tags that never end, on a page": (PAGE, lambda: filled(b"<a ")),
    "elements 100,000 deep": (FEED, lambda: rss(b"<a>" * 100_000 + b"</a>" * 100_000)),
    "elements without end": (FEED, lambda: filled(b"<a>")),
    "boxes 100,000 deep, on a page": (PAGE, lambda: b"<h3>x</h3>" + b"<div>" * 100_000),
    "boxes 100,000 deep, in a text": (
        FEED,
        lambda: rss(b"<description>" + b"&lt;div&gt;" * 100_000 + b"</description>"),
    ),
    "lists 50,000 deep, in a text": (
        FEED,
        lambda: rss(b"<description>" + b"&lt;ul&gt;&lt;li&gt;" * 50_000 + b"</description>"),
    ),
    "an attribute of 5 MB": (FEED, lambda: rss(b'<link href="' + filled(b"x") + b'"/>')),
    "400,000 attributes": (
        FEED,
        lambda: rss(b"<a " + b" ".join(b'a%d="x"' % n for n in range(400_000)) + b"/>"),
    ),
    "200,000 namespaces": (
        FEED,
        lambda: rss(b"<a " + b" ".join(b'xmlns:a%d="x"' % n for n in range(200_000)) + b"/>"),
    ),
    "escaped a million times": (
        FEED,
        lambda: rss(b"<description>" + filled(b"&amp;amp;amp;") + b"</description>"),
    ),
    "sections that never end": (FEED, lambda: rss(filled(b"<![CDATA["))),
    "comments that never end": (FEED, lambda: rss(filled(b"<!--"))),
    "declarations by the thousand": (
        FEED,
        lambda: b"<!DOCTYPE rss [" + filled(b"<!ELEMENT a (b)>") + b"]>" + rss(b""),
    ),
    "laughs by the billion": (
        FEED,
        lambda: b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + rss(b"<b>&b;</b>"),
    ),
    "hours without end": (FEED, lambda: b'<rss version="2.0"><channel>' + filled(b"<skipHours><hour>")),
    "titles without end": (FEED, lambda: b"<html>" + filled(b"<title>")),
    "200,000 entries": (
        FEED,
        lambda: b'<rss version="2.0"><channel>' + filled(b"<item><guid>1</guid></item>"),
    ),
    "spaces before a last word": (FEED, lambda: rss(b"<description>" + filled(b" ") + b"x</description>")),
    "angles in a title": (FEED, lambda: rss(b"<title>" + filled(b"&lt;a ") + b"</title>")),
    "nothing but NUL": (FEED, lambda: filled(b"\0")),
    "500,000 headings": (PAGE, lambda: filled(b"<h3>x</h3>")),
    "300,000 records": (PAGE, lambda: filled(b"<h3>x</h3><p>y<p>")),
    "lists in JSON 1,000,000 deep": (FEED, lambda: json_items(b"[", 1_000_000)),
    "objects in JSON without end": (FEED, lambda: filled(b'{"a":')),
    "1,700,000 items in JSON": (FEED, lambda: json_items(b"{},") + b"{}]}"),
    "objects in JSON by the million": (
        FEED,
        lambda: json_items(b'{"":' * 200 + b"0" + b"}" * 200 + b",") + b"0]}",
    ),
    "a number of 5 MB": (FEED, lambda: json_items(b"9") + b"]}"),
    "objects in a PDF without end": (DOCUMENT, lambda: b"%PDF-1.4\n" + filled(b"1 0 obj << ")),
    "names in a PDF 100,000 deep": (DOCUMENT, lambda: pdf(zlib.compress(b"<< /A " * 100_000))),
    "lists in a PDF 1,000,000 deep": (DOCUMENT, lambda: pdf(zlib.compress(b"[" * 1_000_000))),
    "a packed PDF of 400 MB": (
        DOCUMENT,
        lambda: pdf(zlib.compress(zlib.compress(bytes(400_000_000), 1)), b"[/FlateDecode /FlateDecode]"),
    ),
    "a PDF that writes without end": (
        DOCUMENT,
        lambda: pdf(zlib.compress(b"BT /F 9 Tf " + b"(words) Tj " * 3_000_000)),
    ),
    "a PDF whose pages hold themselves": (DOCUMENT, lambda: pages_of_pages(20)),
}
