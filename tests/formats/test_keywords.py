"""A subscriber's own words: what they may type, what is told of a mistake, and where the words are found."""

import pytest

from dispatcher.formats import words
from dispatcher.formats.keywords import MOST, found, parse


@pytest.mark.parametrize(
    ("typed", "phrases", "folded"),
    [
        ("", [], []),
        (" \n , ", [], []),
        ("340B", ["340B"], ["340b"]),
        ("340B, prior  authorization\npharmac*", ["340B", "prior authorization", "pharmac*"], ["340b", "prior authorization", "pharmac*"]),
        ("PA; pa; P.A.", ["PA"], ["pa"]),
        ("§ 90.07", ["§ 90.07"], ["section 90 7"]),
        ("rule-making", ["rule-making"], ["rule-making"]),
    ],
)  # fmt: skip
def test_commas_semicolons_and_lines_stand_between_words(typed, phrases, folded) -> None:
    read = parse(typed)
    assert [one.phrase for one in read] == phrases
    assert [one.folded for one in read] == folded


@pytest.mark.parametrize(
    "typed", ["340B", "rule-making", "R&D", "$65.05", "C.F.R.", "O'Brien's", "pharmac*", "50 %"]
)
def test_what_is_compared_is_found_where_what_was_typed_is(typed) -> None:
    (one,) = parse(typed)
    assert words.phrase(one.folded) == words.phrase(typed)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("a", "“a” is too short"),
        ("ph*", "“ph*” is too short"),
        ("*", "cannot be looked for"),
        ("pharm*cy", "only its last word may end in *"),
        ("–", "no letter and no digit"),
        ("x" * 81, "longer than 80 characters"),
        ("§ x " * 20, "too long once its signs are written out"),
        (",".join(f"word{n}" for n in range(MOST + 1)), "at most 20 words or phrases; there are 21"),
    ],
)
def test_what_cannot_be_looked_for_is_told_in_the_words_of_the_person(typed, told) -> None:
    with pytest.raises(ValueError, match=r"^[“G]") as caught:
        parse(typed)
    assert told in str(caught.value)


def test_words_are_found_in_title_and_text_as_rules_find_them() -> None:
    wanted = {"340b", "prior authorization", "pharmac*", "dental", "rule-making", "title body"}
    body = ["A 340B-covered entity", "needs prior\u00a0authorization.", "Rulemaking"]
    assert found(wanted, "Pharmacies: title", body) == {
        "340b",
        "prior authorization",
        "pharmac*",
        "rule-making",
    }
    assert found(set(), "Pharmacies", body) == set()
