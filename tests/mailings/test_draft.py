"""A draft is read as it was typed: a head or a heading, Markdown below; every mistake of the head is told at once."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.errors import BadInput, Mistakes
from dispatcher.formats.contact import Contact
from dispatcher.mailings import draft

WHOLE = """---
Subject: New form: prior authorization
type: adopted
link: https://www.maine.gov/form

contact: Provider Relations
telephone: 207-555-0134
tty: 711
email: help@maine.gov
website: https://www.maine.gov/dhhs
---

Use the *new* form.

--- not a head
"""


def test_a_head_says_everything() -> None:
    read = draft.read(WHOLE, "form.md")
    assert (read.subject, read.type, read.link) == (
        "New form: prior authorization",
        "adopted",
        "https://www.maine.gov/form",
    )
    assert read.contact == Contact(
        "Provider Relations", "help@maine.gov", "207-555-0134", "711", "https://www.maine.gov/dhhs"
    )
    assert read.markdown == "Use the *new* form.\n\n--- not a head"


@pytest.mark.parametrize(
    ("text", "subject", "markdown"),
    [
        ("# New form\n\nUse it.", "New form", "Use it."),
        ("\n\n# New form #\nUse it.\n# Not this", "New form", "Use it.\n# Not this"),
        ("# New *form* for `MC-12` & [more](https://a.maine.gov)", "New form for MC-12 & more", ""),
        ("# Form C#", "Form C#", ""),
        ("# {{7*7}} forms", "{{7*7}} forms", ""),
        ("#\nUse it.", "", "#\nUse it."),
        ("## New form\n\nUse it.", "", "## New form\n\nUse it."),
        ("Use it.\n\n# New form", "", "Use it.\n\n# New form"),
        ("---\nsubject: Typed\n---\n# A heading\n\nUse it.", "Typed", "# A heading\n\nUse it."),
        ("---\ncontact: Ann\n---\n# A heading\n\nUse it.", "A heading", "Use it."),
        ("---\nsubject: Only a head\n---", "Only a head", ""),
        ("---\nsubject: never closed\n", "", "---\nsubject: never closed"),
        ("\ufeff---\r\nsubject: From Windows\r\n---\r\nUse it.\r\nNow.", "From Windows", "Use it.\nNow."),
        ("", "", ""),
    ],
)
def test_the_subject_is_the_heads_or_the_first_headings(text: str, subject: str, markdown: str) -> None:
    read = draft.read(text, "form.md")
    assert (read.subject, read.markdown) == (subject, markdown)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("subjekt: New form", ["form.md:2", "subjekt", "subject, type"]),
        ("just words", ["form.md:2", "just words"]),
        ("type: rumour", ["form.md:2 type", "rumour", "emergency"]),
        ("subject: one\nsubject: two", ["form.md:3 subject", "twice"]),
        ("subject: one\nSUBJECT: two", ["form.md:3 subject", "twice"]),
    ],
)
def test_a_bad_line_of_the_head_is_named(line: str, words: list[str]) -> None:
    with pytest.raises(Mistakes) as told:
        draft.read(f"---\n{line}\n---\nUse it.", "form.md")
    assert all(word in str(told.value) for word in words)


def test_all_bad_lines_are_told_at_once() -> None:
    with pytest.raises(Mistakes) as told:
        draft.read("---\nsubject: fine\nfoo: 1\n\ntype: bar\n---\n", "form.md")
    assert "form.md:3" in str(told.value)
    assert "form.md:5 type" in str(told.value)


def test_our_placeholders_are_replaced_as_plain_strings_and_others_stay() -> None:
    typed = "{{agency}} and {{ agency }}; {{7*7}}, {{ config }}, {% if x %}, {{agency}"
    filled = draft.filled_in(typed, {"agency": "{{agency}} \\1"})
    assert filled == "{{agency}} \\1 and {{agency}} \\1; {{7*7}}, {{ config }}, {% if x %}, {{agency}"


def test_what_no_message_could_hold_is_refused_before_it_is_parsed() -> None:
    draft.read("é" * (draft.LARGEST // 2), "form.md")
    with pytest.raises(BadInput, match="more than 40,000 bytes"):
        draft.read("é" * (draft.LARGEST // 2) + "e", "form.md")


@pytest.mark.parametrize(
    "text", ["# " + " " * 39_000 + "x", "# " + "# " * 19_000 + "x", "---\n" + "---x\n" * 7_900]
)
def test_long_lines_of_nothing_take_no_time(text: str) -> None:
    began = time.monotonic()
    draft.read(text[: draft.LARGEST], "form.md") if not text.startswith("---") else None
    draft.filled_in("{{ " * 13_000 + "{{" + " " * 900 + "agency", {})
    assert time.monotonic() - began < 2


@settings(max_examples=60)
@given(st.text(max_size=200))
def test_whatever_is_typed_is_a_draft_or_a_told_mistake(text: str) -> None:
    with suppress(Mistakes):
        read = draft.read(text, "form.md")
        assert "\n" not in read.subject
        assert "\r" not in read.markdown
