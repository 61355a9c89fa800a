"""Links to PDF documents say so in their own words, once."""

import pytest

from dispatcher.formats import pdf

A = "https://www.maine.gov/files/c2s028-2026-101.pdf"


@pytest.mark.parametrize(
    ("url", "sure", "perhaps"),
    [
        (A, True, True),
        ("https://a.example/RULE.PDF?x=1#page=2", True, True),
        ("https://a.example/rule%2Epdf", True, True),
        ("https://www.maine.gov/tools/whatsnew/attach.php?id=1&an=1", False, True),
        ("https://a.example/pdf", False, False),
        ("https://a.example/?file=x.pdf", False, False),
        ("https://a.example/x.pdf.html", False, False),
        ("http://[", False, False),
    ],
)
def test_what_leads_to_one(url: str, sure: bool, perhaps: bool) -> None:
    assert (pdf.is_pdf(url), pdf.may_be_pdf(url)) == (sure, perhaps)


@pytest.mark.parametrize(
    ("html", "named"),
    [
        (f'<p><a href="{A}">The rule</a></p>', f'<p><a href="{A}">The rule (PDF)</a></p>'),
        (f'<a href="{A}"><strong>The rule</strong></a>', f'<a href="{A}"><strong>The rule</strong> (PDF)</a>'),
        (f'<a href="{A}">The rule (PDF)</a>', f'<a href="{A}">The rule (PDF)</a>'),
        (f'<a href="{A}">c2s028.pdf</a>', f'<a href="{A}">c2s028.pdf</a>'),
        (f'<a href="{A}" title="t">It</a>', f'<a href="{A}" title="t">It (PDF)</a>'),
        ('<a href="https://a.example/x.docx">Form</a>', '<a href="https://a.example/x.docx">Form</a>'),
        ('<a href="https://a.example/attach.php?id=1&amp;an=1">Att</a>', '<a href="https://a.example/attach.php?id=1&amp;an=1">Att (PDF)</a>'),
        ("<p>no link, x.pdf</p>", "<p>no link, x.pdf</p>"),
    ],
)  # fmt: skip
def test_a_link_says_it_once(html: str, named: str) -> None:
    assert pdf.named(html, {"https://a.example/attach.php?id=1&an=1"}) == named
