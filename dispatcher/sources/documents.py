"""The text of linked documents, which today means PDF, by pypdf. Draws nothing, follows nothing, opens no file.

A document that cannot be read is no failure of the source that links it: it comes back without text and with a note.
"""

from io import BytesIO
from itertools import islice

from pypdf import PdfReader
from pypdf.errors import DependencyError

from dispatcher.formats.characters import storable
from dispatcher.sources.reading import Document, what_stands_there

MOST_PAGES = 50
MOST_TEXT = 200_000


def text(body: bytes) -> Document:
    """What a reader would find in it; only what is out of our hands, memory above all, is raised."""
    if b"%PDF-" not in body[:1_024]:
        return Document("", 0, f"no PDF, but {what_stands_there(body)}")
    try:
        return _read(PdfReader(BytesIO(body)))
    except MemoryError:
        raise
    except DependencyError:
        return Document("", 0, "encrypted in a way that we cannot open")
    except Exception as broken:  # noqa: BLE001 -- there is no end to how a PDF can be broken
        return Document("", 0, f"broken: {type(broken).__name__}: {storable(str(broken))[:120]}")


def _read(pdf: PdfReader) -> Document:
    # Many are encrypted with an empty password, only so that nobody edits them.
    if pdf.is_encrypted and not pdf.decrypt(""):
        return Document("", 0, "encrypted: it needs a password")
    count = len(pdf.pages)
    written, unread = _written(pdf)
    whole = "\n\n".join(written).strip()
    notes = [f"{unread} pages cannot be read"] if unread else []
    if count > MOST_PAGES:
        notes.append(f"{count} pages; only the first {MOST_PAGES} are read")
    if len(whole) > MOST_TEXT:
        notes.append("its text is cut")
    if not whole:
        notes.append("no text in it: it may be a scan")
    return Document(whole[:MOST_TEXT].rstrip(), count, "; ".join(notes))


def _written(pdf: PdfReader) -> tuple[list[str], int]:
    """The text of each page, until there is enough, and how many pages kept theirs to themselves."""
    pages, unread, length = [], 0, 0
    for page in islice(pdf.pages, MOST_PAGES):
        try:
            pages.append(storable(page.extract_text()))
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 -- as above; the other pages may be whole
            unread += 1
            continue
        length += len(pages[-1])
        if length > MOST_TEXT:
            break
    return pages, unread
