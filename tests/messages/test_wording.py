from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.messages.wording import levelled, moment, preheader, shortened, subject

EASTERN = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("corrects", "lead", "title", "wanted"),
    [
        (False, "", "Office hours moved", "Office hours moved"),
        (True, "", "Office hours moved", "Corrected: Office hours moved"),
        (False, "Adopted rule", "Section 45, Hospitals", "Adopted rule: Section 45, Hospitals"),
        (True, "Adopted rule", "Section 45, Hospitals", "Corrected: Adopted rule: Section 45, Hospitals"),
        (False, "Proposed rule", "Rule Proposed for Section 45", "Rule Proposed for Section 45"),
        (False, "", "OFFICE HOURS MOVED", "Notice: OFFICE HOURS MOVED"),
        (False, "Waiver", "R&D <Section 97>", "Waiver: R&D <Section 97>"),
        (
            False,
            "Adopted rule",
            (
                "MaineCare Notice of Agency Rule-making Adoption: 10-144 C.M.R. Ch. 101, MaineCare Benefits Manual, "
                "Chapter II, Section 80, Pharmacy Services"
            ),
            "Adopted rule: Chapter II, Section 80, Pharmacy Services",
        ),
        (
            False,
            "Proposed rule",
            "MaineCare Notice of Agency Rule-making Proposal, Chapter 101, MaineCare Benefits Manual (MBM), Section 97",
            "Proposed rule: Section 97",
        ),
        (
            False,
            "Payment method",
            "Notice of Change in Reimbursement Methodology: Hospitals",
            "Payment method: Hospitals",
        ),
        (False, "Adopted rule", "Adopted Rule: Section 45", "Adopted rule: Section 45"),
        (True, "Adopted rule", "Correction: Adopted Rule: Section 45", "Corrected: Adopted rule: Section 45"),
        (True, "", "UPDATED \u2013 Office hours", "Corrected: Office hours"),
        (True, "", "Corrected-claims form", "Corrected: Corrected-claims form"),
        (True, "", "Correction:", "Corrected: Correction:"),
        (False, "", "Correction: Office hours", "Correction: Office hours"),
        (
            False,
            "",
            "Notice of Agency Rule-making Adoption: Section 45",
            "Notice of Agency Rule-making Adoption: Section 45",
        ),
    ],
)
def test_a_subject_says_what_it_is_and_what_it_is_about(corrects, lead, title, wanted):
    assert subject(corrects, lead, title) == wanted


def test_a_long_title_is_cut_at_a_word():
    cut = subject(
        False, "Adopted rule", "Hospital services and everything that belongs to them, in all of Maine"
    )
    assert cut == "Adopted rule: Hospital services and everything that belongs to…"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200), st.integers(20, 80))
def test_what_is_shortened_fits_and_is_a_beginning(text, longest):
    short = shortened(text, longest)
    assert len(short) <= max(longest, len(text) if len(text) <= longest else 0)
    assert short == text or text.startswith(short.removesuffix("…"))


@pytest.mark.parametrize("together", ["e\u0301", "👩\u200d⚕", "👍\U0001f3fd", "☎\ufe0f"])
def test_what_is_seen_as_one_character_is_not_cut_in_two(together):
    for room in range(4, 16):
        kept = shortened(together * 10, room).removesuffix("…")
        assert kept == together * (len(kept) // len(together))


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (datetime(2027, 1, 5, 14, 0, tzinfo=UTC), "January 5, 2027, 9:00 a.m. Eastern"),
        (datetime(2026, 8, 21, 18, 5, tzinfo=UTC), "August 21, 2026, 2:05 p.m. Eastern"),
        (datetime(2026, 8, 21, 16, 0, tzinfo=UTC), "August 21, 2026, 12:00 p.m. Eastern"),
        (datetime(2026, 8, 22, 3, 59, tzinfo=UTC), "August 21, 2026, 11:59 p.m. Eastern"),
        (datetime(2026, 8, 21, 4, 0, tzinfo=UTC), "August 21, 2026"),
    ],
)
def test_a_moment_is_told_in_words_with_its_zone(when, words):
    assert moment(when, EASTERN) == words


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("T", ""),
        ("T", "Short."),
        ("T", "A text of middling length that tells what has changed and for whom."),
        ("T", "word " * 100),
        ("T", "x" * 400),
        ("Rates change", "Rates change. From October 1 the outpatient rate is $104.20 for every visit."),
        ("T", "See https://www.example.gov/a/very/long/address for more."),
    ],
)
def test_a_preheader_has_40_to_110_characters_and_does_not_repeat_the_title(title, text):
    line = preheader(title, text, "Adopted rule from the Office of Examples. What it says, and whom to ask.")
    assert 40 <= len(line) <= 110
    assert not line.startswith("Rates change")
    assert "http" not in line


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("", ""),
        ("<p>a</p>", "<p>a</p>"),
        ("<h2>a</h2><h3>b</h3><h2>c</h2>", "<h2>a</h2><h3>b</h3><h2>c</h2>"),
        ("<h4>a</h4><h4>b</h4>", "<h2>a</h2><h2>b</h2>"),
        ("<h4>a</h4><h2>b</h2><h4>c</h4>", "<h2>a</h2><h2>b</h2><h3>c</h3>"),
        ("<h2>a</h2><h4>b</h4><h3>c</h3>", "<h2>a</h2><h3>b</h3><h3>c</h3>"),
        ("<h3>a <em>x</em></h3><p>&lt;h2&gt;</p>", "<h2>a <em>x</em></h2><p>&lt;h2&gt;</p>"),
    ],
)
def test_headings_of_others_begin_below_ours_and_skip_no_level(given_, wanted):
    assert levelled(given_) == wanted
