"""Rules as topics.yaml writes them: what each form becomes, what a wrong one is told, and that names give way to longer ones."""

import json
from datetime import date

import pytest

from dispatcher.errors import Mistakes
from dispatcher.formats.sections import Section
from dispatcher.topics import catalog
from dispatcher.topics.entries import Preset, TopicEntry, rules_from_json
from dispatcher.topics.page import Document
from dispatcher.topics.rules import Rule, Where, compile_rules
from dispatcher.topics.written import Name

HEAD = """\
agency: {name: Office of Examples}
lists:
  money: [rate*, fee schedule*]
  papers:
    - letter
"""


def parsed(rule: str, more: str = "") -> TopicEntry:
    text = f"{HEAD}topics:\n  - slug: one\n    name: One\n    rules:\n      - {rule}\n{more}"
    return catalog.parse(text, "topics.yaml").topics[0]


def mistake(rule: str, more: str = "") -> tuple[str, str, str]:
    with pytest.raises(Mistakes) as caught:
        parsed(rule, more)
    (one,) = caught.value.found
    return one.place, one.problem, one.remedy


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("any: [{list: money}, hospice]", Rule(any=("rate*", "fee schedule*", "hospice"))),
        ("all: [{list: money}, hospice]", Rule(all=(("rate*", "fee schedule*"), "hospice"))),
        ("all: [{one_of: [hospice, home]}, {list: papers}]", Rule(all=(("hospice", "home"), ("letter",)))),
        ("{any: [hospice], none: [{list: money}]}", Rule(any=("hospice",), none=("rate*", "fee schedule*"))),
        ("{sections: [II-80, 45], type: [emergency]}", Rule(sections=(Section("II", "80"), Section(None, "45")), types=("emergency",))),
        ("{sections: [80], mentions: true}", Rule(sections=(Section(None, "80"),), mentions=True)),
        ("title: {any: [hospice], none: [home]}", Rule(where=(Where("title", any=("hospice",), none=("home",)),))),
        (
            "{body: {all: [{list: money}]}, title: {any: [hospice]}}",
            Rule(where=(Where("title", any=("hospice",)), Where("body", all=(("rate*", "fee schedule*"),)))),
        ),
        ("{any: [rates], category: {any: [MaineCare]}}", Rule(any=("rates",), where=(Where("category", any=("MaineCare",)),))),
        ("{any: [rates], in: [title, link]}", Rule(any=("rates",), fields=("title", "link"))),
    ],
)  # fmt: skip
def test_each_form_of_a_rule_becomes_what_it_says_and_survives_the_rows(written: str, rule: Rule) -> None:
    topic = parsed(written)
    assert topic.rules == (rule,)
    kept = json.loads(json.dumps(topic.rules_as_json()))
    assert rules_from_json("one", [], kept).rules == (rule,)


@pytest.mark.parametrize(
    ("written", "place", "problem", "remedy"),
    [
        ("any: [{list: monny}]", ":10 topics[0].rules[0].any[0].list", "there is no list 'monny'", "money, papers"),
        ("any: [{list: Money!}]", ":10 topics[0].rules[0].any[0].list", "'Money!'", "lower-case"),
        ("any: [{words: [a]}]", ":10 topics[0].rules[0].any[0].words", "not a known key", "list, one_of"),
        ("any: [{list: money, one_of: [a]}]", ":10 topics[0].rules[0].any[0]", "is no term", "one_of"),
        ("any: [{one_of: []}]", ":10 topics[0].rules[0].any[0].one_of", "empty list", "at least one"),
        ("all: [[a, b]]", ":10 topics[0].rules[0].all[0]", "is a list", "one_of"),
        ("title: {}", ":10 topics[0].rules[0].title", "asks nothing", "any, all or none"),
        ("title: {in: [body]}", ":10 topics[0].rules[0].title.in", "not a known key", "any, all, none"),
        ("body: {none: [a]}", ":10 topics[0].rules[0]", "match everything", "sections"),
        ("source: {any: [news]}", ":10 topics[0].rules[0]", "may narrow a rule", "everything_from"),
        ("{any: [a], in: [category]}", ":10 topics[0].rules[0]", "may narrow a rule", "everything_from"),
        ("{any: [a], sections: [999]}", ":10 topics[0].rules[0].sections[0]", "'999'", "no Section 999"),
        ("{any: [a], type: [adoption]}", ":10 topics[0].rules[0].type[0]", "'adoption'", "adopted"),
        ("{any: [a], in: [subject]}", ":10 topics[0].rules[0].in[0]", "'subject'", "title, body, document, category, source, link"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_told_its_line_its_key_its_value_and_the_remedy(
    written: str, place: str, problem: str, remedy: str
) -> None:
    found = mistake(written)
    assert found[0] == f"topics.yaml{place}"
    assert problem in found[1] or problem in found[2]
    assert remedy in found[2]


@pytest.mark.parametrize(
    ("lists", "place", "problem"),
    [
        ("lists: {Money: [a]}", "lists.Money", "'Money' will not do"),
        ("lists: {money: []}", "lists.money", "empty list"),
        ("lists: {money: a}", "lists.money", "not a list"),
        ("lists: {money: ['*']}", "lists.money[0]", "'*' will not do"),
        ("lists: [money]", "lists", "not a block of keys"),
        ("lists:\n  money: [a]\n  money: [b]", "lists.money", "twice (first in line 3)"),
    ],
)
def test_a_wrong_list_is_told_where(lists: str, place: str, problem: str) -> None:
    text = f"agency: {{name: Office}}\n{lists}\ntopics: [{{slug: one, name: One}}]\n"
    with pytest.raises(Mistakes) as caught:
        catalog.parse(text, "topics.yaml")
    (one,) = caught.value.found
    assert one.place.partition(" ")[2] == place
    assert problem in one.problem


NAMES = """\
topics:
  - slug: hospital
    name: Hospital
    aliases: [Hospital Services]
  - slug: psychiatric
    name: Psychiatric hospital
    aliases:
      - {name: Psychiatric Hospital Services, since: 2020-01-01}
      - {name: Psychiatric Facility Services, until: 2019-12-31}
"""


def called(title: str, body: str = "") -> dict[str, str]:
    topics = catalog.parse(f"agency: {{name: Office}}\n{NAMES}", "topics.yaml").topics
    outcome = compile_rules([one.to_rules() for one in topics]).match(Document(title, (body,)))
    return {slug: evidence[0].words for slug, evidence in outcome.topics}


def test_aliases_have_dates_and_are_kept() -> None:
    topic = catalog.parse(f"agency: {{name: Office}}\n{NAMES}", "topics.yaml").topics[1]
    assert topic.aliases == (
        Name("Psychiatric Hospital Services", since=date(2020, 1, 1)),
        Name("Psychiatric Facility Services", until=date(2019, 12, 31)),
    )
    assert topic.aliases_as_json()[1] == {
        "name": "Psychiatric Facility Services", "since": None, "until": "2019-12-31",
    }  # fmt: skip
    kept = json.loads(json.dumps(topic.rules_as_json()))
    assert rules_from_json("psychiatric", [], kept) == topic.to_rules()


@pytest.mark.parametrize(
    ("title", "slugs"),
    [
        ("Hospital Services: new forms", {"hospital"}),
        ("Psychiatric Hospital Services: new forms", {"psychiatric"}),
        ("Psychiatric facility services, as they were called", {"psychiatric"}),
        ("Psychiatric Hospital Services and Hospital Services", {"hospital", "psychiatric"}),
        ("Hospital news", set()),
    ],
)
def test_a_title_that_says_a_name_old_or_new_is_about_the_topic_with_the_longest(
    title: str, slugs: set[str]
) -> None:
    assert called(title).keys() == slugs


def test_a_name_in_the_text_is_no_name() -> None:
    assert not called("News", "Hospital Services")


PRESETS = "presets:\n  - {slug: clinic, name: Clinic, topics: [hospital, psychiatric]}\n"


def test_a_preset_is_a_set_of_topics_for_a_kind_of_provider() -> None:
    text = f"agency: {{name: Office}}\n{NAMES}{PRESETS}"
    assert catalog.parse(text, "t").presets == (Preset("clinic", "Clinic", ("hospital", "psychiatric")),)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("psychiatric]", "psychiatry]", "no topic 'psychiatry' in use"),
        ("[hospital, psychiatric]", "[]", "empty list"),
        ("slug: clinic, ", "", "is missing"),
        ("slug: hospital\n", "slug: hospital\n    retired: 2026-01-01\n", "no topic 'hospital' in use"),
    ],
)
def test_a_wrong_preset_is_told(old: str, new: str, problem: str) -> None:
    text = f"agency: {{name: Office}}\n{NAMES}{PRESETS}".replace(old, new, 1)
    with pytest.raises(Mistakes) as caught:
        catalog.parse(text, "topics.yaml")
    assert problem in caught.value.found[0].problem
