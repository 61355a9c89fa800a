"""What is tidy already takes a short way through `sanitise`, and comes out as it would the long way."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.formats import html, trackers
from dispatcher.formats.html import sanitise

BASE = "https://base.example/"
TEXTS = [
    "words",
    " ",
    "  two ",
    "\n",
    "é–“",
    "&amp;",
    "&lt;b&gt;",
    "'\"",
    "\u200b",
    "\u3000",
    "&nbsp;",
    "\U0001f600",
    "\ufeff",
    "\t",
    "\r",
]
MARKUP = [
    "<br>",
    "<strong>b</strong>",
    "<em> i </em>",
    "<strong> </strong>",
    '<a href="https://a.example/b?c=1">link</a>',
]
LINKS = [
    '<a href="https://a.example">x y</a>',
    '<a href="https://a.example/%20/../c">d</a>',
    '<a href="https://a.example/">\u3000</a>',
    '<a href="https://lnks.gd/l/x">y</a>',
    "https://lnks.gd/l/x",
]
PIECES = st.sampled_from([*TEXTS, *MARKUP, *LINKS])
PHRASES = st.lists(PIECES, max_size=4).map("".join)
LISTS = st.lists(PHRASES, min_size=1, max_size=3).map(
    lambda items: "".join(f"<li>{one}</li>" for one in items)
)
BLOCKS = (
    st.builds("<p>{}</p>".format, PHRASES)
    | st.builds("<h3>{}</h3>".format, PHRASES)
    | st.builds("<ul>{}</ul>".format, LISTS)
    | st.builds("<ol>{}</ol>".format, LISTS)
)
FRAGMENTS = st.lists(BLOCKS | st.sampled_from(["\n", " "]), max_size=5).map("".join)


@given(FRAGMENTS)
@settings(max_examples=200, deadline=None)
def test_the_short_way_leads_where_the_long_one_does(fragment):
    assert sanitise(fragment, BASE) == html._reduced(fragment, BASE)


@pytest.mark.parametrize(
    ("fragment", "short"),
    [
        ("<p>words &amp; more</p>\n<ul><li>a</li></ul>", True),
        ('<p>See <a href="https://a.example/b?c=1">it</a>.</p>', True),
        ("<p>words<p>more</p>", False),
        ("<div>words</div>", False),
        ("loose words", False),
        ('<p><a href="http://a.example/">x</a></p>', False),
        ('<p><a href="https://a.example/" title="t">x</a></p>', False),
        ("<p>&nbsp;</p>", False),
        ("<p>a\0b</p>", False),
    ],
)
def test_only_what_is_tidy_takes_it(fragment, short):
    assert bool(html._TIDY.fullmatch(fragment)) is short
    assert sanitise(fragment, BASE) == html._reduced(fragment, BASE)


@given(st.from_regex(trackers._PLAIN, fullmatch=True))
def test_a_plain_address_is_left_as_it_is(url):
    assert urljoin("https://base.example/p/", url) == url == urlsplit(url).geturl()
    assert urlsplit(url).hostname


@pytest.mark.parametrize(
    "url",
    ["https://links.govdelivery.com/track?a=1", "https://A.example/", "https://a.example:444/", "https://u@a.example/", "//a.example/", "https://a.example/ b", "https:///x"],
)  # fmt: skip
def test_others_are_taken_apart(url):
    assert not trackers.is_plain(url)


def test_a_reference_to_what_no_document_may_hold_is_dropped():
    assert sanitise("<p>a&#65534;b&#2;c https://lnks.gd/l/x</p>", BASE) == "<p>abc </p>"
