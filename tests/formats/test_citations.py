"""Citations: section numbers of statutes, other rules and forms are told from the manual's own."""

import time

import pytest

from dispatcher.formats.section_reader import read
from dispatcher.formats.sections import references


def cited(sentence: str) -> str:
    return ", ".join(f"{one.chapter}-{one.number}" if one.chapter else one.number for one in read(sentence))


BEFORE = [
    # a body of law with a number of its own is used up by it
    ("Notice under 42 CFR 447.205 of a change in hospital supplemental payments, Section 45", "45"),
    ("In accordance with P.L. 2023, ch. 576, the Department repeals Ch. II, Sec. 43.06-7", "II-43"),
    ("In accordance with P.L. 2023, ch. 576, rates of Section 43 change", "43"),
    ("under 42 CFR 447.205, Section 45", "45"),
    ("42 C.F.R. § 440.130, Section 45 and 42 CFR Part 2", "45"),
    ("22 M.R.S. §§ 42, 45, and § 97; 5 MRSA Sections 45 and 80", ""),
    ("pursuant to 5 MRSA Sections 8073 and 8054, Section 97 hospitals", "97"),
    ("22 MRSA Section 42 and Section 97 of the MaineCare Benefits Manual", "97"),
    ("Maine Revised Statutes, Title 22, Section 45", ""),
    ("as directed by MRS Title 22, \u00a73173-J, Section 65 rates rise", "65"),
    ("Title 5, M.R.S. Section 45", ""),
    ("Title 22, Chapter 855, § 45", ""),
    ("P.L. 2021, ch. 398, Part AAAA, Sec. 17", ""),
    ("PL 2025 Ch. 2, Section 12", ""),
    ("Public Law 116-127, Section 45", ""),
    ("Resolve 2021, ch. 117, Section 12", ""),
    ("Resolves 2019, c. 99, directs changes to Section 12", "12"),
    ("LD 258, Section 45", ""),
    ("Affordable Care Act (ACA), Section 45", ""),
    ("the Americans with Disabilities Act Section 35", ""),
    ("Affordable Care Act (ACA), Section 6401, requires of Section 45 hospitals", "45"),
    ("10-148 C.M.R. Ch. 16, Section 5, and Section 45", "45"),
    ("06-096 C.M.R. ch. 101, § 45", ""),
    ("Ch. 104, Section 45", ""),
    ("10-144 CMR Ch. 332, Part 12, Section 45", ""),
    ("MaineCare Eligibility Manual, Section 17", ""),
    ("Attachment 4.19-B, Section 45", ""),
    ("Part 2, Section 17", ""),
    ("42 U.S.C. § 1396a(a)(30)(A)", ""),
    ("U.S.C. Section 45", ""),
    # one without claims what follows in the sentence
    ("Ch. 332, Income Limits, Section 17", ""),
    ("the Eligibility Manual says in Section 17", ""),
    ("as Title 22 allows in Section 45", ""),
    ("under the Social Security Act, which in Section 45 says", ""),
    ("under the M.R.S. as in Section 45", ""),
    # until the text comes back to the manual
    ("as the Social Security Act, asks, Chapter II, Section 45", "II-45"),
    ("as the Social Security Act, asks, Chapter 2, Section 45", ""),
    ("as the Social Security Act, asks, the MBM in Section 45", "45"),
    ("as the Social Security Act, asks, Section 45 of the MaineCare Benefits Manual", "45"),
    ("In accordance with the Affordable Care Act, the Department amends Section 45", "45"),
    # words that only look like law
    ("to resolve claims of Section 45", "45"),
    ("Resolve Section 45 denials", "45"),
    ("members under Title XIX billed by Section 65 agencies", "65"),
    ("we act, Section 45", "45"),
    ("the Maine Medical Assistance Manual, Section 45", "45"),
    ("the Manual, Section 45", "45"),
    ("10-144 C.M.R. ch. 101, ch. II, §21.05", "II-21"),
    ("10-144 Ch. 101, Section 97", "97"),
    ("1915(c) waivers of Section 21", "21"),
    ("1915(B) Section 113 Non-Emergency Transportation", "113"),
]

AFTER = [
    ("Section 45 of the Social Security Act", ""),
    ("Sections 45, 97 and 109 of the Patient Protection and Affordable Care Act", ""),
    ("Section 21 and Section 29 of the Act", ""),
    ("Section 12 of the Internal Revenue Code", ""),
    ("Section 12 of the licensing law", ""),
    ("Section 45 of Title XIX", ""),
    ("Section 45 of P.L. 2023, ch. 412", ""),
    ("Section 45 of Chapter 683", ""),
    ("Section 45, Chapter 104", ""),
    ("Section 4.3 of Ch. 332 and Section 97", "97"),
    ("Section 9813 of the American Rescue Plan Act (ARPA), Section 65 crisis services", "65"),
    ("Section 45 of 22 M.R.S.", ""),
    ("Section 45 of the Code of Federal Regulations", ""),
    ("Section 12 of the provider agreement", ""),
    ("Section 12 on the form", ""),
    ("Section 12 in this application", ""),
    ("Section 12 of your contract", ""),
    ("97C of the guide", ""),
    # not elsewhere
    ("Section 45 of the MaineCare Benefits Manual", "45"),
    ("Section 45 of the MBM to comply with the Affordable Care Act", "45"),
    ("Section 45 of Chapter 101", "45"),
    ("Section 45 of Chapter III", "III-45"),
    ("Section 45 of the rule, which the law requires", "45"),
    ("Section 65 agencies, of which federal law", "65"),
    ("Section 21 Home and Community Based Services 1915(c) waiver application", "21"),
    ("ME.0276 (MBM, Section 19), and ME.1082 (MaineCare Benefits Manual (MBM) Section 18)", "19, 18"),
]


@pytest.mark.parametrize(("sentence", "expected"), BEFORE + AFTER)
def test_numbers_of_other_law_are_passed_over(sentence: str, expected: str) -> None:
    assert cited(sentence) == expected


def test_a_veto_ends_with_the_sentence() -> None:
    text = "It is in Title 22 M.R.S. Sec. 45 and Ch. 332. Section 97 is ours."
    assert [one.number for one in references("", [text])] == ["97"]


HOSTILE = [
    "Section 1, ",
    "Section 97, ",
    "Chapter II, ",
    "Chapter II, Section 97 of the ",
    "of the A ",
    "§",
    "§ 97, Appendix A ",
    "97.05-",
    "1ch",
    "Title 22 part 1ch1",
    "P.L. 1 ",
    "42 CFR 1(1)",
    "Act (",
    "Act (Section 1), ",
    "ACA \u00a7 1 ",
    " of the A b) Manual ",
    " of a(b) report",
    "Section 12/1/",
    "Section 97 (Appendix C) and ",
    "97B-",
    "Sec. A-1, ",
    "Appendix A and ",
    "A",
    "A-",
    "Aa Manual ",
    "chapter number and title: 97C ",
    "sec. 97 - ",
    "Sections 2-113, ",
    "Sections 12-46. ",
    "97A, ",
    "Section 97 (A) ",
    ". A",
    "www.",
    " ",
    "(",
    "0",
    "\u00ad",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_is_read_in_reasonable_time(piece: str) -> None:
    text = "Section 97 of the " + piece * (50_000 // len(piece))
    began = time.process_time()
    references("", [text])
    assert time.process_time() - began < 2  # about 0.2; what grows with the square takes minutes
