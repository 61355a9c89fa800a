"""Sections: the rules that decide which numbers count, and which chapter is theirs."""

import pytest

from dispatcher.formats.sections import Section, references


def in_text(*body: str, title: str = "") -> str:
    sections = (Section(one.chapter, one.number, one.appendix) for one in references(title, body))
    return ", ".join(dict.fromkeys(str(one).replace("appendix ", "") for one in sections))


RULES = [
    # 1: unlisted numbers count with a chapter only
    ("a proposal to add new companion Ch. II, Sec. 66", "II-66"),
    ("Ch. II Section 32, Waiver Services for Children", "II-32"),
    ("Section 32, Waiver Services for Children", ""),
    ("Section 35, Hearing Aids; Section 24, Day Habilitation", "35, 24"),
    # 3: how far a chapter holds
    ("Chapter I, Section 6 of the manual applies to Sections 18 and 21", "I-6, 18, 21"),
    ("Chapter II, Section 97 and Section 45", "II-97, II-45"),
    ("Chapter III, Section 67 refers to Section 90", "III-67, III-90"),
    ("Chapters II and III, Section 97, as well as rates in Section 23", "II-97, III-97, II-23, III-23"),
    ("Chapter II, Section 97. Section 45 is next", "II-97, 45"),
    ("Chapter II, Section 97 and Chapter III, Section 67", "II-97, III-67"),
    ("Chapter II, Sections 97, 66 and 20", "II-97, II-66, II-20"),
    # 5: single digits
    ("Section 5 of our plan", ""),
    ("MaineCare Benefits Manual, Section 5 (Ambulance Services)", "5"),
    ("Section 5 of the MBM", "5"),
    ("the MBM was amended. Section 5 follows", ""),
    ("Sections 4, 5 and 45", "4, 5, 45"),
    ("MBM, Sections 1 and 6", "I-1, I-6"),
    ("MBM, Section 8", ""),
    ("Chapter II, Section 2", "II-2"),
    ("MBM 1.03-8 (J)", "I-1"),
    # 8: where a list ends
    ("Section 97, 90 days after adoption", "97"),
    ("Section 97, 90-day supplies", "97"),
    ("Sections 21 and 29, 45 calendar days before", "21, 29"),
    ("Section 97, 42 CFR 447.205", "97"),
    ("Section 65, 10:00 a.m.", "65"),
    ("Section 65, 12/31/2024", "65"),
    ("Section 65, 624-4045", "65"),
    ("Section 65, 20 percent", "65"),
    ("Section 65, 14 facilities", "65"),
    ("Section 65 and 31 other", "65"),
    ("Section 97 - 45 beds", "97"),
    ("Section 97, 1 July 2026", "97"),
    ("Section 97, July 1, 2026", "97"),
    ("Section 45, 97,000 members", "45"),
]


@pytest.mark.parametrize(("text", "expected"), RULES)
def test_the_rules_of_lists_chapters_and_single_digits_hold(text: str, expected: str) -> None:
    assert in_text(text) == expected


def test_a_subsection_is_kept() -> None:
    (first, second) = references("", ["Section 97.07-2(A)(1)", "Sec. 43.06-7"])
    assert (first.subsection, second.subsection) == (".07-2(A)(1)", ".06-7")


def test_a_number_without_chapter_is_absorbed_by_the_same_number_with_one() -> None:
    (only,) = references("Chapter II, Section 43, Hospice Services", ["Section 43.06-7 is repealed."])
    assert (only.chapter, only.number, only.block) == ("II", "43", 0)


def test_a_subject_without_chapter_takes_the_chapter_stated_in_the_text() -> None:
    found = references("Section 67 rates", ["The Department amends Chapter III, Section 67."])
    assert [(one.chapter, one.place, one.text) for one in found] == [
        ("III", "subject", "Section 67"),
        ("III", "mention", "Chapter III, Section 67"),
    ]


def test_a_bare_one_is_absorbed_by_chapter_ten_if_that_is_stated() -> None:
    assert in_text("MBM, Section 1", title="Chapter X, Section 1") == "X-1"


def test_an_absorbed_appendix_is_not_lost() -> None:
    assert in_text("97C rates", title="Chapter III, Section 97") == "III-97, III-97 C"
