"""System mail: who asked, when, what the link does and until when; and nothing that a stranger or a title could smuggle in."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from alerts import ALERT
from letters import (
    AGENCY,
    BARE_AGENCY,
    BLAST,
    BOUNDARY,
    JANE,
    LINKS,
    SENT_AT,
    SUBMITTED,
    SYSTEM_MAIL,
    copy,
    letter,
    read,
)

from dispatcher.errors import BadInput
from dispatcher.messages import letters
from dispatcher.messages.letters import Alert, Frame

FRAME = Frame(AGENCY, LINKS.public_url, SENT_AT, BOUNDARY)
LATER = SENT_AT + timedelta(hours=72)
LINK_OF = {
    "confirm": "https://notices.example.gov/confirm/",
    "sign_in": "https://notices.example.gov/manage/",
}
NASTY = "x\r\nBcc: all@example.com\r\n\r\n<b>&\"'{{7*7}} \U0010fffaticket\U0010fffb"
HARMLESS = "x Bcc: all@example.com <b>&\"'{{7*7}} ticket"


def said(element):
    return " ".join(element.text_content().split())


def both(found):
    return " ".join(found.text.split()), said(found.page)


def confirm(topics, asked_at=SENT_AT, expires_at=LATER, frame=FRAME):
    return read(copy(letters.confirm(topics, asked_at, expires_at, frame), JANE))


def approval(frame=FRAME, **changed):
    return read(copy(letters.approval_request(replace(SUBMITTED, **changed), frame), JANE))


@pytest.mark.parametrize("name", SYSTEM_MAIL)
def test_the_ticket_stands_in_the_one_link_that_it_is_for_and_nowhere_else(name):
    found = letter(name)
    link = next((f"{begins}{JANE.ticket}" for kind, begins in LINK_OF.items() if kind in name), None)
    wanted = [link] if link else []
    assert [one for one in found.page.xpath("//a/@href") if JANE.ticket in one] == wanted
    assert [one for one in found.text.split() if JANE.ticket in one] == wanted
    assert found.html.count(JANE.ticket) == len(wanted)
    assert JANE.ticket not in str(found.message["Message-ID"])


@pytest.mark.parametrize("name", SYSTEM_MAIL)
def test_system_mail_is_automatic_and_offers_no_way_out_of_a_list(name):
    found = letter(name)
    assert found.message["Auto-Submitted"] == "auto-generated"
    for part in both(found):
        assert not re.search("unsubscribe|stop all|online", part, re.IGNORECASE)


@pytest.mark.parametrize("kind", LINK_OF)
def test_a_link_comes_with_who_asked_when_until_when_and_what_if_it_was_not_you(kind):
    for part in both(letter(kind)):
        assert "On August 21, 2026, 2:00 p.m. Eastern, somebody asked Office of Examples" in part
        assert "If it was not you" in part
        assert "You need not do anything." in part
    for part in both(letter("confirm")):
        assert "The link works until August 24, 2026, 2:05 p.m. Eastern." in part
    for part in both(letter("sign_in")):
        assert "The link works until August 22, 2026, 2:05 p.m. Eastern." in part


def test_times_are_told_as_in_maine_in_winter_too():
    found = confirm(["A"], datetime(2026, 12, 31, 14, tzinfo=UTC), datetime(2027, 1, 4, 3, 30, tzinfo=UTC))
    for part in both(found):
        assert "On December 31, 2026, 9:00 a.m. Eastern," in part
        assert "until January 3, 2027, 10:30 p.m. Eastern." in part


@pytest.mark.parametrize(
    ("topics", "heading"),
    [
        (["A"], "The topic asked for"),
        (["A", "B"], "The 2 topics asked for"),
        ("A" * 60, "The 60 topics asked for"),
    ],
)
def test_every_topic_asked_for_is_an_item(topics, heading):
    found = confirm(topics)
    items = found.page.xpath(f"//h2[.='{heading}']/following-sibling::ul/li")
    assert list(map(said, items)) == list(topics)
    assert "\n\n".join([heading, "\n".join(f"- {one}" for one in topics)]) in found.text.replace("\r\n", "\n")


def test_without_a_confirmed_contact_nobody_is_named_to_ask():
    for name in ("bare-confirm", "bare-sign_in"):
        assert "Who to ask" not in letter(name).text + letter(name).html


def test_an_agency_with_nothing_but_a_contact_list_points_to_it():
    agency = replace(BARE_AGENCY, contact_list="https://www.example.gov/contacts")
    found = confirm(["A"], frame=replace(FRAME, agency=agency))
    assert found.page.xpath("//h2[.='Who to ask']/following-sibling::ul/li/a/@href") == [agency.contact_list]
    wanted = "\n\nWho to ask\n\n- Contact list of Office of Examples:\n  https://www.example.gov/contacts\n\n"
    assert wanted in found.text.replace("\r\n", "\n")


def test_an_agency_with_a_long_name_keeps_to_the_width_of_the_text_part():
    agency = replace(AGENCY, name="Office of Examples, Department of Health and Human Services of the State")
    for found in (
        confirm(["A"], frame=replace(FRAME, agency=agency)),
        approval(replace(FRAME, agency=agency)),
    ):
        assert max(len(line) for line in found.text.splitlines()) <= 72


def test_an_approver_learns_what_waits_and_which_commands_to_run():
    text, page = both(letter("approval"))
    for part in (text, page):
        assert f"Title: {BLAST.title}" in part
        assert "Author: Pat Planner" in part
        assert "Audience: 24,117 people" in part
        assert "Goes out: August 24, 2026, 2:05 p.m. Eastern, if it is approved by then" in part
    lines = letter("approval").text.splitlines()
    for command in ("dispatcher blast show 42", "dispatcher blast approve 42 --as YOU"):
        assert command in lines
        assert letter("approval").page.xpath("//p[.=$one]", one=command)


def test_a_blast_without_a_time_goes_out_as_soon_as_it_is_approved():
    for part in both(approval(send_at=None, audience=1)):
        assert "Audience: 1 person " in part
        assert "Goes out: as soon as it is approved" in part


@pytest.mark.parametrize("name", ["approval", "bare-approval"])
def test_an_approval_request_carries_no_link_and_cannot_be_taken_for_the_message(name):
    found = letter(name)
    assert not found.page.xpath("//a")
    assert "https://" not in found.text
    assert found.message["Subject"].startswith("Please approve: ")
    assert len(found.message["Subject"]) <= 64
    for part in both(found):
        assert (
            "This is a request to approve. It is not the message itself, and no subscriber gets it." in part
        )
    assert "The help desk is closed all day" not in found.text + found.html


def test_operators_learn_what_is_wrong_since_when_and_the_next_step():
    for part in both(letter("alert")):
        assert (
            "Rules of the Office of Examples: www.example.gov answers 503 Service Unavailable, since" in part
        )
        assert "since August 21, 2026, 5:05 a.m. Eastern. Next: “dispatcher sources preview rules”" in part
        assert "matched no topic, since August 21, 2026, 1:05 p.m. Eastern. It names August 24, 2026." in part
        assert "Well again" in part
    assert not letter("alert").page.xpath("//a")
    assert "And 30 more." in letter("crowded-alert").text


@pytest.mark.parametrize(
    ("about", "subject"),
    [
        (ALERT, "Look today: a bulletin waits that names August 24"),
        (replace(ALERT, waiting=()), "2 sources need a person"),
        (
            replace(ALERT, ailing=ALERT.ailing[:1], waiting=()),
            "Rules of the Office of Examples needs a person",
        ),
        (Alert(waiting=ALERT.waiting[1:]), "A bulletin waits for a decision"),
        (Alert(waiting=ALERT.waiting[1:] * 2), "2 bulletins wait for a decision"),
        (Alert(recovered=["x"]), "All sources are well again"),
        (Alert(polled=5), "All is well with 5 sources"),
    ],
)
def test_the_subject_of_an_alert_is_the_gravest_of_it(about, subject):
    assert letters.alert(about, FRAME).subject == subject


@pytest.mark.parametrize(
    "found",
    [confirm([NASTY, "other"]), approval(title=NASTY), approval(author=NASTY)],
    ids=["topic", "title", "author"],
)
def test_what_is_typed_somewhere_stays_one_line_of_plain_words(found):
    assert (
        found.message.keys()
        == (letter("approval") if "approve" in found.text else letter("confirm")).message.keys()
    )
    assert "all@example.com" not in str(found.message["To"])
    assert not found.page.xpath("//b")
    for part in both(found):
        assert HARMLESS in part


@pytest.mark.parametrize("field", ["from_", "reply_to"])
def test_a_sender_with_a_line_break_is_refused(field):
    agency = replace(AGENCY, **{field: "Office\r\nBcc: all@example.com <notices@example.gov>"})
    with pytest.raises(BadInput):
        letters.sign_in(SENT_AT, LATER, replace(FRAME, agency=agency))
