"""Sections: a count, date, telephone number, code or file name is no section, and ends a list of them."""

import pytest

from dispatcher.formats.sections import Section, references


def in_text(text: str) -> str:
    sections = (Section(one.chapter, one.number, one.appendix) for one in references("", [text]))
    return ", ".join(dict.fromkeys(str(one).replace("appendix ", "") for one in sections))


LIST_ENDS = [
    ("Section 97, 90 days after", "97"),
    ("Section 97, 30 days prior", "97"),
    ("Section 21, 29 members", "21"),
    ("Section 65, 5 p.m.", "65"),
    ("Section 65 and 20 days", "65"),
    ("Section 65, 15 minutes", "65"),
    ("Section 65, 2026", "65"),
    ("Section 65, 12-31-2025", "65"),
    ("Section 65, 12/31/25", "65"),
    ("Section 65, 12/31", "65"),
    ("Section 65, 207-624-4045", "65"),
    ("Section 65, (207) 624-4045", "65"),
    ("Section 65, 1-866-690-5585", "65"),
    ("Section 65, $45", "65"),
    ("Section 65, 45%", "65"),
    ("Section 65, 45 %", "65"),
    ("Section 65, 2.5%", "65"),
    ("Section 65, H0015", "65"),
    ("Section 65, 90791", "65"),
    ("Section 65, T1019", "65"),
    ("Section 65, CR 12345", "65"),
    ("Section 65 CR 65", "65"),
    ("Sections 21 and 29, 18 or older", "21, 29"),
    ("Section 97, 18 years", "97"),
    ("Section 97, 45-bed facility", "97"),
    ("Section 21 and 29 of", "21, 29"),
    ("Sections 65 and 92 providers", "65, 92"),
    ("Section 65 on 12 May", "65"),
    ("Section 45, 31 hospitals", "45"),
    ("Section 97, Appendix C, 90 days", "97 C"),
    ("Section 97, Appendix C and 45 days", "97 C"),
    ("Section 65, 1:1 support", "65"),
    ("Section 65, 3 units", "65"),
    ("Section 65 on page 12", "65"),
    ("Section 65, page 12", "65"),
    ("Section 65, 2nd edition", "65"),
    ("Section 65, 25th", "65"),
    ("Section 65 and 50 cents", "65"),
    ("Section 65 and 2 more", "65"),
    ("Section 21, 40 hours per week", "21"),
    ("Section 21 and 40 hours", "21"),
    ("Section 21, 40-hour", "21"),
    ("Sections 28 and 65, 14-day notice", "28, 65"),
    ("Section 65, 29 percent", "65"),
    ("Sections 13 and 17, 20 FTEs", "13, 17"),
    ("Section 31, 103 clinics", "31"),
    ("Sections 13, 17, 28 and 30 days", "13, 17, 28"),
    ("Sections 13 and 17 and 14 additional codes", "13, 17"),
]
BARE = [
    ("CR# 97C", ""),
    ("CR-97C", ""),
    ("room 97C", ""),
    ("97.05-6%", ""),
    ("207-97C", ""),
    ("97C%", ""),
    ("Suite 97C", ""),
    ("97C.pdf", ""),
    ("97c.docx", ""),
    ("97E", "97 E"),
    ("97G", ""),
    ("65B", ""),
    ("12.05-25", "12"),
    ("12.05-2025", ""),
    ("01.02-03", ""),
    ("3/97C", ""),
    ("ICD-10 97.05", ""),
    ("code 97.05-6", ""),
    ("Apt. 97C", ""),
    ("Box 97C", ""),
    ("11 State House Station", ""),
    ("P.O. Box 97C", ""),
    ("row 97C", ""),
    ("modifier 97C", ""),
    ("Bldg 97C", ""),
    ("20.01-20.05", ""),
    ("12.50 (A)", "12"),
    ("$12.50 (A)", ""),
    ("12.50 (A) dollars", "12"),
    ("at 10.30-11", ""),
    ("9.30-5", ""),
    ("90.25-95.75", ""),
    ("$90.25-95", ""),
    ("90.25-95 per unit", "90"),
]
COUNTS = [
    ("1-866-690-5585", ""),
    ("(207) 624-4045", ""),
    ("10/1/2024", ""),
    ("October 1, 2024", ""),
    ("97 days", ""),
    ("T1019", ""),
    ("H2015", ""),
    ("99214", ""),
    ("Section 1.", ""),
    ("CR 90.01-5", ""),
]
LINKS = [
    ("https://x.gov/section-97", ""),
    ("www.maine.gov/sec.97C", ""),
    ("Section-97-final.pdf", ""),
    ("Section 97 final.pdf", "97"),
    ("see https://www.maine.gov/Section97C.aspx for Section 45", "45"),
    ("mail section97@maine.gov", ""),
    ("<https://x.gov/Section 97>", ""),
    ("Section_97C.docx", ""),
    ("10-144c101-97C", ""),
    ("c3s097C", ""),
    ("maine.gov/dhhs/oms/97C", ""),
]


@pytest.mark.parametrize(("text", "expected"), [*LIST_ENDS, *BARE, *COUNTS, *LINKS])
def test_what_is_counted_dated_or_coded_is_no_section(text: str, expected: str) -> None:
    assert in_text(text) == expected
