import re
from dataclasses import replace
from pathlib import Path

import jinja2
import pytest
from letters import (
    AGENCY,
    BOUNDARY,
    EVERY,
    HOSPITAL,
    JANE,
    JOE,
    LINKS,
    LIST_MAIL,
    PLAIN,
    SENT_AT,
    composed,
    copy,
    letter,
    read,
)

from dispatcher import config
from dispatcher.errors import BadInput
from dispatcher.messages import kinds
from dispatcher.messages.compose import compose
from dispatcher.messages.headers import Headers
from dispatcher.messages.stencil import mark

TEMPLATES = Path(config.bundled("templates")) / "messages"
AWKWARD = "<b>&\"'{{7*7}}"


def bulletin(content, agency=AGENCY, reasons=(HOSPITAL,), boundary=BOUNDARY):
    return kinds.bulletin(content, agency, reasons, LINKS, sent_at=SENT_AT, boundary=boundary)


@pytest.mark.parametrize("name", EVERY)
def test_the_bytes_of_a_message_keep_every_limit_of_mail(name):
    raw = letter(name).raw
    head, _, body = raw.partition(b"\r\n\r\n")
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 78 for line in head.split(b"\r\n") if not line.startswith(b"List-Unsubscribe: "))
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert not [line for line in raw.split(b"\r\n") if line.startswith(b".")]
    assert all(len(word) <= 75 for word in re.findall(rb"=\?[^?]*\?.\?[^?]*\?=", head))


@pytest.mark.parametrize("name", LIST_MAIL)
def test_one_click_is_one_unfolded_header_with_the_bare_ticket(name):
    head = letter(name).raw.partition(b"\r\n\r\n")[0].decode()
    (line,) = re.findall(r"^List-Unsubscribe: .*$", head, re.MULTILINE)
    assert line.rstrip("\r") == f"List-Unsubscribe: <https://notices.example.gov/u/{JANE.ticket}>"


@pytest.mark.parametrize("name", EVERY)
def test_a_message_is_text_first_and_html_second_both_quoted_printable(name):
    message = letter(name).message
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
        assert part.get_content_charset() == "utf-8"
    assert not message.defects
    assert not [defect for part in message.walk() for defect in part.defects]


@pytest.mark.parametrize("name", EVERY)
def test_a_copy_names_its_person_and_nobody_else(name):
    message = composed(name)
    for person, other in ((JANE, JOE), (JOE, JANE)):
        found = read(copy(message, person))
        assert found.message["To"] == person.address
        assert found.message["Message-ID"] == f"<{person.delivery_id}.0a1b2c3d@example.gov>"
        assert f"Sent to {person.address}\n" in found.text.replace("\r\n", "\n")
        for trace in (other.address, other.ticket):
            assert trace not in found.text + found.html


@pytest.mark.parametrize("name", EVERY)
def test_both_parts_carry_the_persons_ticket_unless_the_message_has_no_power(name):
    found = letter(name)
    for part in (found.text, found.html):
        assert (JANE.ticket in part) == (
            not any(kind in name for kind in ("approval", "alert", "goodbye", "moved"))
        )


def test_the_first_topic_of_the_list_that_is_the_persons_own_names_the_list():
    message = composed("plain")
    assert message.stencil.keys("reason") == ("17", "3")
    assert (
        read(copy(message, JANE)).message["List-Id"]
        == '"Hospital services" <hospital-services.lists.example.gov>'
    )
    assert (
        read(copy(message, JOE)).message["List-Id"]
        == '"Claims & billing <all>" <claims-billing.lists.example.gov>'
    )
    assert read(copy(message, JOE)).message["Feedback-ID"] == "b42:t3:bulletin:mainecare"


def test_an_ampersand_in_a_title_stands_plain_in_subject_and_text_and_escaped_in_html():
    found = read(copy(bulletin(replace(PLAIN, title="R&D")), JANE))
    assert found.message["Subject"] == "Adopted rule: R&D"
    assert "R&D" in found.text
    assert "&amp;" not in found.text
    assert '<h1 dir="auto"' in found.html
    assert ">R&amp;D</h1>" in found.html


def test_every_value_is_escaped_in_html_and_left_alone_in_text():
    agency = replace(
        AGENCY, name=AWKWARD, address=AWKWARD, contact=kinds.Contact(name=AWKWARD, telephone=AWKWARD)
    )
    reason = replace(
        HOSPITAL, topic_name=AWKWARD, words=AWKWARD, contact=kinds.Contact(name=AWKWARD, email=AWKWARD)
    )
    found = read(copy(bulletin(replace(PLAIN, title=AWKWARD, source_name=AWKWARD), agency, [reason]), JANE))
    assert not found.page.xpath("//b")
    assert found.page.xpath("string(//h1)") == AWKWARD
    assert "<b>&\"'{{7*7}}" in found.text
    assert "49" not in found.text.replace(JANE.ticket, "")


def test_a_name_that_the_caller_forgot_is_an_error():
    headers = Headers(from_="notices@example.gov", date=SENT_AT, language="en", auto_submitted=True)
    with pytest.raises(jinja2.UndefinedError):
        compose("bulletin", {"headline": "x"}, {}, headers, BOUNDARY)


@pytest.mark.parametrize("spoilt", [mark("ticket"), mark("nothing"), "\U0010fffa", "\U0010fffb"])
@pytest.mark.parametrize("field", ["title", "body_html", "source_name"])
def test_marks_of_ours_in_content_are_only_words(field, spoilt):
    found = bulletin(replace(PLAIN, **{field: f"a {spoilt} b"}))
    word = spoilt.strip("\U0010fffa\U0010fffb")
    assert " ".join(f"a {word} b".split()) in " ".join(found.text.split())
    assert not {"\U0010fffa", "\U0010fffb"} & set(found.html + found.text)


@pytest.mark.parametrize("control", ["\x00", "\x1b", "\x7f", "\x08"])
def test_control_characters_in_a_title_are_refused(control):
    with pytest.raises(BadInput):
        bulletin(replace(PLAIN, title=f"a{control}b"))


@pytest.mark.parametrize("boundary", ["", "abc", "x" * 32, 'a"\r\nX: y', "A" * 32])
def test_a_boundary_that_is_no_random_number_is_refused(boundary):
    with pytest.raises(BadInput, match="boundary"):
        bulletin(PLAIN, boundary=boundary)


def test_the_styles_are_on_the_elements_and_what_only_a_style_element_can_say_stays_in_the_head():
    html = letter("plain").html
    assert "<link" not in html
    assert html.index("<meta charset") < 100
    (kept,) = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)
    assert "prefers-color-scheme: dark" in kept
    assert "[data-ogsc]" in kept
    declarations = re.findall(r"[a-z-]+: [^;{}]+;", kept)
    assert len(declarations) > 20
    assert all(one.endswith("!important;") for one in declarations)


def test_the_fragments_get_their_styles_too():
    anchors = letter("plain").page.xpath("//a[@class='stop']")
    assert len(anchors) == 2
    assert all("display: inline-block" in one.get("style") for one in anchors)


def test_composing_twice_gives_the_same_bytes():
    assert composed("plain").stencil.dumps() == composed("plain").stencil.dumps()


def test_people_who_look_at_a_message_see_every_reason_and_no_mark():
    message = composed("plain")
    assert message.subject == "Adopted rule: Hospital services, Section 45: new outpatient…"
    for part in (message.text, message.html):
        assert "https://notices.example.gov/u/[ticket]-t17" in part
        assert "https://notices.example.gov/u/[ticket]-t3" in part
        assert "[address]" in part
        assert not re.search("[\U0010fffa\U0010fffb]", part)


@pytest.mark.parametrize("folder", sorted(one.name for one in TEMPLATES.iterdir() if one.is_dir()))
def test_every_kind_has_its_three_files(folder):
    assert {"subject.txt", "body.txt", "body.html"} <= {one.name for one in (TEMPLATES / folder).iterdir()}
