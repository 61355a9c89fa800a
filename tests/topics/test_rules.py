"""Rules: what makes a document a topic's business, and the reasons that readers are given for it."""

import pytest

from dispatcher.formats.sections import Section
from dispatcher.topics.rules import Document, Rule, TopicRules, compile_rules


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
        found = evidence(Rule(any=(term,), fields=(field,)), document)
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
    with pytest.raises(ValueError, match="topic greedy, rule 2: it would match everything"):
        compile_rules(topics)


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
