"""Pages that everybody can use: their outline, their colours, and that nothing in them runs."""

import re
from itertools import pairwise
from pathlib import Path

import lxml.html
import pytest
import visiting
from colours import contrast, rgb
from django.test import Client
from house.tree import ROOT
from jinja2 import UndefinedError

from dispatcher.web import pages

STYLE = (ROOT / "templates" / "pages" / "style.css").read_text()
SHOWN = ["/mailbox/", "/mailbox/before/1/", "/mailbox/1/", "/nothing"]
PUBLIC = ["sign-up", "confirm", "manage", "manage-link", "unsubscribe", "bulletin"]


@pytest.fixture(params=SHOWN + PUBLIC)
def shown(
    request: pytest.FixtureRequest, sqlite_db: str, mailbox: Path, visitor: Client
) -> lxml.html.HtmlElement:
    made = visiting.addresses() if request.param in PUBLIC else {}
    return lxml.html.document_fromstring(visitor.get(made.get(request.param, request.param)).text)


def test_each_page_says_what_it_is(shown: lxml.html.HtmlElement) -> None:
    assert shown.get("lang") == "en"
    (title,) = shown.xpath("//title")
    assert re.fullmatch(r"\S.* · MaineCare (dispatcher|Services)", title.text)
    assert len(shown.xpath("//h1")) == len(shown.xpath("//main")) == len(shown.xpath("//body/header")) == 1
    levels = [int(one.tag[1]) for one in shown.xpath("//h1|//h2|//h3")]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_each_part_of_a_page_has_its_name(shown: lxml.html.HtmlElement) -> None:
    assert all(table.xpath("caption") for table in shown.xpath("//table"))
    assert all(one.get("scope") for one in shown.xpath("//th"))
    assert all(one.get("title") for one in shown.xpath("//iframe"))
    assert all(one.get("aria-label") for one in shown.xpath("//nav"))
    names = shown.xpath("//@id")
    assert len(names) == len(set(names))
    assert set(shown.xpath("//@aria-labelledby")) <= set(names)
    assert all(one.text_content().strip() for one in shown.xpath("//a"))


def test_each_field_of_a_form_has_its_label(shown: lxml.html.HtmlElement) -> None:
    labelled = set(shown.xpath("//label/@for"))
    fields = shown.xpath("//input[not(@type='hidden')]|//textarea|//select")
    assert {one.get("id") for one in fields} == labelled
    described = {name for one in shown.xpath("//@aria-describedby") for name in one.split()}
    assert described <= set(shown.xpath("//@id"))
    assert all(one.text_content().strip() for one in shown.xpath("//button|//legend|//label"))


def test_nothing_on_a_page_runs_or_brings_its_own_style(shown: lxml.html.HtmlElement) -> None:
    assert not shown.xpath("//script|//style|//@style|//*[@*[starts-with(name(), 'on')]]")
    assert {one.get("sandbox") for one in shown.xpath("//iframe")} <= {""}


def test_every_page_has_the_one_stylesheet(shown: lxml.html.HtmlElement, visitor: Client) -> None:
    (sheet,) = shown.xpath("//link/@href")
    answer = visitor.get(sheet)
    assert answer.text == STYLE
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"


def test_a_name_that_a_template_misspells_is_an_error(mailbox: Path) -> None:
    with pytest.raises(UndefinedError):
        pages.page("fault", title="There is no advice")


def test_a_fault_repeats_nothing_of_the_request(visitor: Client) -> None:
    assert visitor.get("/u/forged-ticket").content == visitor.get("/nothing?x=y").content


def palettes() -> list[dict[str, str]]:
    """Light; and dark, where it says otherwise."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    colours = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", one)) for one in (light, dark)]
    return [colours[0], colours[0] | colours[1]]


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_words_stand_out_from_what_they_are_painted_on(palette: dict[str, str]) -> None:
    painted = {"ink": "paper", "faint": "paper", "link": "paper", "band-ink": "band"}
    pairs = [*painted.items(), ("ink", "panel"), ("link", "panel"), ("wrong", "paper"), ("wrong", "panel")]
    assert all(contrast(rgb(palette[ink]), rgb(palette[paper])) >= 4.5 for ink, paper in pairs)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_focus_and_edges_can_be_seen(palette: dict[str, str]) -> None:
    for ground in ("paper", "panel"):
        assert contrast(rgb(palette["focus"]), rgb(palette[ground])) >= 3
    assert contrast(rgb(palette["line"]), rgb(palette["paper"])) >= 3
    assert contrast(rgb(palette["good"]), rgb(palette["paper"])) >= 3


def test_colours_stand_in_one_place() -> None:
    rules = re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL)
    assert not re.search(r"#[0-9a-fA-F]{3}|\brgb|\bhsl", rules)
