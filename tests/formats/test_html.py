import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.formats import html as html_module
from dispatcher.formats.html import (
    blocks,
    first_heading,
    hrefs,
    link,
    normalised_title,
    plain,
    sanitise,
    to_text,
)
from dispatcher.formats.signs import PLAIN

BASE = "https://www.maine.gov/dhhs/oms/"
TAGS = st.sampled_from(["<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<ul><li>", "</li></ul>", "<table><tr><td>", "</table>", "<h1>", "<br>", "<a href='/x'>", "<a href='javascript:y'>", "</a>", "<script>", "</script>", "<!-- ", " -->", "<img src=x>", "<style>", "<svg>", "&lt;p&gt;", "&amp;", "<", "\0", "text ", "more"])  # fmt: skip


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p onclick='x' class='y' style='z'>Text</p>", "<p>Text</p>"),
        ("plain words", "<p>plain words</p>"),
        ("", ""),
        ("<p>a</p><p>&nbsp;</p><p><br></p><p>b</p>", "<p>a</p><p>b</p>"),
        ("<h1>One</h1><h5>Five</h5><b>bold</b> <i>slant</i>", "<h2>One</h2><h4>Five</h4><p><strong>bold</strong> <em>slant</em></p>"),
        ("<div>one<div>two</div>three</div>", "<p>one</p><p>two</p><p>three</p>"),
        ("<script>alert(1)</script><style>p{}</style><noscript><img src=x></noscript>kept", "<p>kept</p>"),
        ("<p>a<!-- hidden -->b<![CDATA[c]]></p>", "<p>ab</p>"),
        ("<form action='/x'><p>Ask</p><input value='v'><button>Go</button></form>", "<p>Ask</p>"),
        ("<p>a<img src='https://spy.example/1x1.gif' width=1 height=1 alt='logo'>b</p>", "<p>ab</p>"),
        ("<table border=1><tr><th colspan=2>H</th></tr><tr><td>c</td></tr></table>", "<table><tbody><tr><th>H</th></tr><tr><td>c</td></tr></tbody></table>"),
        ("<p>a <strong> </strong>b<text>c</text> <u>d</u></p><h3><br></h3><ul><li></li></ul>", "<p>a  bc d</p>"),
        ("<a href='/x'><h3>Card</h3><div>words</div></a>", '<h3><a href="https://www.maine.gov/x">Card</a></h3><p><a href="https://www.maine.gov/x">words</a></p>'),
        ("<strong><p>one</p><p>two</p></strong>", "<p><strong>one</strong></p><p><strong>two</strong></p>"),
        ("<svg><script>x</script></svg><iframe src='//evil'></iframe><math><mi>x</mi></math>", ""),
        ("<p>5 < 6 & 7 > 2</p>", "<p>5 &lt; 6 &amp; 7 &gt; 2</p>"),
        ("<?xml version='1.0' encoding='utf-8'?><html><head><title>T</title></head><body><p>x</p></body></html>", "<p>x</p>"),
    ],
)  # fmt: skip
def test_only_what_the_list_allows_is_left(html, clean):
    assert sanitise(html, BASE) == clean


@pytest.mark.parametrize(
    ("href", "whole"),
    [
        ("/dhhs/a b.pdf", "https://www.maine.gov/dhhs/a%20b.pdf"),
        ("c.pdf", "https://www.maine.gov/dhhs/oms/c.pdf"),
        ("//other.example/x", "https://other.example/x"),
        ("http://old.example/x?a=1&amp;b=2", "https://old.example/x?a=1&amp;b=2"),
        ("http://old.example:80/x", "https://old.example/x"),
        ("mailto:help@example.com?subject=Hi", "mailto:help@example.com?subject=Hi"),
        ("https://lnks.gd/l/unreadable", BASE),
        ("https://links.govdelivery.com/track?enid=Zm9v&amp;&amp;&amp;1&amp;&amp;&amp;https://a.example/", "https://a.example/"),
    ],
)  # fmt: skip
def test_links_are_made_whole_and_led_out_of_their_trackers(href, whole):
    assert sanitise(f'<a href="{href}">t</a>', BASE) == f'<p><a href="{whole}">t</a></p>'


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", "java\nscript:alert(1)", " JAVASCRIPT:x", "data:text/html,x", "vbscript:x", "ftp://a.example/", "file:///etc/passwd",
     "https://user@evil.example/", "https:\\\\evil.example", "http://plain.example:8080/", "tel:+1207", "https://", "https://[", "mailto:", ""],
)  # fmt: skip
def test_of_a_link_we_do_not_pass_on_the_words_stay(href):
    assert sanitise(f'<p><a href="{href}" target=_blank>words</a></p>', "about:blank") == "<p>words</p>"


def test_a_link_around_nothing_disappears():
    assert sanitise('<p><a href="https://a.example/"><img src="x"></a>b</p>', BASE) == "<p>b</p>"


def test_a_tracker_written_as_text_is_led_to_its_end_or_left_out():
    html = "<p>See https://links-1.govdelivery.com/CL0/https:%2F%2Fa.example%2F/1/x/y or https://lnks.gd/l/zz now</p>"
    assert sanitise(html, BASE) == "<p>See https://a.example/ or  now</p>"
    assert "lnks.gd" not in sanitise('<a href="https://a.example/" title="https://lnks.gd/l/zz">t</a>', BASE)


@pytest.mark.parametrize("tag", ["p", "h2", "li", "td", "strong", "a href='https://a.example/'"])
@pytest.mark.parametrize("attribute", ["title", "lang"])
def test_no_tracker_leaves_in_another_attribute(tag, attribute):
    html = f"<{tag} {attribute}='https://lnks.gd/l/zz'>t</{tag.partition(' ')[0]}>"
    assert "lnks.gd" not in sanitise(html, BASE)
    assert "lnks.gd" not in html_module._reduced(html, BASE)


def test_in_which_language_something_is_said_remains():
    html = "<p lang='es-MX' title='x'>uno</p><ul lang=so><li lang='not one'>t</li></ul>"
    assert sanitise(html, BASE) == '<p lang="es-MX">uno</p><ul lang="so"><li>t</li></ul>'


def test_depth_is_no_weapon():
    assert len(sanitise("<div>" * 200_000 + "x", BASE)) < 10_000


@given(st.lists(TAGS, max_size=14).map("".join))
@settings(max_examples=200, deadline=None)
def test_what_is_clean_stays_as_it_is(html):
    once = sanitise(html, BASE)
    twice = sanitise(once, BASE)
    assert (blocks(twice), set(hrefs(twice))) == (blocks(once), set(hrefs(once)))
    assert not any(
        bad in once.lower() for bad in ("<script", "<img", "javascript:", "<style", "<svg", "<div")
    )


@given(st.lists(TAGS, max_size=14).map("".join))
@settings(max_examples=100, deadline=None)
def test_the_text_is_the_same_before_and_after_cleaning(html):
    assert " ".join(blocks(sanitise(html, BASE))).split() == " ".join(blocks(html)).split()


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<p>Chapter <b>II</b>,<br>Section&nbsp;80</p>", ("Chapter II, Section 80",)),
        ("<table><tr><td>Section</td><td>Title</td></tr></table>", ("Section", "Title")),
        ("<ul><li>one<ul><li>two</li></ul>three</li></ul>", ("one", "two", "three")),
        ("<h2>Head</h2>loose<div>box</div>", ("Head", "loose", "box")),
        ("<p>R&amp;amp;D &#8217; </p><p> </p>", ("R&D \u2019",)),
        ("<p>in<em>side</em></p><hr>after", ("inside", "after")),
        ("plain", ("plain",)),
        ("", ()),
    ],
)
def test_blocks_are_cut_where_a_reader_sees_them(html, texts):
    assert blocks(html) == texts


def test_readable_text_says_everything_and_every_link():
    html = sanitise(
        "<h2>Rates</h2><p>First line<br>second line. See <a href='/dhhs/r.pdf'>the rates</a> or"
        " <a href='https://a.example/'>https://a.example/</a>, or write to <a href='mailto:a@b.example'>us</a>.</p>"
        "<p>Please note:</p><ul><li>one</li><li>two <a href='https://c.example/'>c</a><ol><li>x</li><li>y</li></ol></li></ul>"
        "<table><tr><th>Code</th><th>Rate</th></tr><tr><td>T1</td><td><a href='https://d.example/'>$5</a></td></tr></table>",
        BASE,
    )
    assert (
        to_text(html)
        == """\
Rates

First line
second line. See the rates or https://a.example/, or write to us.
https://www.maine.gov/dhhs/r.pdf
a@b.example

Please note:

- one
- two c
  https://c.example/
  1. x
  2. y

Code | Rate
T1 | $5
https://d.example/"""
    )


def test_lines_are_short_and_addresses_whole():
    address = "https://www.maine.gov/" + "long-" * 30
    text = to_text(f"<p>{'some words ' * 20}{address} {'and-more ' * 20}</p><ul><li>{'item ' * 30}</li></ul>")
    assert address in text.split("\n")
    assert max(len(line) for line in text.split("\n") if address not in line) <= 72
    assert all(line.startswith(("- ", "  ")) for line in text.rpartition("\n\n")[2].split("\n"))


@given(st.lists(TAGS, max_size=14).map("".join))
@settings(max_examples=100, deadline=None)
def test_readable_text_has_the_words_of_all_blocks_and_all_links(html):
    clean = sanitise(html, BASE)
    text = to_text(clean)
    assert set(" ".join(blocks(clean)).split()) <= set(text.split())
    assert all(href in text for href in hrefs(clean))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Rates &amp;amp; <b>rules</b>", "Rates & rules"),
        ("  two\n lines\u00a0here ", "two lines here"),
        ("&lt;i&gt;slant&lt;/i&gt;", "slant"),
        ("under < 21 and > 5", "under < 21 and > 5"),
        ("bell\x07 and \u202etrick\u200b", "bell and trick"),
        ("", ""),
    ],
)
def test_a_title_is_one_plain_line(text, line):
    assert plain(text) == line


@given(st.text(max_size=60))
def test_plain_text_stays_plain(text):
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rule\u2013making: \u201cAdoption\u201d", 'rule-making: "adoption"'),
        ("MaineCare\u2019s  Rates", "Mainecare's Rates"),
        ("Sections II &amp; III", "SECTIONS II & III"),
        ("\ufb01nal\u00a0rule", "final rule"),
    ],
)
def test_titles_that_read_the_same_compare_the_same(one, other):
    assert normalised_title(one) == normalised_title(other)


@pytest.mark.parametrize(
    ("html", "heading"),
    [
        ("<p>Intro</p><h2>Notice of Agency Rulemaking</h2><h3>Other</h3>", "Notice of Agency Rulemaking"),
        ("<p><strong>Proposed</strong> <b>Rule</b></p><h2>x</h2>", "Proposed Rule"),
        ("<p><strong>Note:</strong> running text</p>", ""),
        ("just words about a Proposal", ""),
        ("", ""),
    ],
)
def test_the_first_heading_may_be_a_bold_paragraph_but_never_running_text(html, heading):
    assert first_heading(html) == heading


@pytest.mark.parametrize(
    "html",
    [
        "<p>a" + " " * 200_000,
        "<p>a" + " " * 200_000 + "b",
        "<br>" * 100_000,
        "a" + "<br>" * 100_000 + "b",
        "<p>a" + "&nbsp;" * 100_000 + "b",
        "<p>&" + "amp;" * 50_000,
        "<p>" + "<b" * 50_000 + ">" * 50_000,
    ],
    ids=["spaces", "spaces-within", "breaks", "breaks-within", "entities", "escaped-often", "nested-signs"],
)
@pytest.mark.parametrize("read", [lambda html: sanitise(html, BASE), blocks, to_text, plain])
def test_time_grows_no_faster_than_what_is_read(html, read):
    begun = time.process_time()
    read(html)
    assert time.process_time() - begun < 3  # about 0.5 s on an idle machine


def test_emoji_made_of_several_stay_whole_in_a_title():
    assert plain("a\u200db \U0001f468\u200d\U0001f469 \U0001f3c3\U0001f3fd\u200d\u2640\ufe0f x\u200d") == (
        "ab \U0001f468\u200d\U0001f469 \U0001f3c3\U0001f3fd\u200d\u2640\ufe0f x"
    )


def test_a_link_out_of_a_tracker_brings_no_control_character():
    tracked = "https://links.govdelivery.com/track?enid=x&&&1&&&https://a.example/\x00\ud800b"
    assert link(tracked, BASE) == "https://a.example/b"


@given(st.text(st.characters(codec="ascii") | st.sampled_from("–’ſé\xa0"), max_size=20))
def test_plain_titles_are_normalised_as_all_others_are(title: str) -> None:
    one_by_one = plain(title).translate(PLAIN)
    slowly = " ".join(unicodedata.normalize("NFKC", one_by_one).translate(PLAIN).casefold().split())
    assert normalised_title(title) == slowly
