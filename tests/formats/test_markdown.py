"""Markdown of staff becomes harmless HTML; what looks like a program or a page stays words; no input takes long."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.formats import markdown
from dispatcher.formats.markdown import Link
from dispatcher.mailings.draft import LARGEST

BASE = "https://notices.maine.gov"


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("Use *this* **form**.", "<p>Use <em>this</em> <strong>form</strong>.</p>"),
        ("## Who\n\n- one\n- two", "<h2>Who</h2><ul><li>one</li><li>two</li></ul>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<table>"),
        ("[form](https://www.maine.gov/f?a=1&b=2)", '<a href="https://www.maine.gov/f?a=1&amp;b=2">form</a>'),
        ("<https://www.maine.gov/>", '<a href="https://www.maine.gov/">'),
        ("[us](mailto:help@maine.gov)", '<a href="mailto:help@maine.gov">us</a>'),
        ("{{7*7}} and {{ config }} and {% raw %}", "{{7*7}} and {{ config }} and {% raw %}"),
        ("R&D <Section 97>", "R&amp;D &lt;Section 97&gt;"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("&lt;script&gt;", "&lt;script&gt;"),
    ],
)
def test_what_becomes_of_it(typed: str, html: str) -> None:
    assert html in markdown.to_html(typed, BASE).replace("\n", "")


@pytest.mark.parametrize(
    ("typed", "never"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("<b onclick=x()>a</b>", "<b"),
        ("[x](javascript:alert(1))", "href"),
        ("[x](JaVaScRiPt&colon;alert(1))", "javascript&"),
        ("[x](data:text/html;base64,xxxx)", "href"),
        ("[x](vbscript:x)", "href"),
        ("[x](http://plain.maine.gov)", "http://plain"),
        ("![p](https://tracker.example/p.gif)", "tracker"),
        ("<!-- hidden -->", "<!--"),
        ("<style>p{display:none}</style>", "<style"),
        ('[x](https://www.maine.gov "a\\" onclick=\\"x()")', ' onclick="'),
        ("[x]: javascript:alert(1)\n\n[x]", "href"),
    ],
)
def test_what_never_comes_through(typed: str, never: str) -> None:
    assert never.lower() not in markdown.to_html(typed, BASE).lower()


@pytest.mark.parametrize(
    ("typed", "links"),
    [
        ("[the *new* `form`](https://a.maine.gov)", [Link("the new form", "https://a.maine.gov")]),
        ("[over\ntwo lines](https://a.maine.gov)", [Link("over two lines", "https://a.maine.gov")]),
        ("[](https://a.maine.gov)", [Link("", "https://a.maine.gov")]),
        ("<help@maine.gov>", [Link("help@maine.gov", "mailto:help@maine.gov")]),
        (
            "![a map](https://a.maine.gov/m.png)",
            [Link("a map", "https://a.maine.gov/m.png", is_picture=True)],
        ),
        (
            "[![a map](https://a.maine.gov/m.png)](https://b.maine.gov)",
            [
                Link("a map", "https://a.maine.gov/m.png", is_picture=True),
                Link("a map", "https://b.maine.gov"),
            ],
        ),
        ("| a |\n|---|\n| [in a cell](https://a.maine.gov) |", [Link("in a cell", "https://a.maine.gov")]),
        ("[by name][1]\n\n[1]: https://a.maine.gov", [Link("by name", "https://a.maine.gov")]),
        ("- [one](http://a)\n- [two](/b)", [Link("one", "http://a"), Link("two", "/b")]),
        ("`[code](https://a.maine.gov)`\n\n    [code](https://a.maine.gov)", []),
        ("plain https://a.maine.gov", []),
    ],
)
def test_every_link_and_picture_is_found(typed: str, links: list[Link]) -> None:
    assert markdown.links(typed) == links


BAD_FOR_PARSERS = {
    "brackets": "[",
    "stars": "*",
    "underscores": "_",
    "pictures": "![",
    "opened links": "[a](",
    "references": "[x][",
    "opened emphasis": "**a ",
    "mixed emphasis": "*a_ ",
    "quotes": ">",
    "lists": "- ",
    "angles": "<",
    "comments": "<!--",
    "ticks": "`` ",
    "entities": "&#1;",
    "escapes": "\\",
    "cells": "|a|\n|-|\n|b|\n",
    "one word": "a",
    "space": " ",
}


def seconds(typed: str) -> float:
    """Of this process, so that a busy machine makes no difference."""
    began = time.process_time()
    markdown.to_html(typed, BASE)
    return time.process_time() - began


@pytest.mark.parametrize("name", BAD_FOR_PARSERS)
def test_a_quarter_of_the_largest_draft_takes_no_time(name: str) -> None:
    size = LARGEST // 4
    assert seconds((BAD_FOR_PARSERS[name] * size)[:size]) < 3


def test_nor_does_a_wide_table() -> None:
    size = LARGEST // 4
    assert seconds("|x" * (size // 6) + "\n" + "|-" * (size // 6) + "\n" + "|a\n" * (size // 9)) < 6


def test_the_worst_draft_of_all_ends() -> None:
    assert seconds("![" * (LARGEST // 2)) < 30


@settings(max_examples=80)
@given(st.text(alphabet="<>[]()!*_`#&;:/\\|- \nabscript=\"'{}0jhttps", max_size=80))
def test_whatever_is_typed_comes_out_on_the_allow_list_and_reads_the_same_again(typed: str) -> None:
    html = markdown.to_html(typed, BASE)
    assert "<script" not in html
    assert "<img" not in html
    assert "javascript:" not in "".join(part.split('"')[0] for part in html.split('href="')[1:])
    markdown.links(typed)
    markdown.heading(typed)
