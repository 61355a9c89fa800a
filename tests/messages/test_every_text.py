"""The text part of every kind of message: it tells the same as the HTML part, and can be read aloud."""

import re

import pytest
from letters import BOUNDARY, EVERY, JANE, RIGHT_TO_LEFT, UNTURNED, letter, said_in

ALL = pytest.mark.parametrize("name", [*EVERY, *RIGHT_TO_LEFT])


def said(element):
    return " ".join(element.text_content().split())


def figures(text):
    return set(re.findall(r"\$?\d[\d,.]*\d|\d", text))


@ALL
def test_t1_every_date_figure_and_link_of_the_html_part_is_in_the_text_part(name):
    found = letter(name)
    body = found.page.find("body")
    lines = {line.strip() for line in found.text.splitlines()}
    for href in body.xpath("//a/@href"):
        scheme, _, rest = href.partition(":")
        if scheme == "https":
            assert href in lines
        elif scheme == "mailto":
            assert rest in found.text
        else:
            assert rest.replace("-", "") in re.sub(r"[^0-9]", "", found.text)
    body.cssselect(".preheader")[0].clear()
    assert figures(said(body)) <= figures(found.text)


@ALL
def test_t3_the_text_part_holds_no_markup_and_keeps_to_its_width(name):
    text = letter(name).text
    assert not re.search(
        r"&(?:amp|lt|gt|quot|nbsp|#\d+|#x[0-9a-f]+);|</?(?:p|a|li|ul|b|strong|h\d|div|br|table)\b", text
    )
    for line in text.splitlines():
        assert len(line) <= 72 or " " not in line.strip(" -")
        assert line == line.rstrip()


@ALL
def test_t4_headings_and_lists_can_be_read_aloud(name):
    found = letter(name)
    text = found.text.translate(UNTURNED).replace("\r\n", "\n")
    paragraphs = [" ".join(one.split()) for one in text.split("\n\n")]
    for heading in [*map(said, found.page.iter("h2")), said_in(name, "About this message")]:
        assert heading in paragraphs
    assert "\n\n\n" not in text
    assert not re.search(r"[-=*_]{4,}", text.replace(JANE.ticket, "").replace(f"--{BOUNDARY}", ""))
    assert "view this in" not in text.lower()
