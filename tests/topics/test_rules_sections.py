"""Rules: which citations make a document a topic's business, and how a reason names them."""

import pytest

from dispatcher.formats.sections import Section
from dispatcher.topics.page import Document
from dispatcher.topics.rules import Rule, TopicRules, compile_rules


def matched(topics, document):
    """Slug → evidence, in the order told."""
    return dict(compile_rules(topics).match(document).topics)


def evidence(rule, document):
    """What one rule finds."""
    return matched([TopicRules("topic", rules=(rule,))], document).get("topic", ())


def cites(section, document, *rules):
    """What one declared section finds."""
    return matched([TopicRules("topic", sections=(section,), rules=rules)], document).get("topic", ())


def title(text, **more):
    return Document(text, (), **more)


SECTION_80 = Section("II", "80")


@pytest.mark.parametrize(
    ("rule", "document", "rules"),
    [
        (Rule(sections=(SECTION_80,), types=("emergency",)), title("Section 80", type="emergency"), 1),
        (Rule(sections=(SECTION_80,), types=("emergency",)), title("Section 80", type="adopted"), 0),
        (Rule(sections=(SECTION_80,)), title("Chapter III, Section 80"), 0),
        (Rule(sections=(SECTION_80, Section("III", "80"))), title("Chapter III, Section 80"), 1),
        (Rule(sections=(SECTION_80,), any=("rate*",)), title("Section 80 rates"), 2),
        (Rule(sections=(SECTION_80,), any=("rate*",)), title("Section 80 forms"), 0),
        (Rule(sections=(SECTION_80,)), Document("Section 90", ("As Section 80 has it.",)), 0),
        (Rule(sections=(SECTION_80,), mentions=True), Document("Section 90", ("As Section 80 has it.",)), 1),
    ],
)
def test_a_rule_may_ask_for_a_section(rule, document, rules):
    assert len(evidence(rule, document)) == rules


def test_a_rule_that_counts_its_own_mentions_leaves_the_topic_s_sections_alone():
    document = Document("Section 90", ("As Section 80 has it.",))
    assert not cites(SECTION_80, document, Rule(sections=(Section("II", "45"),), mentions=True))


@pytest.mark.parametrize(
    ("section", "text", "name"),
    [
        (Section("II", "80"), "Section 80 changes", "section II-80"),
        (Section(None, "80"), "Section 80 changes", "section 80"),
        (Section("II", "97", "C"), "Section 97, Appendix C changes", "section II-97 appendix C"),
        (Section(None, "97", "C"), "Section 97, Appendix C changes", "section 97 appendix C"),
    ],
)
def test_a_cited_section_is_evidence_by_its_name(section, text, name):
    (found,) = cites(section, title(text))
    assert (found.rule, found.field, found.text) == (name, "title", text)


def test_a_reason_names_the_section_as_it_was_cited():
    (found,) = cites(Section("II", "80"), title("Adopted Rule: Section 80, Pharmacy Services"))
    assert found.reason == "it cites “Section 80” in the title"
    (found,) = cites(Section("II", "80"), Document("Pharmacy news", ("", "This concerns Section 80 drugs.")))
    assert (found.field, found.text) == ("body", "This concerns Section 80 drugs.")
    assert found.reason == "it cites “Section 80” in the text"


def test_a_reason_says_that_a_bare_number_is_a_section():
    (found,) = cites(Section("II", "97"), title("Rates of 97C homes"))
    assert found.reason == "it cites section “97C” in the title"


def test_a_reason_shows_the_cited_number_however_long_the_list():
    text = "Sections 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 25, 26, 28, 29, 30, 31, 40, 43, 45, 46, 50, 55 and 60"
    (found,) = cites(Section("II", "55"), title(f"Rates of {text}"))
    assert "55”" in found.reason
    assert " 55" in found.text
    assert len(found.text) <= 80


def test_a_reason_is_one_line():
    (found,) = cites(Section("II", "90"), title("Ch. II,\u00a0Sec.\n90"))
    assert found.reason == "it cites “Ch. II, Sec. 90” in the title"


@pytest.mark.parametrize(
    "text",
    ["Section 1115 demonstrations", "a 90-day supply", "Section 1947 of the Social Security Act", "$90.00"],
)
def test_what_only_looks_like_a_section_concerns_nobody(text):
    assert not cites(Section("II", "90"), title(text))


def test_a_section_named_in_passing_concerns_nobody_beside_a_subject():
    document = Document(
        "Adopted Rule: Chapter II, Section 94",
        ("The rates under Section 90 will not receive this COLA.",),
    )
    assert cites(Section("II", "94"), document)
    assert not cites(Section("II", "90"), document)
    assert ("90", "mention") in {
        (one.number, one.place) for one in compile_rules([]).match(document).sections
    }


def test_mentions_count_where_nothing_is_the_subject():
    document = Document("Rates for 2026", ("The rates under Section 90 will receive this COLA.",))
    (found,) = cites(Section("II", "90"), document)
    assert found.field == "body"


def test_a_topic_may_ask_for_mentions():
    document = Document("Adopted Rule: Chapter II, Section 94", ("Rates under Section 90 stay.",))
    asks = Rule(any=("physician fee",), mentions=True)
    assert [one.rule for one in cites(Section("II", "90"), document, asks)] == ["section II-90"]
    assert not cites(Section("II", "90"), document, Rule(any=("physician fee",)))


def test_a_subject_is_a_better_reason_than_a_mention_before_it():
    document = Document(
        "Notice of Agency Rule-making Adoption",
        ("Section 80 is mentioned.", "CHAPTER NUMBER AND TITLE: Chapter II, Section 80, Pharmacy Services"),
    )
    for rules in [(), (Rule(any=("zebra",), mentions=True),)]:
        (found,) = cites(Section("II", "80"), document, *rules)
        assert found.text.startswith("CHAPTER NUMBER AND TITLE")
