"""What checks take for personal data, wherever readers would get it, and the near miss that they let pass."""

import pytest
from examining import examine, short

from dispatcher.formats.contact import Contact
from dispatcher.mailings.checks import Weight

BLOCKS, REASON = Weight.BLOCKS, Weight.NEEDS_REASON


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SSN 123-45-6789", "a social security number"),
        ("SSN 123\\-45\\-6789", "a social security number"),
        ("12&#51;-45-6789", "a social security number"),
        ("**123**-45-6789", "a social security number"),
        ("12&shy;3-45-67&#8203;89", "a social security number"),
        ("[this form](https://www.maine.gov/?n=123-45-6789)", "a social security number"),
        ('[this form](https://www.maine.gov "123\\-45-6789")', "a social security number"),
        ("123–45–6789", "a social security number"),
        ("social security number: 123456789", "a social security number"),
        ("member 12345678A", "a member id"),
        ("12345678a, please", "a member id"),
        ("DOB: 1/2/1980", "a date of birth"),
        ("date of birth 01-02-80", "a date of birth"),
        ("born on March 3, 1980", "a date of birth"),
        ("DOB 1980-03-03", "a date of birth"),
        ("claim number 123456789012", "a claim number"),
        ("TCN 20261234567890", "a claim number"),
    ],
)
def test_what_looks_personal_needs_a_reason_and_is_never_repeated(text: str, kind: str) -> None:
    (found,) = examine(f"About {text}.")
    assert found.weight is REASON
    assert found.what == f"what looks like {kind} (1)"
    assert not any(character.isdigit() for character in found.where + found.remedy)


@pytest.mark.parametrize(
    ("field", "where"), [("name", "contact"), ("telephone", "telephone"), ("tty", "tty")]
)
def test_the_other_lines_of_the_head_are_looked_at_too(field: str, where: str) -> None:
    def found(text: str) -> list[tuple[Weight, str]]:
        return [(one.weight, one.where) for one in examine(contact=Contact(**{field: text}))]

    assert found("SSN 123-45-6789") == [(REASON, where)]
    assert found("{{name}}") == [(BLOCKS, where)]
    assert found("\u202e1") == [(BLOCKS, where)]
    assert found("207-555-0134") == []


def test_personal_data_in_the_subject_or_the_link_of_the_head() -> None:
    assert [(one.weight, one.where) for one in examine(subject="About 123-45-6789")] == [(REASON, "subject")]
    leads = "https://www.maine.gov/members/12345678A"
    assert [(one.weight, one.where) for one in examine(link=leads)] == [(REASON, "link")]


@pytest.mark.parametrize(
    "text",
    [
        "207-555-0134",
        "1-800-977-6740",
        "04330-1234",
        "1123-45-67890",
        "Section 97, Chapter III",
        "123456789",
        "form 1234567A and 123456789A",
        "children born after 2010",
        "born before 1980 or in 1981",
        "whose date of birth is missing",
        "claims of 2026",
        "claim form 1500",
        "NPI 1234567890",
        "$12,345,678.90",
    ],
)
def test_what_only_looks_like_it(text: str) -> None:
    assert examine(f"About {text}.") == []


def test_several_are_counted() -> None:
    ((_, what),) = short(examine("123-45-6789 and 987-65-4321"))
    assert what.endswith("(2)")
