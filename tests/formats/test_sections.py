"""Sections: each rule of the grammar on a notice of one title and some blocks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.formats.sections import Reference, Section, references


def names(found: tuple[Reference, ...] | list[Reference]) -> str:
    """Each section once, as topics.yaml would write it: "II-97 C, 45"."""
    sections = (Section(one.chapter, one.number, one.appendix) for one in found)
    return ", ".join(dict.fromkeys(str(one).replace("appendix ", "") for one in sections))


def in_text(*body: str) -> str:
    return names(references("", body))


FORMS = [
    ("Ch. II, Sec. 90", "II-90"),
    ("Chapters II and III, Section 23", "II-23, III-23"),
    ("Sections 18, 20, 21, and 29", "18, 20, 21, 29"),
    ("Sections 91-93", "91, 92, 93"),
    ("Section 97, Appendix F", "97 F"),
    ("97C", "97 C"),
    ("§ 90.07", "90"),
    ("90.01-5", "90"),
    ("MBM Chapter I, Section 1.03-8 (J)", "I-1"),
    ("Section 23, CR 124683", "23"),
    # the chapter part
    ("Chapter II Section 45", "II-45"),
    ("CHAPTER III, SECTION 67", "III-67"),
    ("chapter ii, section 67", "II-67"),
    ("Ch.III Section 13, Allowances for Targeted Case Management", "III-13"),
    ("Ch, I, Section 6, the Global rule", "I-6"),
    ("Chapter III\u2014Section 67", "III-67"),
    ("Chapter II & III, Sec. 21", "II-21, III-21"),
    ("Chapter II and Chapter III, Section 97", "II-97, III-97"),
    ("Chapters I-III, Section 97", "I-97, II-97, III-97"),
    ("Chapters I, II and III, Section 97", "I-97, II-97, III-97"),
    ("Chapter 2, Section 97", "II-97"),
    ("Chapters 2 and 3, Section 97", "II-97, III-97"),
    ("Chapter X, Section 1", "X-1"),
    ("Chapter II of the MaineCare Benefits Manual (MBM), Section 31", "II-31"),
    ("Chapter II, X-ray services", ""),
    ("Section 29, Chapter III, Allowances", "III-29"),
    ("Section 97 of Chapter II", "II-97"),
    ("Section 43 from Chapter III", "III-43"),
    ("Chapters II and III rules, in Section 97", "II-97, III-97"),
    ("Sections 21 and 29 (Chapters II and III)", "II-21, III-21, II-29, III-29"),
    ("Section 29, Chapter II, Section 21", "29, II-21"),
    # the list
    ("Sections 21/29 eligibility", "21, 29"),
    ("Sections 65 & 92", "65, 92"),
    ("Sections 13; 17; and 28", "13, 17, 28"),
    ("Section 21 and Section 29", "21, 29"),
    ("§§ 45, 46", "45, 46"),
    ("Sections 17 through 19", "17, 18, 19"),
    ("Sections 101 \u2013 107", "101, 102, 103, 107"),
    ("Chapter II, Sections 91-93", "II-91, II-92, II-93"),
    ("Sections 93-91", "93"),
    ("section(s) 12 or 96", "12, 96"),
    ("the following Sections of the MaineCare Benefits Manual (MBM): 12, 13", "12, 13"),
    ("Section No. 45", "45"),
    ("Sections 65, 17 (Community Support), and 92", "65, 17, 92"),
    ("Sections 97,101,102 and 18,19", "97, 101, 102, 18, 19"),
    ("Section 028", "28"),
    ("Section 21's budget", "21"),
    ("Section 97-licensed homes", "97"),
    # appendices
    ("Section 97, Appendices B, C and F", "97 B, 97 C, 97 F"),
    ("Section 97 Appendix B and Appendix D", "97 B, 97 D"),
    ("Section 97 Appendices B-D", "97 B, 97 C, 97 D"),
    ("Section 97 B", "97 B"),
    ("Section 97 (Appendix C)", "97 C"),
    ("Section 97B/C/D", "97 B, 97 C, 97 D"),
    ("97B, 97C and 97f", "97 B, 97 C, 97 F"),
    ("Section 97-C", "97 C"),
    ("Section 97: Private Non-Medical Institution \u2013 Appendix B, Residential Services", "97 B"),
    ("Appendix C of Chapter III, Section 97", "III-97 C"),
    ("Appendices B and D of the MBM, Section 97", "97 B, 97 D"),
    ("Appendix C, Section 97", "97 C"),
    ("Section 97 and Appendix C", "97 C"),
    ("Sections 97B\u201397D", "97 B, 97 C, 97 D"),
    ("Section 97 A new rate", "97"),
    ("SECTION 97 A NEW RATE", "97"),
    ("Section 97 providers complete Appendix C", "97"),
    ("Section 65, Appendix B", "65"),
    ("Appendix C: Participant Services", ""),
    # subsections
    ("43.06-7(A)(2)(d) is repealed", "43"),
    ("see 97.05 (A)", "97"),
    ("§21.05", "21"),
    # odd characters
    ("Sec\u00adtion\u00a097, Appendix\u202fC", "97 C"),
    ("Section 97\u00b9 and Section 45", "97, 45"),
    ("Chapter \u2161, Section 80", "II-80"),
    ("Section  97,\nAppendix\tC", "97 C"),
]


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_every_form_of_a_citation_is_read(text: str, expected: str) -> None:
    assert in_text(text) == expected


NONE = [
    "Affordable Care Act (ACA), Section 6401",
    "Section 1947 of the Social Security Act",
    "42 U.S.C § 18116",
    "22 M.R.S. §3173-J(2)",
    "Section 1115 demonstrations",
    "Section 4.3.1 of Ch. 332",
    "90-day supply",
    "90-day supplies",
    "Chapter 101",
    "10-144 C.M.R. Ch. 101, MaineCare Benefits Manual",
    "Section 3 of the application",
    # numbers that are no section
    "Section 98",
    "Section 340B",
    "340B drugs",
    "Section 65A",
    "Section 21-A",
    "97,000 members",
    "97% of claims",
    "Section 4.3.1",
    "97 members",
    "$97.05-6",
    "the rate is 97.05-6%",
    "03.21-24 to 97.05-6.01",
    "CR 97C",
    "code 97C",
    "fax 97.05-6",
    "97.05",
    "1.03-8",
    "subsection 97",
    "a cross-section 45",
    "sec",
    "65 Mobile Crisis Response Teams",
    "Chapter II",
    "Tai Chi Section 98",
    "12.00-13 hours",
    "Chapter II and Appendix C",
    # where no section is ever read
    "https://www.maine.gov/dhhs/about/rulemaking/chapter-ii-section-7",
    "maine.gov/section%2097",
    "see Section 97.pdf",
    "c2s028-2026-101 NEW.docx",
    "§97@maine.gov",
]


@pytest.mark.parametrize("text", NONE)
def test_what_only_looks_like_a_section_is_none(text: str) -> None:
    assert in_text(text) == ""


NOTICES = [
    (
        (
            "MaineCare Notice of Agency Rule-making Adoption: 10-144 C.M.R. Ch. 101, MaineCare Benefits Manual, "
            "Chapter II, Section 80, Pharmacy Services"
        ),
        "The adopted rule clarifies 90-day supplies. The Department adopts changes to Chapter II, Section 80.",
        "II-80",
    ),
    (
        (
            "MaineCare Notice of Agency Rule-making Proposal: 10-144 C.M.R. Ch. 101, MaineCare Benefits Manual, "
            "Chapters II and III, Section 97, Private Non-Medical Institution Services"
        ),
        "",
        "II-97, III-97",
    ),
    (
        "",
        (
            "The Department proposes changes to Chapters II and III, Section 97, Appendix B and Appendix D. A "
            "public hearing will be held on March 27, 2024 at 10:00 a.m."
        ),
        "II-97 B, II-97 D, III-97 B, III-97 D",
    ),
    (
        "Notice of Change in Reimbursement Methodology: Hospital Supplemental Payments",
        (
            "Notice under 42 CFR 447.205 of a change in methods and standards for hospital supplemental payments, "
            "Section 45."
        ),
        "45",
    ),
    (
        (
            "MaineCare Cost of Living Adjustments (COLAs) for Sections 12, 13, 17, 18, 19, 20, 21, 26, 28, 29, 65, "
            "92, 96, and 97C"
        ),
        "Provided in accordance with PL 2025 Ch. 2, effective July 1, 2025, at 1.95%.",
        "12, 13, 17, 18, 19, 20, 21, 26, 28, 29, 65, 92, 96, 97 C",
    ),
]


@pytest.mark.parametrize(("title", "text", "expected"), NOTICES)
def test_whole_notices(title: str, text: str, expected: str) -> None:
    assert names(references(title, [text])) == expected


def test_a_quotation_begins_where_the_citation_does_unless_that_is_too_long() -> None:
    long = "Sections 12, 13, 17, 18, 19, 20, 21, 26, 28, 29, 65, 92, 96, 101, 102, 103, 107, 109, and 113"
    found = references(f"Chapter II, Section 80 and {long}", [])
    assert [found[0].text, found[3].text, found[-1].text] == [
        "Chapter II, Section 80",
        "Sections 12, 13, 17",
        "113",
    ]


PIECES = st.sampled_from(
    [
        "Section",
        "Sections",
        " ",
        ", ",
        "and",
        "Chapter",
        "Ch. ",
        "II",
        "III",
        "97",
        "45",
        "5",
        "C",
        "Appendix",
        "§",
        ".06-7",
        "(A)",
        "of the",
        "Act,",
        "Act",
        "MBM",
        "-",
        "through",
        "42 CFR ",
        "P.L. ",
        "Title 22",
        ". ",
        "\xad",
        "\xa0",
        "–",
        "¹",
        "Ⅱ",
        "www.x.gov",
        "\n",
        "\n\n",
        "RULE TITLE OR SUBJECT:",
        "application",
        "0",
        ":",
        "/",
        "\x00",
        "ﷺ",
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=30).map("".join))


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_any_text_is_read_and_every_quotation_stands_where_it_says(title: str, body: list[str]) -> None:
    for one in references(title, body):
        original = body[one.block - 1] if one.block else title
        assert original[one.start : one.end] == one.text
        assert one.text
        assert one.place == "subject" or one.block
