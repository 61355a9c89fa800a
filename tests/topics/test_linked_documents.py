"""What linked documents say counts for a notice, after what it says itself; and the reason names the place."""

from dispatcher.formats.sections import Section
from dispatcher.topics.page import Document
from dispatcher.topics.reasons import Evidence
from dispatcher.topics.rules import Rule, TopicRules, compile_rules

LINKED = ("Chapter II, Section 45, Hospice Services. New codes for dental offices.",)


def evidence(rule: Rule, document: Document) -> tuple[Evidence, ...]:
    return found(TopicRules("topic", rules=(rule,)), document)


def cites(section: Section, document: Document) -> tuple[Evidence, ...]:
    return found(TopicRules("topic", sections=(section,)), document)


def found(topic: TopicRules, document: Document) -> tuple[Evidence, ...]:
    return dict(compile_rules([topic]).match(document).topics).get("topic", ())


def test_what_a_linked_document_says_counts_as_text_and_the_reason_names_the_place() -> None:
    (one,) = evidence(Rule(any=("dental",)), Document("News", ("See below.",), linked=LINKED))
    assert (one.field, one.reason) == ("document", "it says “dental” in a linked document")
    assert evidence(Rule(any=("dental",), fields=("title",)), Document("News", (), linked=LINKED)) == ()


def test_the_notice_itself_is_the_better_reason_and_no_document_forbids_what_it_says() -> None:
    document = Document("News", ("For dental offices.",), linked=LINKED)
    (one,) = evidence(Rule(any=("dental",), none=("hospice",)), document)
    assert one.field == "body"
    assert evidence(Rule(any=("codes",), none=("hospice",)), document) == ()


def test_terms_of_all_may_stand_in_the_notice_and_in_its_document() -> None:
    several = evidence(Rule(all=("urgent", "dental")), Document("Urgent", (), linked=LINKED))
    assert [one.field for one in several] == ["title", "document"]


def test_sections_of_a_linked_document_count_where_the_notice_is_about_none() -> None:
    section = Section("II", "45")
    (one,) = cites(section, Document("News", ("See below.",), linked=LINKED))
    assert (one.field, one.text) == ("document", LINKED[0])
    assert "in a linked document" in one.reason
    assert cites(section, Document("Section 97, Homes", ("See below.",), linked=LINKED)) == ()
