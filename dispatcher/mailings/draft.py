"""A blast as its author writes it: a short head, if they like, and Markdown below. Text in, plain values out; checks no content.

    ---
    subject: New form for prior authorization
    contact: Provider Relations
    telephone: 207-555-0134
    ---
    From January 5, 2027, use the form …

Without a head, a first line `# New form …` is the subject.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dispatcher.errors import BadInput, Mistakes
from dispatcher.formats import markdown
from dispatcher.formats.contact import Contact

# Bytes. Brackets without end take the parser 4 s at this size, and four times that at twice the size; the HTML may hold no more either.
LARGEST = 40_000
TYPES = ("notice", "proposed", "adopted", "emergency", "methodology", "waiver")
_CONTACT = {"contact": "name", "telephone": "telephone", "tty": "tty", "email": "email", "website": "website"}
_KEYS = ("subject", "type", "link", *_CONTACT)
_HEAD = re.compile(r"\A---[ \t]*\n(?P<head>.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What stands in the file. `markdown` is the body, without the head and without the heading that became the subject."""

    subject: str
    type: str
    link: str
    contact: Contact
    markdown: str


def read(text: str, name: str) -> Draft:
    """The draft in a file. Raises BadInput; for the head it is Mistakes, which names every bad line at once."""
    require_fitting(len(text.encode()), name)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    found = _HEAD.match(text)
    head = _read_head(found["head"], name) if found else {}
    body = text[found.end() :] if found else text
    heading, rest = markdown.heading(body)
    contact = Contact(**{field: head[key] for key, field in _CONTACT.items() if key in head})
    return Draft(
        subject=head.get("subject", heading),
        type=head.get("type", "notice"),
        link=head.get("link", ""),
        contact=contact,
        markdown=(body if "subject" in head else rest).strip("\n"),
    )


def require_fitting(size: int, name: str) -> None:
    """Raises BadInput if a file of so many bytes is too large to be one message."""
    if size > LARGEST:
        raise BadInput(name, f"more than {LARGEST:,} bytes", "link to what is longer")


def filled_in(draft_markdown: str, values: Mapping[str, str]) -> str:
    """The text with our few placeholders replaced, as plain strings; unknown ones stay for the checks to find."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), draft_markdown)


def _read_head(head: str, name: str) -> dict[str, str]:
    values: dict[str, str] = {}
    wrong: list[BadInput] = []
    for number, line in enumerate(head.split("\n"), start=2):
        if not line.strip():
            continue
        try:
            key, value = _read_line(line, f"{name}:{number}", values)
            values[key] = value
        except BadInput as mistake:
            wrong.append(mistake)
    if wrong:
        raise Mistakes(name, wrong)
    return values


def _read_line(line: str, place: str, before: Mapping[str, str]) -> tuple[str, str]:
    key, colon, value = line.partition(":")
    key, value = key.strip().lower(), value.strip()
    if not colon or key not in _KEYS:
        raise BadInput(
            place,
            f"{line.strip()[:60]!r} says nothing we know",
            f"one of {', '.join(_KEYS)}, a colon, a value",
        )
    if key in before:
        raise BadInput(f"{place} {key}", "stands there twice", "say it once")
    if key == "type" and value not in TYPES:
        raise BadInput(f"{place} type", repr(value), f"one of {', '.join(TYPES)}")
    return key, value
