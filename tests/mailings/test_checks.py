"""What checks find in a draft, and the near miss that they let pass."""

import time
from datetime import UTC, datetime
from html import escape

import pytest
from examining import examine, short
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.formats.contact import Contact
from dispatcher.mailings import checks
from dispatcher.mailings.checks import Weight
from dispatcher.mailings.draft import LARGEST, Draft

BLOCKS, REASON, WARNS = Weight.BLOCKS, Weight.NEEDS_REASON, Weight.WARNS


def test_a_plain_notice_is_fine() -> None:
    assert examine() == []


@pytest.mark.parametrize(
    ("subject", "weight", "words"),
    [
        ("", BLOCKS, "there is none"),
        ("  ", BLOCKS, "there is none"),
        ("x" * 201, BLOCKS, "201 characters"),
        ("NEW FORM FOR ALL", WARNS, "all in capitals"),
        ("New \x07form", BLOCKS, "characters that nobody sees"),
        ("New \u202eform", BLOCKS, "characters that nobody sees"),
        ("New [insert form]", BLOCKS, "'[insert form]' is not filled in"),
        ("{{agency}} has a new form", BLOCKS, "'{{agency}}' is not filled in"),
    ],
)
def test_a_subject_that_is_not_ready(subject: str, weight: Weight, words: str) -> None:
    ((found, what),) = short(examine(subject=subject))
    assert found is weight
    assert words in what


@pytest.mark.parametrize("subject", ["x" * 200, "COVID-19", "Café für Ämter", "New [form] 7*7"])
def test_a_subject_that_is(subject: str) -> None:
    assert examine(subject=subject) == []


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("", "there is none"),
        (" \n\n", "there is none"),
        ("Use\x00 it", "characters that nobody sees"),
        ("Use \u2066it", "characters that nobody sees"),
        ("Dear {{ name }}", "'{{ name }}' is not filled in"),
        ("Dear {{contact.name}}", "is not filled in"),
        ("By {{date1}}", "'{{date1}}' is not filled in"),
        ("By {{due-date}}", "is not filled in"),
        ("By {{due date}}", "is not filled in"),
        ("By {{}}", "is not filled in"),
        ("By \\{\\{date\\}\\}", "'{{date}}' is not filled in"),
        ("By [date&#32;TBD]", "is not filled in"),
        ("&#x202e;drawkcab", "characters that nobody sees"),
        ('[form](https://www.maine.gov "{{date}}")', "is not filled in"),
        ("{% if x %}", "'{%' is not filled in"),
        ("Call [phone number].", "'[phone number]' is not filled in"),
        ("By [Date TBD]", "is not filled in"),
        ("The date is TBD.", "'TBD' is not filled in"),
        ("Lorem ipsum dolor", "is not filled in"),
        ("From XX/XX/2027", "is not filled in"),
        ("Call 207-xxx-xxxx", "is not filled in"),
    ],
)
def test_a_text_that_is_not_ready(markdown: str, words: str) -> None:
    found = examine(markdown)
    assert {one.weight for one in found} == {BLOCKS}
    assert any(words in one.what for one in found)


@pytest.mark.parametrize(
    "markdown",
    [
        "{{7*7}} stays as typed",
        "{{7 + 7 = 14}} too",
        "[your account](https://mainecare.maine.gov/account)",
        "[Section 80], [a] and [1]",
        "Super Bowl XXX, size XX-L",
        "Mastodon: todos",
        "Tab\tand\nlines",
        "50 % { of } all",
    ],
)
def test_a_text_that_is(markdown: str) -> None:
    assert examine(markdown) == []


def test_where_it_is_not_filled_in_is_said_by_line() -> None:
    (found,) = examine("First\n\nTBD")
    assert found.where == "text, line 3"


@pytest.mark.parametrize(
    ("href", "weight", "words"),
    [
        ("http://www.maine.gov/form", BLOCKS, "is not https"),
        ("/form", BLOCKS, "is not https"),
        ("www.maine.gov/form", BLOCKS, "is not https"),
        ("//www.maine.gov/form", BLOCKS, "is not https"),
        ("ftp://www.maine.gov/form", BLOCKS, "is not https"),
        ("https://[", BLOCKS, "is no public address"),
        ("https://www.maine.gov:port/", BLOCKS, "is no address"),
        ("https://intranet/form", BLOCKS, "is no public address"),
        ("https://10.1.2.3/form", BLOCKS, "is no public address"),
        ("https://[::1]/form", BLOCKS, "is no public address"),
        ("https://user@www.maine.gov/", BLOCKS, "is no public address"),
        ("tel:+12075550134", BLOCKS, "write the number"),
        ("mailto:", BLOCKS, "is no mailbox"),
        ("mailto:help@maine", BLOCKS, "is no mailbox"),
        ("https://www.example.com/", WARNS, "leads to an example"),
        ("https://forms.test/", WARNS, "leads to an example"),
    ],
)
def test_a_link_that_should_not_be_mailed(href: str, weight: Weight, words: str) -> None:
    ((found, what),) = short(examine(f"[the form]({href})"))
    assert found is weight
    assert words in what


@pytest.mark.parametrize(
    "href",
    [
        "https://www.maine.gov/dhhs/oms?a=1&b=%20#c",
        "HTTPS://www.maine.gov/",
        "https://www.maine.gov:443/",
        "mailto:help@maine.gov?subject=Form",
        "https://latest.example.maine.gov/",
        "https://1.maine.gov/",
    ],
)
def test_a_link_that_may(href: str) -> None:
    assert examine(f"[the form]({href})") == []


def test_words_that_do_not_say_where_a_link_leads() -> None:
    for words in ("here", "Click here", "read more ", "this link"):
        ((weight, what),) = short(examine(f"[{words}](https://www.maine.gov)"))
        assert (weight, what) == (WARNS, "does not say where it leads")
    assert examine("[more about forms](https://www.maine.gov)") == []
    assert short(examine("[](https://www.maine.gov)")) == [(WARNS, "does not say where it leads")]


def test_the_same_words_for_two_places() -> None:
    both = "[Form](https://www.maine.gov/a) [form](https://www.maine.gov/{})"
    assert short(examine(both.format("b"))) == [(WARNS, "leads to two places")]
    assert examine(both.format("a")) == []


def test_the_link_in_the_head_is_looked_at_too() -> None:
    for link in ("http://www.maine.gov", "https://["):
        assert [one.weight for one in examine(link=link)] == [BLOCKS]
    assert examine(link="https://www.maine.gov") == []


def test_pictures_never_arrive_so_they_block() -> None:
    ((weight, what),) = short(examine("![a map](https://www.maine.gov/map.png)"))
    assert weight is BLOCKS
    assert "picture" in what


@pytest.mark.parametrize(
    ("contact", "where"),
    [
        (Contact(email="nobody"), "email"),
        (Contact(email="a@b.gov, c@d.gov"), "email"),
        (Contact(website="www.maine.gov"), "website"),
        (Contact(website="javascript:alert(1)"), "website"),
    ],
)
def test_a_contact_that_nobody_could_reach(contact: Contact, where: str) -> None:
    (found,) = examine(contact=contact)
    assert (found.weight, found.where) == (BLOCKS, where)


def test_a_contact_that_works() -> None:
    assert examine(contact=Contact("Ann", "help@maine.gov", "207-555-0134", "711", "https://maine.gov")) == []


def test_circumstances() -> None:
    assert short(examine(people=0)) == [(BLOCKS, "nobody would get it")]
    assert short(examine(can_ask=False)) == [(BLOCKS, "readers find nobody to ask")]
    assert [one.what for one in examine(html="x" * 40_001)] == ["40,001 bytes as HTML"]
    assert examine(html="x" * 40_000) == []


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"), [(20, 59, False), (21, 0, True), (23, 0, True), (6, 59, True), (7, 0, False)]
)
def test_mail_at_night_is_warned_of(hour: int, minute: int, quiet: bool) -> None:
    found = examine(leaves_at=datetime(2027, 1, 5, hour, minute, tzinfo=UTC))
    assert [one.weight for one in found] == ([WARNS] if quiet else [])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Call 207-555-0134.", True),
        ("Call (207) 555-0134", True),
        ("Call 1.800.977.6740", True),
        ("Write to help@maine.gov", True),
        ("From January 5, 2027", False),
        ("ZIP 04330-1234, 123-45-6789", False),
        ("me @ home.com", False),
    ],
)
def test_somebody_to_ask_may_stand_in_the_text(text: str, names: bool) -> None:
    assert checks.names_somebody(text) is names


def test_the_worst_comes_first() -> None:
    found = examine("123-45-6789 [here](https://www.maine.gov)", subject="", people=0)
    assert [one.weight for one in found] == [BLOCKS, BLOCKS, REASON, WARNS]


@pytest.mark.parametrize(
    "piece", ["a", "{{ ", "[name ", "1", "1-", "claim ", "X", "a@", "@", "(", "born ", " "]
)
def test_nothing_that_a_draft_may_hold_takes_long(piece: str) -> None:
    text = (piece * LARGEST)[:LARGEST]
    began = time.monotonic()
    body = f"<p>{escape(text)}</p>"
    list(checks._body(text, body))
    list(
        checks._personal(Draft(subject=text, type="notice", link="", contact=Contact(), markdown=text), body)
    )
    checks.names_somebody(text)
    assert time.monotonic() - began < 2


@settings(max_examples=60)
@given(st.text(alphabet="[]()!<>{}%@:/.0123456789-aAtbdhps \n\x07\ud800é", max_size=80))
def test_any_text_can_be_examined(text: str) -> None:
    assert all(one.what and one.remedy for one in examine(text, subject=text[:20], link=text[:30]))
