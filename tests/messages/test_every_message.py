"""The checks on every kind of message that need no browser: what its reader finds, and what its markup must never do."""

import itertools
import re

import pytest
from letters import AGENCY, EVERY, JANE, LIST_MAIL, OF_SEVERAL, RIGHT_TO_LEFT, TOLD, UNTURNED, letter, said_in

LISTED = (*LIST_MAIL, *(one for one in RIGHT_TO_LEFT if one.removesuffix("@ar") in LIST_MAIL))
ALL = pytest.mark.parametrize("name", [*EVERY, *RIGHT_TO_LEFT])
LISTS = pytest.mark.parametrize("name", LISTED)
TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "th", "p", "h1", "h2", "h3", "h4",
    "h5", "h6", "ul", "ol", "li", "a", "strong", "em", "span", "br",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "dir", "class", "style", "role", "border", "cellpadding", "cellspacing", "width", "align", "href", "charset",
    "name", "content", "title", "data-css-inline",
}  # fmt: skip
PROPERTIES = {
    "margin", "margin-top", "margin-bottom", "padding", "background-color", "color", "font-family", "font-size", "font-weight",
    "line-height", "-webkit-text-size-adjust", "display", "max-height", "overflow", "mso-hide", "width", "max-width",
    "text-align", "vertical-align", "border", "border-top", "border-left", "border-radius", "border-collapse",
    "overflow-wrap", "word-break", "text-decoration", "list-style", "white-space",
}  # fmt: skip


def said(element):
    return " ".join(element.text_content().split())


def style(element):
    pairs = (one.partition(":") for one in element.get("style", "").split(";") if one.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


@ALL
def test_m1_language_and_direction_stand_outside_and_inside_the_body(name):
    found = letter(name)
    assert found.html.lower().startswith("<!doctype html>")
    (outer,) = found.page.xpath("/html/body/*")
    for element in (found.page, outer):
        assert (element.get("lang"), element.get("dir")) == (
            ("ar", "rtl") if name in RIGHT_TO_LEFT else ("en", "ltr")
        )


@ALL
def test_m2_the_title_is_the_subject(name):
    found = letter(name)
    assert said(found.page.find("head/title")) == found.message["Subject"]
    assert found.page.xpath("//meta[@charset='utf-8']")
    assert found.page.xpath("//meta[@name='viewport']")


@ALL
def test_m3_tables_for_layout_say_so_and_are_not_deep(name):
    layout = [one for one in letter(name).page.iter("table") if not one.xpath("ancestor::*[@class='words']")]
    assert len(layout) == 2
    for table in layout:
        assert table.get("role") == "presentation"
        assert [table.get(one) for one in ("border", "cellpadding", "cellspacing")] == ["0", "0", "0"]
        assert not table.xpath("./tbody/tr/th | ./caption | @summary")
        assert len(table.xpath("ancestor::table")) <= 3


@ALL
def test_m5_there_is_no_picture_to_lose(name):
    assert not letter(name).page.xpath("//img")


@ALL
def test_m6_one_h1_no_skipped_level_no_false_paragraphs(name):
    page = letter(name).page
    levels = [int(one.tag[1]) for one in page.xpath("//h1|//h2|//h3|//h4|//h5|//h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert not re.search(r"<br>\s*<br>", letter(name).html)


@ALL
def test_m7_links_say_where_they_go(name):
    targets = {}
    for anchor in letter(name).page.iter("a"):
        words = said(anchor)
        assert words
        assert words.casefold() not in {"click here", "here", "read more", "learn more", "link"}
        assert not re.match(r"https?://|www\.", words)
        assert targets.setdefault(words, anchor.get("href")) == anchor.get("href")


@ALL
def test_m10_type_is_large_enough_and_the_page_narrow_enough(name):
    for element in letter(name).page.iter():
        declared = style(element)
        assert int(declared.get("font-size", "16px").removesuffix("px")) >= 16
        if element.tag not in {"h1", "h2", "h3"} and "line-height" in declared:
            line = declared["line-height"]
            size = int(declared.get("font-size", "16px").removesuffix("px"))
            assert (float(line.removesuffix("px")) / size if line.endswith("px") else float(line)) >= 1.4
    assert "max-width: 640px" in letter(name).html


@ALL
def test_m11_only_what_every_client_draws(name):
    for element in letter(name).page.iter():
        if isinstance(element.tag, str):
            assert element.tag in TAGS
            assert set(element.keys()) <= ATTRIBUTES
            assert style(element).keys() <= PROPERTIES
    assert "url(" not in letter(name).html


@ALL
def test_m12_m13_every_link_is_whole_and_goes_where_it_says(name):
    for anchor in letter(name).page.iter("a"):
        assert re.match(r"https://[^@\s]+$|mailto:[^\s]+$|tel:[0-9+]+$", anchor.get("href"))


@LISTS
def test_m13_a_message_to_a_list_can_be_viewed_online(name):
    page = letter(name).page
    if name.removesuffix("@ar") in OF_SEVERAL:
        for bulletin in TOLD[name.removesuffix("@ar")]:
            assert f"https://notices.example.gov/bulletins/{bulletin}" in page.xpath("//a/@href")
        return
    (online,) = page.xpath("//a[.=$words]/@href", words=said_in(name, "View this message online"))
    assert online == "https://notices.example.gov/bulletins/42"


@ALL
def test_m14_the_preheader_is_the_first_text_hidden_and_not_the_subject(name):
    found = letter(name)
    texts = (element for element in found.page.find("body").iter() if (element.text or "").strip())
    first = next(texts)
    assert first.get("class") == "preheader"
    assert 40 <= len(said(first)) <= 110
    assert said(first) != found.message["Subject"]
    hidden = style(first)
    assert (hidden["display"], hidden["max-height"], hidden["overflow"], hidden["mso-hide"]) == (
        "none",
        "0",
        "hidden",
        "all",
    )


@ALL
def test_m15_the_text_part_tells_the_same_in_the_same_order(name):
    found = letter(name)
    wanted = [said(one) for one in found.page.xpath("//h1|//h2")]
    text = " ".join(found.text.split())
    at = 0
    for heading in wanted:
        at = text.index(heading, at) + len(heading)


@ALL
def test_m16_dates_are_told_in_words(name):
    found = letter(name)
    for part in (found.text, said(found.page.find("body"))):
        assert not re.search(r"\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b", part)
    if name == "plain":
        assert "August 21, 2026, 2:00 p.m. Eastern" in " ".join(found.text.split())
        assert "August 21, 2026, 2:00 p.m. Eastern" in said(found.page)


def test_m17_words_of_another_language_find_their_own_direction():
    page = letter("arabic").page
    assert page.find(".//h1").get("dir") == "auto"
    assert page.cssselect(".words")[0].get("dir") == "auto"


@pytest.mark.parametrize("name", RIGHT_TO_LEFT)
def test_m17_words_of_another_language_say_so_and_all_of_ours_are_translated(name):
    for text in letter(name).page.xpath("/html/body//text()"):
        unquoted = re.sub("\N{FIRST STRONG ISOLATE}.*?\N{POP DIRECTIONAL ISOLATE}", "", text)
        unnamed = re.sub(r"\S+@\S+|\(PDF\)", "", unquoted)
        element = text.getparent() if text.is_text else text.getparent().getparent()
        is_english = element.xpath("ancestor-or-self::*[@lang][1]/@lang") == ["en"]
        is_command = bool(element.xpath("ancestor-or-self::*[@class='command']"))
        assert is_english or is_command or not re.search(r"[A-Za-z]{2}", unnamed), text


@LISTS
def test_m18_the_way_out_is_in_both_parts(name):
    found = letter(name)
    for part in (found.text, found.html):
        assert f"https://notices.example.gov/u/{JANE.ticket}" in part


@ALL
def test_m18_who_sent_it_and_to_whom_is_in_both_parts(name):
    found = letter(name)
    address = f", {AGENCY.address.replace(chr(10), ', ')}" * ("bare" not in name)
    text = " ".join(found.text.split()).translate(UNTURNED)
    sender = f"Office of Examples{address}"
    by = said_in(name, "by %(sender)s.", sender=sender)
    assert f"{said_in(name, 'Sent to %(address)s', address=JANE.address)} {by}" in text
    whole = said_in(name, "Sent to %(address)s by %(sender)s.", address=JANE.address, sender=sender)
    assert whole in said(found.page)


@ALL
def test_m19_gmail_shows_all_of_it(name):
    found = letter(name)
    assert len(found.html.encode()) <= 80_000
    assert len(found.raw) <= 100_000


@ALL
def test_m20_nothing_is_left_over(name):
    found = letter(name)
    for part in (found.text, said(found.page.find("body")), found.message["Subject"]):
        assert not re.search(
            r"\{\{|\}\}|\{%|\bNone\b|\bundefined\b|[\U0010fffa\U0010fffb]|\[ticket\]|\[address\]", part
        )
    assert not found.page.xpath(
        "//a[not(normalize-space())] | //p[not(normalize-space())] | //ul[not(li)] | //h2[not(normalize-space())]"
    )


@ALL
def test_it_names_no_person_but_its_reader_and_whom_to_ask(name):
    found = letter(name)
    ours = {"notices@example.gov", "questions@example.gov", "help@example.gov", "planning@example.gov"}
    told = f"{found.text} {said(found.page)}".translate(UNTURNED)
    named = set(re.findall(r"[^\s<>:,\"]+@[^\s<>,\"]+", told))
    assert named <= ours | {JANE.address}


@ALL
def test_only_a_message_to_a_list_has_the_headers_of_one(name):
    found = letter(name)
    lists = {one for one in found.message if one.startswith("List-") or one in {"Precedence", "Feedback-ID"}}
    assert bool(lists) == (name in LISTED)
