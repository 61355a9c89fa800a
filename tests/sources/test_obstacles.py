"""What stands where a list should be: it is named, and nothing of it is taken for news."""

import pytest

from dispatcher.errors import Unreadable
from dispatcher.formats.selectors import Patterns, Select
from dispatcher.sources import pages
from dispatcher.sources.reading import Reading

URL = "https://www.example.gov/providers"
LIST = "".join(f"<h3>Notice {n}</h3><p>Words about it</p>" for n in range(10))


def page(title: str, body: str) -> str:
    return f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"


def read(document: str, before: int | None = None, minimum: int = 1) -> Reading:
    select = Select(record="h3", record_until="h3")
    return pages.read(document.encode(), "text/html", URL, select, Patterns(), False, minimum, before)


@pytest.mark.parametrize(
    ("title", "what"),
    [
        ("Sign in | Agency", "asks to sign in"),
        ("Log In", "asks to sign in"),
        ("Login - Portal", "asks to sign in"),
        ("Access Denied", "a refusal"),
        ("Request Rejected", "a refusal"),
        ("Site Maintenance", "a maintenance page"),
        ("Scheduled System Maintenance", "a maintenance page"),
        ("Maintenance mode", "a maintenance page"),
        ("Service Unavailable", "a maintenance page"),
    ],
)
def test_a_page_titled_so_is_degraded_and_gives_nothing(title, what):
    reading = read(page(title, LIST))
    assert reading.records == ()
    assert not reading.whole
    assert what in reading.degraded[0]
    assert "stands where the list should be" in reading.degraded[0]


@pytest.mark.parametrize(
    "title",
    [
        "Provider Resources",
        "Maintenance Therapy Notices",
        "How to log in and other help",
        "Notices: access denied letters",
        "Signs of Autism",
        "",
    ],
)
def test_a_page_that_only_speaks_of_it_is_read(title):
    assert len(read(page(title, LIST)).records) == 10


def test_the_heading_speaks_where_there_is_no_title():
    assert "maintenance" in read("<h1>Down for maintenance</h1><h3>x</h3><p>y</p>").degraded[0]


@pytest.mark.parametrize(
    ("before", "whole"), [(None, True), (0, True), (10, True), (16, True), (17, False), (1_000, False)]
)
def test_a_list_that_shrank_by_more_than_two_fifths_is_not_trusted(before, whole):
    reading = read(page("List", LIST), before)
    assert reading.whole is whole
    assert len(reading.records) == 10
    assert bool(reading.degraded) is not whole


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("<div id='root'></div><script src='app.js'></script>", "needs a script to show its list"),
        (
            "<noscript>Please enable JavaScript.</noscript><div>Loading</div>",
            "needs a script to show its list",
        ),
        ("<form><input type='password'></form>", "asks for a password"),
    ],
)
def test_a_page_without_its_list_says_why(body, hint):
    with pytest.raises(Unreadable, match=hint):
        read(page("Notices", body))


def test_a_page_full_of_words_has_no_excuse():
    with pytest.raises(Unreadable) as told:
        read(page("Notices", f"<p>{'Words ' * 100}</p><script>1</script>"))
    assert str(told.value).endswith("titled 'Notices'")
