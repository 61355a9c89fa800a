"""The manual: the list of sections and its look-ups."""

import pytest

from dispatcher.formats import manual


def test_no_section_is_listed_twice() -> None:
    places = [(one.chapter, one.number) for one in manual.ENTRIES]
    assert len(places) == len(set(places))
    assert {chapter for chapter, _ in places} == {"I", "II", "III", "X"}


def test_numbers_are_listed_once_and_in_order() -> None:
    assert manual.NUMBERS[:3] == ("1", "2", "3")
    assert manual.NUMBERS[-1] == "113"


@pytest.mark.parametrize(
    ("chapter", "number", "known", "may_exist"),
    [
        ("II", "97", True, True),
        (None, "97", True, True),
        ("II", "1", False, False),
        ("III", "21", False, True),
        ("III", "1", False, False),
        (None, "98", False, False),
        ("II", "24", True, True),
        ("II", "66", True, True),
    ],
)
def test_a_section_is_known_in_its_chapter(
    chapter: str | None, number: str, known: bool, may_exist: bool
) -> None:
    assert manual.known(chapter, number) is known
    assert manual.may_exist(chapter, number) is may_exist


def test_what_is_no_longer_or_not_yet_certain_is_marked() -> None:
    doubtful = {one.number: one.status for one in manual.ENTRIES if one.status != "in force"}
    assert doubtful == {"24": "ended", "35": "not confirmed", "66": "not confirmed"}


def test_a_title_without_chapter_is_that_of_chapter_two() -> None:
    assert manual.title(None, "5") == "Ambulance Services"
    assert manual.title("I", "5") == "COVID-19 Public Health Emergency Services"
    assert manual.title(None, "6") == "Global HCBS Waiver Person-Centered Planning and Settings Rule"
    assert manual.title("III", "21") is None


def test_only_section_97_has_appendices() -> None:
    assert manual.APPENDICES == {"97": ("B", "C", "D", "F")}
