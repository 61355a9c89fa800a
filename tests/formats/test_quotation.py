"""Quotations: one line that holds the words meant, as written, and is never too wide."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.formats.quotation import quote


@pytest.mark.parametrize(
    ("text", "words_", "quoted"),
    [
        ("Short title", "title", "Short title"),
        ("two\n lines and\u00a0space", "lines", "two lines and space"),
        ("x" * 100, "x" * 100, "x" * 30),
    ],
)
def test_a_quote_is_one_line(text, words_, quoted):
    start = text.index(words_)
    assert quoted in quote(text, start, start + len(words_))


def test_a_quote_is_cut_at_words_on_both_sides():
    text = f"{'before ' * 30}MaineCare Pharmacy,{' afterwards' * 30}"
    start = text.index("MaineCare")
    quoted = quote(text, start, start + 18)
    assert quoted.startswith("…before ")
    assert quoted.endswith(" afterwards…")
    assert "before MaineCare Pharmacy, afterwards" in quoted
    assert 60 < len(quoted) <= 80


def test_a_quote_at_an_edge_shows_more_of_the_other_side():
    text = "MaineCare " + "word " * 40 + "end"
    assert quote(text, 0, 9) == "MaineCare" + " word" * 13 + "…"
    assert quote(text, len(text) - 3, len(text)) == "…" + "word " * 15 + "end"


def test_of_too_many_words_the_last_are_quoted():
    text = "start " + "word " * 40 + "end, and more"
    quoted = quote(text, 0, text.index("end") + 3)
    assert quoted.startswith("…word ")
    assert quoted.endswith(" word end, and…")


def test_a_quote_from_a_long_address_holds_the_words():
    text = f"https://www.example.gov/{'folder/' * 30}section-80-adopted{'-page' * 30}.html"
    start = text.index("80-adopted")
    quoted = quote(text, start, start + 10)
    assert "80-adopted" in quoted
    assert len(quoted) <= 80


@given(st.lists(st.text("abc", min_size=1, max_size=30), min_size=1, max_size=30), st.data())
@settings(max_examples=60)
def test_a_quote_holds_the_words_and_keeps_its_width(pieces, data):
    text = " ".join(pieces)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, min(len(text), start + 40)))
    quoted = quote(text, start, end)
    assert len(quoted) <= 80
    assert quoted.strip("…") in text
    if len(quoted) < 80 - 2 and "…" not in quoted:
        assert quoted == text
    if not any(len(piece) > 20 for piece in pieces):
        assert text[start:end].strip() in quoted
