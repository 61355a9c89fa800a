"""Folded text: what a grammar reads, and where it stands in the original."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.formats.folded import PARAGRAPH, fold, origins, sentences, without_links


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("plain text", "plain text"),
        ("two  spaces,\na line\u00a0break", "two spaces, a line break"),
        ("a blank\n\n line", f"a blank{PARAGRAPH}line"),
        ("soft\u00adhyphen zero\u200bwidth \u200b mark\ufeff", "softhyphen zerowidth mark"),
        ("en\u2013dash \u201cquotes\u201d it\u2019s", 'en-dash "quotes" it\'s'),
        ("Chapter \u2161 \uff19\uff17", "Chapter II 97"),
        ("Section 97\u00b9", "Section 97"),
    ],
)
def test_unusual_characters_become_usual_ones(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(st.sampled_from("aA1 .\n\u00ad\u00a0\u2013\u2161\ufdfa\u00b9\x00")))
def test_each_folded_character_has_its_origin(text: str) -> None:
    places = list(origins(text))
    assert len(places) == len(fold(text))
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("see https://x.gov/section-97 now", "see now"),
        ("see (www.maine.gov/dhhs). Next", "see Next"),
        ("mail a.b@maine.gov or Section 13.pdf", "mail or Section"),
        ("10-144 C.M.R. Ch. 101", "10-144 C.M.R. Ch. 101"),
    ],
)
def test_links_files_and_mailboxes_are_not_read(text: str, left: str) -> None:
    without = without_links(text)
    assert len(without) == len(text)
    assert " ".join(without.replace("\x00", "").split()) == left


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("See Ch. II, Sec. 45. The next.", 2),
        ("22 M.R.S. Sec. 1708 and the U.S. Code, e.g. No. 5 of it.", 1),
        ('Section 97, Appendix C. The next! "And" so on? Yes', 4),
        ("one \u2022 two \u2022 three", 3),
        (f"no dot{PARAGRAPH}then", 2),
        ("", 1),
    ],
)
def test_a_dot_in_an_abbreviation_ends_no_sentence(text: str, number: int) -> None:
    found = list(sentences(text))
    assert len(found) == number
    assert "".join(text[start:end] for start, end in found) == text
