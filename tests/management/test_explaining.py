"""`topics explain`: a text, a bulletin or a page, with what brought it to its topics marked, and why others were not reached."""

import json
from pathlib import Path

import factories as make
import pytest
from calling import Call
from rich.console import Console
from website import Page, Website

from dispatcher.management import explaining
from dispatcher.models import Source
from dispatcher.topics.page import Document
from dispatcher.topics.reasons import Evidence

PAGE = b"""<!DOCTYPE html><html><head><title>T</title></head><body><nav>Section 97</nav><main><h1>Adopted Rule: Section 80</h1>
<p>Rates change.</p></main></body></html>"""


@pytest.fixture
def notice(tmp_path: Path) -> str:
    file = tmp_path / "notice.txt"
    file.write_text("Adoption: Chapter II, Section 80\n\nSection 97 stays as it is.", encoding="utf-8")
    return str(file)


def test_words_of_the_evidence_are_marked_and_what_came_near_is_told(call: Call, notice: str) -> None:
    done = call("topics", "explain", notice)
    assert "Adoption: [[Chapter II, Section 80]]" in done.out
    assert "it is an adopted rule; sections cited: II-80, 97" in done.out
    near = done.out[done.out.index("\nnot ") :]
    assert "private-non-medical-institutions" in near
    assert "- it is cited in passing, and the notice is about another section" in near


def test_one_topic_can_be_asked_about(call: Call, notice: str) -> None:
    told = call("topics", "explain", notice, "--topic", "pharmacy").out
    assert "\nnot " not in told
    assert call("topics", "explain", notice, "--topic", "dermatology").code == 1


def test_a_bulletin_is_explained_by_its_number(call: Call) -> None:
    bulletin = make.bulletin(title="Adoption: Chapter II, Section 80", body_html="<p>Text.</p>")
    assert "[[Chapter II, Section 80]]" in call("topics", "explain", str(bulletin.id)).out
    assert "no bulletin 999999" in call("topics", "explain", "999999").err


def test_a_page_is_fetched_as_a_source_is(call: Call) -> None:
    with Website() as site:
        site.pages["/rule"] = Page(PAGE, type="text/html")
        refused = call("topics", "explain", site.url("/rule"))
        assert refused.code == 1
        assert site.asked == []
        declared = {"allow_private": True, "user_agent": ""}
        source = make.source("own", url=site.url("/feed"))
        Source.objects.filter(id=source.id).update(declared=source.declared | declared)
        done = call(
            "topics", "explain", site.url("/rule"), "--json", "--topic", "private-non-medical-institutions"
        )
    assert done.err == ""
    found = json.loads(done.out)
    assert [one["slug"] for one in found["topics"]] == ["pharmacy"]
    assert found["sections"] == [{"chapter": None, "section": "80", "appendix": None}]
    assert found["near"][0]["missing"] == ["section II-97 is not cited"]


def test_marks_do_not_overlap_and_are_colours_on_a_terminal() -> None:
    document = Document("Hospital services in May", ())
    evidence = [Evidence("r", "title", "", "", "", 0, *span) for span in [(0, 17), (9, 17), (21, 24)]]
    plain = Console(force_terminal=False)
    (marked,) = explaining._marked(document, evidence, plain)
    assert marked.plain == "[[Hospital services]] in [[May]]"
    (coloured,) = explaining._marked(
        document, evidence, Console(force_terminal=True, no_color=False, color_system="standard")
    )
    assert coloured.plain == document.title
    assert len([one for one in coloured.spans if one.style]) == 2
