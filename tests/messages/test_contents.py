"""A copy of a message about several bulletins: all that its person is to be told, no more, and no larger than is shown."""

from dataclasses import replace

import pytest
from letters import JANE, JOE, composed, copy, letter, read
from office import AGENCY
from samples import PLAIN
from several import CROWD, FIRST, NOTICES, OTHERS, SECOND, WHOLE, entry, sending

from dispatcher.messages import several
from dispatcher.messages.contents import MOST_TEXTS, Contents


def parts(*entries):
    return several.parts(WHOLE, entries, OTHERS, sending(AGENCY))


def titles(found):
    """What is told with its own heading, in order."""
    own = {" ".join(one.content.title.split()) for one in (*NOTICES, *CROWD)}
    return [words for one in found.page.iter("h2") if (words := " ".join(one.text_content().split())) in own]


def test_what_concerns_the_reader_stands_in_full_and_the_rest_by_title():
    found = read(copy(composed("parts"), JANE, ("43",)))
    assert titles(found) == ["Office hours about claims"]
    assert "outpatient rate for claims is $104.20" not in found.html
    beneath = found.page.xpath("//h2[.='Also in this message']/following-sibling::p/a/text()")
    assert beneath[:3] == [NOTICES[0].content.title, "Rates of clinics", "Survey of providers"]


def test_a_message_of_which_all_concerns_the_reader_has_no_rest():
    found = read(copy(several.parts(WHOLE, NOTICES, [], sending(AGENCY)), JANE, ("42", "43", "44")))
    assert titles(found) == [one.content.title for one in NOTICES]
    assert "Also in this message" not in found.text + found.html


@pytest.mark.parametrize(("person", "names"), [(JANE, [FIRST, SECOND]), (JOE, [FIRST])])
def test_each_notice_says_why_its_reader_gets_it_and_each_topic_can_be_stopped(person, names):
    found = read(copy(composed("parts"), person, ("42",)))
    text = " ".join(found.text.split())
    for one in (FIRST, SECOND):
        stop = f"https://notices.example.gov/u/{person.ticket}-t{one.topic_id}"
        assert (f"Why you got it: {one.topic_name}: {one.words}." in text) == (one in names)
        assert (stop in found.text.split()) == (one in names)
        assert (stop in found.page.xpath("//a/@href")) == (one in names)
    assert found.message["List-Id"].endswith("<claims-billing.lists.example.gov>")


def test_a_topic_that_is_no_reason_of_a_notice_is_not_named_beside_it():
    found = read(copy(composed("parts"), JANE, ("43", "44")))
    why = [one.getparent().text_content() for one in found.page.xpath("//strong[.='Why you got it:']")]
    assert [("Claims" in one, "Hospital" in one) for one in why] == [(True, False), (False, True)]


def test_texts_end_where_the_room_does_and_every_notice_is_still_told():
    found = letter("crowded-parts", JANE)
    assert len(titles(found)) == 19
    assert found.text.count("it is behind the\nlink") + found.text.count("is behind the link") > 0
    assert len(found.raw) <= 100_000


def test_no_more_than_twenty_texts():
    short = [
        replace(one, content=replace(PLAIN, title=str(at), body_html="<p>Short.</p>"))
        for at, one in enumerate(CROWD)
    ]
    contents = Contents.of(parts(*short[:30]).stencil)
    news = contents.choose(contents.bulletins, ("3",))["news"]
    texts = [one for one in news if one.startswith("f")]
    assert texts == [f"f{number}" for number in range(1, MOST_TEXTS + 1)]
    assert [one for one in news if one.startswith("b")] == [f"b{number}" for number in range(21, 31)]


def test_the_same_people_share_a_layout_and_others_do_not():
    message = composed("parts")
    assert copy(message, JANE, ("42",)) == copy(message, JANE, ("42",))
    assert copy(message, JANE, ("42",)) != copy(message, JANE, ("43",))


def test_a_correction_among_them_says_so_and_what_changed():
    changed = entry(7, replace(PLAIN, corrects=True), FIRST)
    found = read(copy(parts(changed, *NOTICES[1:]), JOE, ("7",)))
    assert "Corrected: this replaces an earlier notice." in found.text
