"""PDFs as agencies make them, each made here: text comes out, or a note says why not."""

import zlib
from io import BytesIO

import pytest
from hostile import pdf, written
from pypdf import PdfReader, PdfWriter

from dispatcher.sources import documents
from dispatcher.sources.documents import MOST_PAGES, MOST_TEXT
from dispatcher.sources.reading import Document

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def saying(*pages: bytes) -> bytes:
    """A PDF whose pages say these words."""
    first = 4
    kids = b" ".join(b"%d 0 R" % (first + 2 * number) for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        FONT,
    ]
    for number, words in enumerate(pages):
        content = b"BT /F 9 Tf 10 10 Td (%s) Tj ET" % words
        place = first + 2 * number
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents %d 0 R /Resources << /Font << /F 3 0 R >> >> >>"
            % (place + 1)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    return written(objects)


def encrypted(user: str) -> bytes:
    writer, out = PdfWriter(PdfReader(BytesIO(saying(b"Section 45")))), BytesIO()
    writer.encrypt(user, "owner", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def test_the_text_of_every_page_in_order():
    assert documents.text(saying(b"Chapter II, Section 45", b"CR 112772")) == Document(
        "Chapter II, Section 45\n\nCR 112772", 2
    )


def test_packed_pages_are_unpacked():
    assert documents.text(pdf(zlib.compress(b"BT /F 9 Tf (Section 80) Tj ET"))).text == "Section 80"


def test_a_scan_has_no_text_and_says_so():
    assert documents.text(pdf(zlib.compress(b"0 0 9 9 re f"))) == Document(
        "", 1, "no text in it: it may be a scan"
    )


def test_only_the_first_pages_are_read():
    found = documents.text(saying(*[b"page %d" % number for number in range(MOST_PAGES + 2)]))
    assert found.text.endswith(f"page {MOST_PAGES - 1}")
    assert (found.pages, found.note) == (
        MOST_PAGES + 2,
        f"{MOST_PAGES + 2} pages; only the first {MOST_PAGES} are read",
    )


def test_a_text_without_end_is_cut():
    found = documents.text(saying(b"words and more " * 20_000, b"never read"))
    assert MOST_TEXT - 100 < len(found.text) <= MOST_TEXT
    assert found.note == "its text is cut"


def test_one_that_only_forbids_editing_is_read():
    assert documents.text(encrypted("")).text == "Section 45"


def test_one_that_needs_a_password_is_not():
    assert documents.text(encrypted("secret")).note == "encrypted: it needs a password"


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (b"", "no PDF, but an empty document"),
        (b"<html><title>Not found</title></html>", "no PDF, but an HTML page titled 'Not found'"),
        (b"PK\x03\x04 a word processor", "no PDF, but a text that begins"),
        (b"%PDF-1.7", "broken: "),
        (saying(b"x")[:200], "broken: "),
        (b"%PDF-1.4\ntrailer << /Root 9 0 R >>", "broken: "),
    ],
)
def test_what_cannot_be_read_has_a_note(body, note):
    found = documents.text(body)
    assert found.text == ""
    assert found.note.startswith(note)


def test_what_no_database_holds_is_dropped():
    assert "\0" not in documents.text(saying(b"a\\000b")).text
