import pytest

from dispatcher.sources.marks import read


@pytest.mark.parametrize(
    ("title", "mark", "rest"),
    [
        (
            "Proposed Rule: Section 97 (Public Hearing Date Corrected)",
            "correction",
            "Proposed Rule: Section 97",
        ),
        ("Correction: Rates for Section 80", "correction", "Rates for Section 80"),
        ("CORRECTION \u2013 Rates", "correction", "Rates"),
        ("Medicaid Program; Payment Rates; Correction", "correction", "Medicaid Program; Payment Rates"),
        ("UPDATED Fee Schedule", "correction", "Fee Schedule"),
        ("Updated: Pharmacy Providers: Portal Closed", "correction", "Pharmacy Providers: Portal Closed"),
        ("Attention Providers: UPDATED: Fees", "correction", "Attention Providers: Fees"),
        (
            "Attention Pharmacy Providers: Resharing a Scheduling Link - The System Returns",
            "correction",
            "Attention Pharmacy Providers: The System Returns",
        ),
        ("Public Hearing Rescheduled", "correction", "Public Hearing"),
        ("Fees (Updated July 1)", "correction", "Fees"),
        ("Adopted Rule (re-posted to update links)", "repost", "Adopted Rule"),
        ("Reminder: Licenses Are Due", "reminder", "Licenses Are Due"),
        ("Attention Dentists: REMINDER - Licenses", "reminder", "Attention Dentists: Licenses"),
        ("Updated Fee Schedule", "", "Updated Fee Schedule"),
        ("July 8, 2021 MaineCare Updates", "", "July 8, 2021 MaineCare Updates"),
        ("Department of Corrections: Rates", "", "Department of Corrections: Rates"),
        ("", "", ""),
    ],
)
def test_a_title_says_what_it_is_and_what_it_is_called_without(title, mark, rest):
    marked = read(title)
    assert (marked.mark, marked.title) == (mark, rest)


def test_a_title_that_is_nothing_but_a_mark_keeps_its_words():
    assert read("Correction").title == "Correction"
