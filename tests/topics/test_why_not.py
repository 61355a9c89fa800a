"""Why not: the rule that lacked least, and what it lacked, in words."""

import pytest

from dispatcher.formats.sections import Section
from dispatcher.topics.page import Document
from dispatcher.topics.rules import Rule, TopicRules, Where, compile_rules
from dispatcher.topics.why_not import nearest

TITLE = Document("Hospital news", ("Rates under Section 90 stay.", "Prior authorization ends."))


def lack(rule: Rule, document: Document = TITLE) -> tuple[list[str], tuple[str, ...]]:
    """What the only rule of a topic found, and what it was missing."""
    (one,) = nearest(compile_rules([TopicRules("one", rules=(rule,))]), document, "one")
    return [found.words for found in one.found], one.missing


@pytest.mark.parametrize(
    ("rule", "found", "missing"),
    [
        (Rule(all=("hospital", "dental")), ["Hospital"], "it does not say “dental” in the title or in the text"),
        (Rule(any=("a1", "b1", "c1", "d1", "e1", "f1")), [], "it does not say “a1”, “b1”, “c1”, “d1” or 2 more in the title or in the text"),
        (Rule(any=("prior authorization*",), fields=("title",)), [], "“Prior authorization” stands in the text, but the rule looks in the title"),
        (Rule(any=("hospital",), types=("adopted", "proposed")), ["Hospital"], "it is a notice, and the rule wants an adopted rule or a proposed rule"),
        (Rule(any=("hospital",), none=("rates",)), ["Hospital"], "the rule has no use for what says “Rates” in the text"),
        (Rule(any=("hospital",), everything_from="news"), ["Hospital"], "it is not from the source “news”"),
        (Rule(any=("hospital",), sections=(Section("II", "45"),)), ["Hospital"], "it does not cite II-45"),
        (Rule(any=("hospital",), where=(Where("body", any=("dental",)),)), ["Hospital"], "it does not say “dental” in the text"),
    ],
)  # fmt: skip
def test_each_thing_that_a_rule_lacked_is_told(rule: Rule, found: list[str], missing: str) -> None:
    assert lack(rule) == (found, (missing,))


@pytest.mark.parametrize(
    ("section", "text", "missing"),
    [
        (Section("II", "90"), "Section 45: rates", "cited in passing"),
        (Section("III", "90"), "Chapter II, Section 90", "the topic wants III-90: another chapter"),
        (Section("II", "80"), "Section 45", "section II-80 is not cited"),
    ],
)
def test_a_section_is_missing_in_one_of_three_ways(section: Section, text: str, missing: str) -> None:
    document = Document(text, ("Rates under Section 90 stay.",))
    (one,) = nearest(compile_rules([TopicRules("one", (section,))]), document, "one")
    assert missing in one.missing[0]


def test_a_name_within_a_longer_name_is_told_as_that() -> None:
    topics = [
        TopicRules("short", rules=(Rule(any=("hospital services",), fields=("title",), are_names=True),)),
        TopicRules("long", rules=(Rule(any=("psychiatric hospital services",), fields=("title",), are_names=True),)),
    ]  # fmt: skip
    (one,) = nearest(compile_rules(topics), Document("Psychiatric Hospital Services", ()), "short")
    assert one.missing == (
        "“Hospital Services” stands in the title, but only as part of another topic's longer name",
    )


def test_the_few_nearest_are_told_and_no_topic_that_is_reached_or_has_nothing() -> None:
    far = [
        TopicRules(name, rules=(Rule(all=("hospital", *missing)),))
        for name, missing in [("two", ("x1", "x2")), ("one", ("x1",)), ("three", ("x1", "x2", "x3")), ("four", ("x1", "x2", "x3", "x4"))]
    ]  # fmt: skip
    topics = [
        *far,
        TopicRules("reached", rules=(Rule(any=("news",)),)),
        TopicRules("none", rules=(Rule(any=("zebra",)),)),
    ]
    assert [one.slug for one in nearest(compile_rules(topics), TITLE)] == ["one", "two", "three"]


def test_of_a_topic_the_rule_that_lacked_least_is_told() -> None:
    topic = TopicRules(
        "one", rules=(Rule(all=("hospital", "x1", "x2")), Rule(all=("hospital", "news", "x1")))
    )
    (one,) = nearest(compile_rules([topic]), TITLE)
    assert (one.rule, len(one.found), len(one.missing)) == ("rule 2", 2, 1)
