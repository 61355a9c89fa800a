"""Section places: the subject of a notice is told from what it mentions in passing."""

import pytest

from dispatcher.formats.sections import Section, references


def cited(title: str, *body: str, places: tuple[str, ...] = ("subject", "mention")) -> str:
    found = references(title, body)
    sections = (Section(one.chapter, one.number, one.appendix) for one in found if one.place in places)
    return ", ".join(dict.fromkeys(str(one).replace("appendix ", "") for one in sections))


def subjects(title: str, *body: str) -> str:
    return cited(title, *body, places=("subject",))


def test_the_title_is_the_subject_and_running_text_a_mention() -> None:
    title = "Adopted Rule: Chapter II, Section 94, EPSDT"
    recalled = "Ch. I, Section 5, COVID-19 Public Health Emergency Services, has ended."
    assert subjects(title, recalled) == "II-94"
    assert cited(title, recalled) == "II-94, I-5"


LABELLED = [
    ("CHAPTER NUMBER AND TITLE: Ch. 101, MaineCare Benefits Manual (MBM): Ch. III Section 13", "III-13"),
    ("CHAPTER NUMBERS AND TITLES: Ch. II, Sections 21 and 29", "II-21, II-29"),
    ("RULE TITLE OR SUBJECT: Chapter 101, MaineCare Benefits Manual, Section 19", "19"),
    ("Services Included: Section 67 CONCISE SUMMARY: as Section 90 already does", "67"),
    ("SERVICES INCLUDED: Section 45 NATURE OF PROPOSED CHANGES: as in Section 80", "45"),
]


@pytest.mark.parametrize(("text", "expected"), LABELLED)
def test_a_labelled_line_names_the_subject(text: str, expected: str) -> None:
    assert subjects("Notice", "Section 55 is older.", text) == expected


def test_a_section_may_be_mentioned_before_a_label_in_the_same_block() -> None:
    text = "As Section 67 has it. SERVICES INCLUDED: Section 67, Nursing Facility Services"
    assert [one.place for one in references("", [text])] == ["mention", "subject"]


def test_a_label_alone_speaks_of_the_next_block() -> None:
    assert subjects("", "RULE TITLE OR SUBJECT:", "Chapter II, Section 20", "and Section 21") == "II-20"


def test_a_table_of_sections_is_the_subject() -> None:
    table = ["Section", "Title", "Section 23, CR 124683", "Developmental Clinic Services", "Section 5"]
    assert subjects("COLAs", *table, "Ambulance", "Rates in Section 90 stay.") == "23, 5"


def test_a_table_may_have_one_row() -> None:
    assert subjects("COLAs", "Section", "Title", "Section 65", "Behavioral Health") == "65"


def test_a_list_of_sections_is_the_subject() -> None:
    listed = [
        "\u2022 Section 25: Dental Services",
        "Section 97 B",
        "Section 97: PNMI \u2013 Appendix D, Care",
    ]
    assert subjects("COLAs", *listed) == "25, 97 B, 97 D"


def test_paragraphs_that_begin_with_a_section_are_no_list() -> None:
    prose = ["Section 45 hospitals report monthly.", "Section 90 physicians do not."]
    assert subjects("Reports", *prose) == ""


def test_the_steps_of_a_form_are_no_sections() -> None:
    assert cited("", "Section 1: Applicant", "Section 2: Household", "Section 3: Income") == ""


@pytest.mark.parametrize(
    "entries",
    [
        ("1. Section 65", "2. Section 92"),
        ("a) Section 65: Rates", "b) Section 92"),
        ("Section 65, CR 124683", "Section 92, CR 124684"),
        ("Section 65: $5", "Section 92 (BHH)"),
    ],
)
def test_entries_may_be_numbered_and_bring_codes_and_rates(entries: tuple[str, ...]) -> None:
    assert subjects("COLAs", *entries, "Rates in Section 90 stay.") == "65, 92"
