"""The words of a bulletin: each reader finds their own reasons, and nothing is invented."""

from dataclasses import replace

import pytest
from letters import (
    AGENCY,
    BARE_AGENCY,
    BILLING,
    BOUNDARY,
    BULLETINS,
    HOSPITAL,
    JANE,
    JOE,
    LINKS,
    PLAIN,
    SENT_AT,
    copy,
    letter,
    read,
)

from dispatcher.messages import kinds

ALL = pytest.mark.parametrize("name", BULLETINS)


def said(element):
    return " ".join(element.text_content().split())


@ALL
def test_each_reason_of_this_reader_comes_with_its_own_way_to_stop(name):
    for person in (JANE, JOE):
        found = letter(name, person)
        for reason in (HOSPITAL, BILLING):
            theirs = str(reason.topic_id) in person.topics and reason in BULLETINS[name][2]
            stop = f"https://notices.example.gov/u/{person.ticket}-t{reason.topic_id}"
            assert (stop in found.text.split()) == theirs
            assert (stop in found.page.xpath("//a/@href")) == theirs
            assert (f"{reason.topic_name}: {reason.words}." in " ".join(found.text.split())) == theirs
            assert (f"{reason.topic_name}: {reason.words}." in said(found.page)) == theirs


@ALL
def test_the_footer_has_every_way_out_and_the_bare_manage_page(name):
    ways = letter(name).page.xpath("//td[@class='footer']//a/@href")
    ticket = f"https://notices.example.gov/u/{JANE.ticket}"
    assert ways == [
        *([ticket] if name != "everyone" else []),
        f"{ticket}-all",
        "https://notices.example.gov/manage/",
        "https://notices.example.gov/bulletins/42",
    ]


def bulletin(content=PLAIN, agency=AGENCY, reasons=(HOSPITAL, BILLING), person=JANE):
    message = kinds.bulletin(content, agency, reasons, LINKS, sent_at=SENT_AT, boundary=BOUNDARY)
    return read(copy(message, person))


def test_questions_go_to_the_contact_of_the_topic_and_to_the_agency():
    found = bulletin()
    for part in (" ".join(found.text.split()), said(found.page)):
        assert "Hospital services: Hospital desk, 207-555-0145 (TTY 711)" in part
        assert "Office of Examples: Provider help, 207-555-0100 ext. 4 (TTY 711), help@example.gov" in part
        assert "Claims & billing <all>: ," not in part
    assert "tel:2075550100" in found.page.xpath("//a/@href")


def test_where_no_contact_is_confirmed_nothing_is_invented():
    found = bulletin(agency=BARE_AGENCY, reasons=[BILLING])
    assert "Who to ask" not in found.text + found.html
    assert "TTY" not in found.text + found.html


def test_without_a_contact_of_its_own_the_agency_points_to_its_contact_list():
    found = bulletin(
        agency=replace(BARE_AGENCY, contact_list="https://www.example.gov/contacts"), reasons=[BILLING]
    )
    assert (
        "- Contact list of Office of Examples:\n  https://www.example.gov/contacts\n"
        in found.text.replace("\r\n", "\n")
    )
    assert found.page.xpath("//a[@href='https://www.example.gov/contacts']/text()") == [
        "Contact list of Office of Examples"
    ]


def test_contacts_of_all_topics_are_enough_to_ask():
    found = bulletin(agency=BARE_AGENCY, reasons=[HOSPITAL])
    assert "\n\nWho to ask\n\n- Hospital services: Hospital desk" in found.text.replace("\r\n", "\n")


def test_a_correction_says_so_in_the_subject_and_before_the_words():
    found = letter("correction")
    assert found.message["Subject"] == "Corrected: Office hours moved to Thursday"
    assert found.text.index("Corrected: this replaces") < found.text.index("The call about claims")


def test_what_staff_wrote_is_not_called_automatic():
    assert letter("bare").message["Auto-Submitted"] is None
    assert letter("plain").message["Auto-Submitted"] == "auto-generated"


def test_source_text_is_sanitised_again():
    html = letter("nasty").html
    for forbidden in ("<script", "onclick", "tracker.example", "javascript:", "<img"):
        assert forbidden not in html


def test_a_title_of_300_characters_is_whole_in_both_parts_and_short_in_the_subject():
    found = letter("nasty")
    title = " ".join(BULLETINS["nasty"][0].title.split())
    assert len(title) > 280
    assert said(found.page.find(".//h1")) == title
    assert title in " ".join(found.text.split())
    assert len(found.message["Subject"]) <= 64
    assert found.message["Subject"].startswith("Emergency rule: R&D <Section 97> 😀")


LARGE = {
    "paragraphs": "<p>Some words of a paragraph, as long as they are at most places.</p>" * 5_000,
    "items": f"<ul>{'<li>x</li>' * 20_000}</ul>",
    "one": f"<p>{'word ' * 60_000}</p>",
    "cells": f"<table>{'<tr><td>a</td><td>b</td></tr>' * 10_000}</table>",
    "beyond-ascii": "<p>Überall ěščřžýáíé, 中文中文中文中文中文</p>" * 3_000,
}


@pytest.mark.parametrize("body", LARGE.values(), ids=LARGE)
def test_a_large_body_ends_early_and_says_where_it_goes_on(body):
    composed = kinds.bulletin(
        replace(PLAIN, body_html=body), AGENCY, [HOSPITAL, BILLING], LINKS, sent_at=SENT_AT, boundary=BOUNDARY
    )
    person = kinds.person("jane@example.com", "ticket", "<1@example.gov>")
    sent = composed.stencil.splice(person, kinds.chosen(["17", "3"], composed.stencil.keys("reason")))
    assert len(composed.html.encode()) <= 80_000
    assert len(sent) <= 102_000
    for part in (composed.html, composed.text):
        assert "The notice goes on at its source:" in " ".join(part.split())
        assert "Stop all messages" in part


def test_signs_of_ours_in_the_words_of_others_are_dropped():
    signs = "\U0010fffaticket\U0010fffb &amp;#x10FFFA; &#x10FFFB;"
    content = replace(PLAIN, title=signs, body_html=f"<p>{signs}</p>", source_name=signs)
    reason = replace(HOSPITAL, words=f"it cites {signs}")
    composed = kinds.bulletin(content, AGENCY, [reason], LINKS, sent_at=SENT_AT, boundary=BOUNDARY)
    assert "\U0010fffa" not in composed.html + composed.text + composed.subject


def test_dates_stand_before_the_notice_in_both_forms_and_lead_to_files_for_calendars():
    found = letter("events")
    text = " ".join(found.text.split())
    assert text.index("Dates in this notice") < text.index("The whole notice") < text.index("PUBLIC HEARING")
    said = "Thursday, September 3, 2026, 11:00 a.m. to 11:45 a.m. Eastern: Rates & billing office hours"
    assert said in text
    calendar = "https://notices.example.gov/bulletins/42/meeting-20260903T1100.ics"
    assert calendar in text
    assert calendar in found.page.xpath("//a/@href")
    assert "Monday, September 21, 2026: Comment deadline" in text
    assert found.message.get_content_type() == "multipart/alternative"
    assert not list(found.message.iter_attachments())
