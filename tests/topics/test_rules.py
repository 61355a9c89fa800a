"""Rules: what makes a document a topic's business, and the reasons that readers are given for it."""

import pytest

from dispatcher.formats.sections import Section
from dispatcher.topics.page import Document
from dispatcher.topics.rules import Rule, TopicRules, Where, compile_rules


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


@pytest.mark.parametrize(
    ("rule", "text", "holds"),
    [
        (Rule(any=("pharmacy", "PDL")), "Pharmacy update", True),
        (Rule(any=("pharmacy", "PDL")), "The PDL changes", True),
        (Rule(any=("pharmacy", "PDL")), "Dental update", False),
        (Rule(all=("room and board", "appendix C")), "Room & Board: Appendix C", True),
        (Rule(all=("room and board", "appendix C")), "Room and Board", False),
        (Rule(any=("rate", "COLA"), all=("2026", "adult")), "Adult COLA 2026", True),
        (Rule(any=("rate", "COLA"), all=("2026", "adult")), "Adult news 2026", False),
        (Rule(any=("rate", "COLA"), all=("2026", "adult")), "Adult COLA", False),
        (Rule(any=("pharmacy",), none=("veterinary",)), "Veterinary pharmacy", False),
        (Rule(any=("pharmacy",), none=("veterinary",)), "Pharmacy", True),
        (Rule(all=("hospital", "supplemental")), "Hospital rates", False),
        (Rule(any=("PNMI*",)), "Two PNMIs", True),
    ],
)
def test_any_all_and_none(rule, text, holds):
    assert bool(evidence(rule, title(text))) is holds


def test_terms_of_all_may_stand_in_different_fields_and_blocks():
    document = Document("Hospital news", ("Nothing here.", "Supplemental payments", "are made in May."))
    found = evidence(Rule(all=("hospital", "supplemental", "May")), document)
    assert [(one.field, one.text) for one in found] == [
        ("title", "Hospital news"),
        ("body", "Supplemental payments"),
        ("body", "are made in May."),
    ]


def test_a_phrase_never_reaches_from_one_block_into_the_next():
    rule = Rule(any=("prior authorization",))
    assert not evidence(rule, Document("Prior", ("authorization prior", "authorization")))
    assert evidence(rule, Document("News", ("on prior authorization", "")))


def test_a_title_is_the_better_reason_than_a_body():
    document = Document("VitalCare for Kids", ("EPSDT and VitalCare for Kids",))
    (found,) = evidence(Rule(any=("EPSDT", "VitalCare for Kids"), fields=("body", "title")), document)
    assert (found.field, found.reason) == ("title", "it says “VitalCare for Kids” in the title")


@pytest.mark.parametrize(
    ("field", "where"),
    [
        ("title", "in the title"),
        ("body", "in the text"),
        ("category", "in its category"),
        ("source", "in the name of its source"),
        ("link", "in its link"),
    ],
)
def test_each_field_can_be_looked_at_and_no_other_is(field, where):
    texts = {
        "title": "one",
        "body": "two",
        "category": "three",
        "source": "four",
        "link": "https://x.example/five",
    }
    word = dict(zip(texts, ["one", "two", "three", "four", "five"], strict=True))
    document = Document("one", ("", "two"), categories=("other", "three"), source="four", link=texts["link"])
    for term in word.values():
        rule = Rule(everything_from="four", where=(Where(field, any=(term,)),))
        found = evidence(rule, document)[1:]
        assert [one.field for one in found] == ([field] if term == word[field] else [])
        assert all(one.reason == f"it says “{term}” {where}" for one in found)


def test_a_veto_looks_only_at_the_fields_of_its_rule():
    document = Document("PNMI rates", ("You are not a MaineCare provider.",))
    assert evidence(Rule(any=("PNMI",), none=("not a MaineCare provider",), fields=("title",)), document)
    assert not evidence(Rule(any=("PNMI",), none=("not a MaineCare provider",)), document)


def test_a_veto_stops_its_own_rule_alone():
    topic = TopicRules("pnmi", rules=(Rule(any=("PNMI",), none=("closed",)), Rule(any=("rates",))))
    found = matched([topic], title("Closed PNMI rates"))
    assert [one.rule for one in found["pnmi"]] == ["rule 2"]


def test_every_rule_that_holds_is_evidence():
    topic = TopicRules("drugs", rules=(Rule(any=("340B",)), Rule(any=("NDC",)), Rule(all=("drug", "claims"))))
    found = matched([topic], title("340B drug claims"))["drugs"]
    assert [(one.rule, one.reason) for one in found] == [
        ("rule 1", "it says “340B” in the title"),
        ("rule 3", "it says “drug” in the title"),
        ("rule 3", "it says “claims” in the title"),
    ]


def test_any_gives_one_evidence_however_much_it_finds():
    assert len(evidence(Rule(any=("rate", "rates", "COLA")), title("Rate, rates, COLA, rate"))) == 1


@pytest.mark.parametrize(
    ("type_", "reason"),
    [
        ("adopted", "it is an adopted rule and says “Rule-making” in the title"),
        ("proposed", "it is a proposed rule and says “Rule-making” in the title"),
        ("emergency", "it is an emergency rule and says “Rule-making” in the title"),
        ("methodology", "it is a reimbursement methodology notice and says “Rule-making” in the title"),
        ("waiver", "it is a waiver notice and says “Rule-making” in the title"),
        ("notice", "it is a notice and says “Rule-making” in the title"),
    ],
)
def test_a_rule_may_want_a_type_and_says_so(type_, reason):
    document = title("Rule-making in June", type=type_)
    (found,) = evidence(Rule(any=("rulemaking",), types=(type_, "other")), document)
    assert found.reason == reason
    assert not evidence(Rule(any=("rulemaking",), types=("other",)), document)


def test_everything_from_a_source_needs_no_words():
    (found,) = evidence(Rule(everything_from="youtube"), title("Anything", source="youtube"))
    assert (found.field, found.text) == ("source", "youtube")
    assert found.reason == "it is published by the source “youtube”"
    assert not evidence(Rule(everything_from="youtube"), title("Anything", source="bulletins"))
    assert not evidence(Rule(everything_from="youtube"), title("youtube"))


def test_everything_from_a_source_can_be_narrowed():
    rule = Rule(any=("training",), types=("notice",), everything_from="youtube")
    found = evidence(rule, title("Training video", source="youtube"))
    assert [one.reason for one in found] == [
        "it is a notice and is published by the source “youtube”",
        "it is a notice and says “Training” in the title",
    ]
    assert not evidence(rule, title("Training video", source="bulletins"))
    assert not evidence(rule, title("Forum video", source="youtube"))


def test_evidence_quotes_the_words_as_written_and_a_little_around_them():
    body = f"{'Long introduction. ' * 20}Prior\u00a0\u00a0AUTHORIZATIONS end. {'More follows. ' * 20}"
    (found,) = evidence(Rule(any=("prior authoriz*",)), Document("News", (body,)))
    assert found.reason == "it says “Prior AUTHORIZATIONS” in the text"
    assert "Prior AUTHORIZATIONS end." in found.text
    assert found.text.startswith("…")
    assert found.text.endswith("…")
    assert len(found.text) <= 80


@pytest.mark.parametrize("rule", [Rule(), Rule(none=("x",)), Rule(types=("adopted",)), Rule(mentions=True)])
def test_a_rule_that_would_match_everything_is_refused(rule):
    topics = [TopicRules("fine"), TopicRules("greedy", rules=(Rule(any=("good",)), rule))]
    with pytest.raises(
        ValueError, match="topic greedy, rule 2: it has nothing positive and would match everything"
    ):
        compile_rules(topics)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(any=("pharmacy",), fields=("category",)),
        Rule(all=("a", "b"), fields=("category", "source")),
        Rule(where=(Where("source", any=("bulletins",)),), none=("x",)),
    ],
)
def test_a_source_or_its_labels_are_not_all_of_a_rule(rule):
    with pytest.raises(ValueError, match="topic t, rule 1: a source or its labels may narrow a rule"):
        compile_rules([TopicRules("t", rules=(rule,))])


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (Rule(any=("hospital*",), where=(Where("body", all=("supplemental payment*",)),)), True),
        (Rule(any=("hospital*",), where=(Where("title", all=("supplemental payment*",)),)), False),
        (Rule(where=(Where("title", any=("hospital*",), none=("payment*",)),)), True),
        (Rule(where=(Where("title", any=("hospital*",)), Where("body", none=("payment*",)))), False),
        (Rule(any=("rates",), where=(Where("category", any=("MaineCare",)),)), True),
        (Rule(any=("rates",), where=(Where("category", any=("DHHS",)),)), False),
    ],
)
def test_a_rule_may_ask_something_of_one_field_alone(rule, holds):
    document = Document("Hospital rates", ("Supplemental payments",), categories=("MaineCare",))
    assert bool(evidence(rule, document)) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [("Hospice rates", True), ("Hospice fees", True), ("Hospice news", False), ("Rates and fees", False)],
)
def test_one_of_several_terms_is_enough_for_its_place_in_all(text, holds):
    assert bool(evidence(Rule(all=("hospice", ("rate*", "fee*"))), title(text))) is holds


def test_evidence_tells_where_the_words_stand():
    document = Document("News", ("First.", "All about\u00a0hospice  rates, and Section 80."))
    words = evidence(Rule(any=("hospice rates",)), document)[0]
    section = cites(Section("II", "80"), document)[0]
    for found, written in [(words, "hospice  rates"), (section, "Section 80")]:
        assert (found.field, found.block) == ("body", 1)
        assert document.body[1][found.start : found.end] == written
        assert found.words == " ".join(written.split())


@pytest.mark.parametrize("key", ["any", "all", "none"])
def test_a_term_that_cannot_be_looked_for_is_refused_by_name(key):
    rule = Rule(**({"any": ("fine",)} | {key: ("good", "— !")}))
    with pytest.raises(ValueError, match="topic t, rule 1: “— !” cannot be looked for"):
        compile_rules([TopicRules("t", rules=(rule,))])


def test_topics_are_told_in_the_order_given_and_sections_before_rules():
    topics = [
        TopicRules("zeta", (Section("II", "85"), Section("II", "80")), (Rule(any=("pharmacy",)),)),
        TopicRules("none", (Section("II", "90"),), (Rule(any=("physician",)),)),
        TopicRules("alpha", rules=(Rule(any=("services",)),)),
    ]
    outcome = compile_rules(topics).match(title("Chapter II, Sections 80 and 85, Pharmacy Services"))
    assert [slug for slug, _ in outcome.topics] == ["zeta", "alpha"]
    assert [one.rule for one in outcome.topics[0][1]] == ["section II-85", "section II-80", "rule 1"]
    assert [(one.chapter, one.number) for one in outcome.sections] == [("II", "80"), ("II", "85")]


def test_a_matcher_can_be_used_again():
    matcher = compile_rules([TopicRules("drugs", (Section("II", "80"),), (Rule(any=("340B",)),))])
    document = Document("340B: Section 80", ("340B drugs",))
    first = matcher.match(document)
    assert not matcher.match(title("Dental news")).topics
    assert matcher.match(document) == first


def test_old_and_new_names_match_the_same_topic():
    rule = Rule(any=("EPSDT", "VitalCare for Kids", "early and periodic screening"))
    for name in [
        "EPSDT Services",
        "VitalCare for Kids",
        "Early & Periodic Screening, Diagnosis and Treatment",
    ]:
        assert evidence(rule, title(name))


def test_one_word_in_passing_is_no_name():
    rule = Rule(any=("hospital services",), fields=("title",))
    document = Document("Telehealth", ("Benefits are dental, hospital, vision.", "Hospital Services"))
    assert not evidence(rule, document)
