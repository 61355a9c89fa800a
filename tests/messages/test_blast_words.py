"""What staff write: whom they name is asked first, a message to all names no topic to stop, and a test copy says that it is one."""

from dataclasses import replace

import pytest
from letters import (
    AGENCY,
    BARE_AGENCY,
    BILLING,
    BLAST,
    BOUNDARY,
    HOSPITAL,
    JANE,
    LINKS,
    SENT_AT,
    composed,
    copy,
    letter,
    read,
)

from dispatcher.formats.contact import Contact
from dispatcher.messages import kinds


def said(element):
    return " ".join(element.text_content().split())


def blast(contact=BLAST.contact, agency=AGENCY, reasons=(HOSPITAL, BILLING)):
    content = replace(BLAST, contact=contact)
    message = kinds.bulletin(content, agency, reasons, LINKS, sent_at=SENT_AT, boundary=BOUNDARY)
    return read(copy(message, JANE))


def both(found):
    return " ".join(found.text.split()), said(found.page)


def test_a_notice_by_staff_comes_from_the_agency_and_has_no_source_to_read():
    text, page = both(letter("blast"))
    assert "Notice from Office of Examples, published August 21, 2026, 2:05 p.m. Eastern." in text
    assert (
        "Notice Help desk closed on Friday, October 2, 2026 Office of Examples, published August 21" in page
    )
    assert "source" not in text + page


def test_whom_the_author_names_comes_first():
    for part in both(blast()):
        asked = part[part.index("Who to ask") :]
        assert "For this message: Pat Planner, 207-555-0188 (TTY 711), planning@example.gov" in asked
        assert asked.index("Pat Planner") < asked.index("Hospital desk") < asked.index("Provider help")


def test_whom_the_author_names_is_enough_to_ask():
    found = blast(agency=BARE_AGENCY, reasons=[BILLING])
    assert "\n\nWho to ask\n\n- For this message: Pat Planner" in found.text.replace("\r\n", "\n")
    assert len(found.page.xpath("//h2[.='Who to ask']/following-sibling::ul/li")) == 1


def test_a_website_without_a_name_says_what_it_is_for():
    found = blast(Contact(website="https://www.example.gov/closing"))
    assert found.page.xpath("//a[@href='https://www.example.gov/closing']/text()") == [
        "Website for this message"
    ]
    assert "https://www.example.gov/closing" in found.text.split()


@pytest.mark.parametrize("website", ["javascript:alert(1)", "//evil.example/", "https://a@evil.example/"])
def test_a_website_that_we_would_not_link_to_is_left_out(website):
    found = blast(Contact(name="Pat Planner", website=website))
    assert website not in found.text + found.html


def test_signs_of_ours_and_line_breaks_in_a_contact_are_dropped():
    found = blast(Contact(name="Pat\r\n\r\n\U0010fffaticket\U0010fffb \x00Planner", telephone="207-555-0188"))
    for part in both(found):
        assert "For this message: Pat ticket Planner, 207-555-0188" in part


def test_a_message_to_all_names_no_topic_and_none_to_stop():
    found = letter("everyone")
    for part in both(found):
        assert "All subscribers: this one goes to everybody who subscribes to at least one topic." in part
        assert "what you are subscribed to" not in part
        assert "Stop only" not in part
        assert "Stop the topics" not in part
        assert "Stop all messages from Office of Examples" in part


def test_a_message_to_all_is_a_list_of_its_own():
    head = letter("everyone").message
    assert head["List-Id"] == '"All subscribers" <everyone.lists.example.gov>'
    assert head["Feedback-ID"] == "b42:t0:bulletin:mainecare"


@pytest.mark.parametrize(
    ("name", "topics", "chosen"),
    [("everyone", (), ("0",)), ("blast", ("3",), ("3",)), ("blast", (), ()), ("confirm", (), ())],
)
def test_a_message_to_all_is_for_people_without_topics_of_this_mailing(name, topics, chosen):
    order = composed(name).stencil.keys("reason")
    assert kinds.chosen(topics, order) == {"list": chosen[:1], "reason": chosen, "contact": chosen}


@pytest.mark.parametrize("name", ["test", "corrected-test"])
def test_a_test_copy_says_so_in_the_subject_and_first_in_both_parts(name):
    found = letter(name)
    warning = "This is a test copy. Nobody else got it; its links do not work."
    assert found.message["Subject"].startswith("TEST: ")
    assert found.text.startswith(warning)
    visible = found.page.cssselect(".letter")[0]
    assert said(visible).startswith(warning)


def test_but_for_that_a_test_copy_is_what_all_would_get():
    warning = "This is a test copy. Nobody else got it; its links do not work."
    assert letter("test").text.removeprefix(warning).lstrip() == letter("blast").text
    assert letter("test").message["Subject"] == f"TEST: {letter('blast').message['Subject']}"
