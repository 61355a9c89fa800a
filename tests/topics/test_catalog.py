"""topics.yaml: every way to get it wrong is told by line and key, all at once; and what a good one becomes."""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.config import bundled
from dispatcher.errors import Mistakes
from dispatcher.formats.contact import Contact
from dispatcher.formats.sections import Section
from dispatcher.models import Cadence
from dispatcher.models.bulletin import Type
from dispatcher.topics import catalog
from dispatcher.topics.catalog import CatalogFile, StaticSubscriber
from dispatcher.topics.lint import lint
from dispatcher.topics.reasons import TYPES
from dispatcher.topics.rules import Rule, TopicRules

GOOD = """\
agency:
  name: Office of Examples
  time_zone: America/New_York
sources:
  - slug: news
    name: News
    kind: feed
    url: https://news.example/feed.rss
  - slug: listing
    name: Listing
    kind: page
    url: https://news.example/list
    select: {record: li}
    patterns: {title: '(.+) - '}
topics:
  - slug: first
    name: First
    sections: [II-80]
    rules:
      - any: [some words]
        in: [title]
  - slug: second
    name: Second
    rules:
      - all: [one, two]
    subscribers: [desk@example.org]
"""


def broken(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, f"{old!r} must stand in GOOD once"
    return GOOD.replace(old, new)


def found_in(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(Mistakes) as caught:
        catalog.parse(text, "topics.yaml")
    return [(one.place, one.problem, one.remedy) for one in caught.value.found]


def good(text: str) -> CatalogFile:
    return catalog.parse(text, "topics.yaml")


def test_a_good_file_has_no_mistakes() -> None:
    assert [topic.slug for topic in good(GOOD).topics] == ["first", "second"]


MISTAKES = [
    # the outline
    ("  name: Office of Examples\n", "  website: https://a.example\n", "topics.yaml:1 agency.name", "missing", "name"),
    ("    name: Second\n", "    priority: 11\n    name: Second\n", "topics.yaml:23 topics[1].priority", "not a known key", "Allowed here"),
    ("    name: Second\n", "    name: Second\n    name: Zweite\n", "topics.yaml:24 topics[1].name", "twice (first in line 23)", "keep one"),
    ("    name: Second\n", "    name:\n", "topics.yaml:23 topics[1].name", "is empty", "a text"),
    ("    name: Second\n", '    name: " "\n', "topics.yaml:23 topics[1].name", "is empty", "a text"),
    ("    name: Second\n", "    name: no\n", "topics.yaml:23 topics[1].name", "is yes or no, not text", "quotes"),
    ("    name: Second\n", "    name: [Second]\n", "topics.yaml:23 topics[1].name", "is a list", "one value"),
    ("    name: Second\n", '    name: "Sec\\u0007ond"\n', "topics.yaml:23 topics[1].name", "will not do", "invisible"),
    ("    name: Second\n", '    name: "Sec\\u202eond"\n', "topics.yaml:23 topics[1].name", "will not do", "invisible"),
    ("    name: Second\n", f"    name: {'x' * 201}\n", "topics.yaml:23 topics[1].name", "will not do", "200"),
    # the agency
    ("America/New_York", "America/New_Yrok", "topics.yaml:3 agency.time_zone", "New_Yrok", "America/New_York"),
    ("America/New_York", "../../etc/passwd", "topics.yaml:3 agency.time_zone", "will not do", "zone name"),
    ("  time_zone: America/New_York\n", "  from: nobody\n", "topics.yaml:3 agency.from", "will not do", "name@example.com"),
    ("  time_zone: America/New_York\n", "  reply_to: a@b@c.example\n", "topics.yaml:3 agency.reply_to", "will not do", "name@example.gov"),
    ("  time_zone: America/New_York\n", "  contact: {telephone: none}\n", "topics.yaml:3 agency.contact.telephone", "'none'", "telephone"),
    ("  time_zone: America/New_York\n", "  contact: {e-mail: a@b.example}\n", "topics.yaml:3 agency.contact.e-mail", "not a known key", "did you mean email?"),
    ("  time_zone: America/New_York\n", "  address: {unconfirmed: }\n", "topics.yaml:3 agency.address.unconfirmed", "is empty", "a text"),
    # sources
    ("slug: listing", "slug: news", "topics.yaml:9 sources[1].slug", "'news' is taken by line 5", "another slug"),
    ("slug: listing", "slug: The List", "topics.yaml:9 sources[1].slug", "'The List'", "lower-case"),
    ("kind: feed", "kind: rss", "topics.yaml:7 sources[0].kind", "'rss'", "feed, page, youtube"),
    ("https://news.example/feed.rss", "ftp://news.example/feed.rss", "topics.yaml:8 sources[0].url", "ftp", "https://"),
    ("https://news.example/feed.rss", "https:///feed.rss", "topics.yaml:8 sources[0].url", "feed.rss", "https://"),
    ("https://news.example/feed.rss", "http://[::1/feed", "topics.yaml:8 sources[0].url", "will not do", "https://"),
    ("https://news.example/feed.rss", "https://news.example:99999/", "topics.yaml:8 sources[0].url", "99999", "https://"),
    ("https://news.example/feed.rss", "https://news.example:8443/", "topics.yaml:8 sources[0].url", "8443", "allow_private"),
    ("https://news.example/feed.rss", "https://me:secret@news.example/", "topics.yaml:8 sources[0].url", "will not do", "without a name or password"),
    ("    kind: feed\n", "    kind: feed\n    enabled: false\n", "topics.yaml:8 sources[0].enabled", "without a reason", "reason:"),
    ("    kind: feed\n", "    kind: feed\n    enabled: 1\n", "topics.yaml:8 sources[0].enabled", "neither true nor false", "true or false"),
    ("    kind: feed\n", "    kind: feed\n    every_minutes: 5\n", "topics.yaml:8 sources[0].every_minutes", "'5'", "from 10"),
    ("    kind: feed\n", "    kind: feed\n    late_after_days: -1\n", "topics.yaml:8 sources[0].late_after_days", "'-1'", "from 0"),
    ("    kind: feed\n", '    kind: feed\n    user_agent: "a\\r\\nX: b"\n', "topics.yaml:8 sources[0].user_agent", "will not do", "ASCII"),
    ("    kind: feed\n", "    kind: feed\n    dated_only: true\n", "topics.yaml:8 sources[0].dated_only", "kind feed", "kind: page"),
    ("    select: {record: li}\n", "    select: {title: h3}\n", "topics.yaml:13 sources[1].select", "keeps its records", "record"),
    ("    select: {record: li}\n", "", "topics.yaml:9 sources[1]", "keeps its records", "record"),
    ("{record: li}", "{record: 'li['}", "topics.yaml:13 sources[1].select.record", "'li['", "CSS selector"),
    ("{record: li}", "{record: 'li:nonsense'}", "topics.yaml:13 sources[1].select.record", "nonsense", "CSS selector"),
    ("{record: li}", "{record: \"li:contains('2026')\"}", "topics.yaml:13 sources[1].select.record", "contains", "not supported"),
    ("'(.+) - '", "'(.+ - '", "topics.yaml:14 sources[1].patterns.title", "will not do", "regular expression"),
    ("'(.+) - '", "'.+ - '", "topics.yaml:14 sources[1].patterns.title", "'.+ - '", "one (group)"),
    # topics
    ("slug: second", "slug: first", "topics.yaml:22 topics[1].slug", "'first' is taken by line 16", "another slug"),
    ("slug: second", "slug: all", "topics.yaml:22 topics[1].slug", "'all'", "feed of everything"),
    ("    name: Second\n", "    retired: last year\n    name: Second\n", "topics.yaml:23 topics[1].retired", "'last year'", "2026-08-21"),
    ("    name: Second\n", "    replaced_by: third\n    name: Second\n", "topics.yaml:23 topics[1].replaced_by", "no topic 'third'", "first, second"),
    ("    name: Second\n", "    replaced_by: second\n    name: Second\n", "topics.yaml:23 topics[1].replaced_by", "leads back", "in use"),
    ("[II-80]", "[II-80, Pharmacy]", "topics.yaml:18 topics[0].sections[1]", "'Pharmacy'", "II-97"),
    ("[II-80]", "[II-80, 999]", "topics.yaml:18 topics[0].sections[1]", "'999'", "no Section 999"),
    ("[II-80]", "II-80", "topics.yaml:18 topics[0].sections", "is a single value, not a list", "dash"),
    ("[desk@example.org]", "[desk at example.org]", "topics.yaml:26 topics[1].subscribers[0]", "will not do", "name@example.com"),
    ("[desk@example.org]", "[desk@example.org, DESK@Example.org]", "topics.yaml:26 topics[1].subscribers[1]", "taken by line 26", "leave one"),
    ("[desk@example.org]", "[{address: desk@example.org, cadence: hourly}]", "topics.yaml:26 topics[1].subscribers[0].cadence", "'hourly'", "daily"),
    ("[desk@example.org]", "[{cadence: daily}]", "topics.yaml:26 topics[1].subscribers[0].address", "missing", "address"),
    # rules
    ("all: [one, two]", "none: [one, two]", "topics.yaml:25 topics[1].rules[0]", "match everything", "everything_from"),
    ("all: [one, two]", "type: [adopted]", "topics.yaml:25 topics[1].rules[0]", "match everything", "any or all"),
    ("- all: [one, two]", "- {}", "topics.yaml:25 topics[1].rules[0]", "match everything", "any or all"),
    ("all: [one, two]", "all: []", "topics.yaml:25 topics[1].rules[0].all", "empty list", "at least one"),
    ("all: [one, two]", "all: one", "topics.yaml:25 topics[1].rules[0].all", "not a list", "dash"),
    ("all: [one, two]", "all: [one, '*']", "topics.yaml:25 topics[1].rules[0].all[1]", "'*'", "a word"),
    ("all: [one, two]", "all: [one, '…']", "topics.yaml:25 topics[1].rules[0].all[1]", "will not do", "a word"),
    ("all: [one, two]", "any: [{one: two}]", "topics.yaml:25 topics[1].rules[0].any[0].one", "not a known key", "list, one_of"),
    ("all: [one, two]", "everything_from: nws", "topics.yaml:25 topics[1].rules[0].everything_from", "no source 'nws'", "news, listing"),
    ("        in: [title]\n", "        in: [headline]\n", "topics.yaml:21 topics[0].rules[0].in[0]", "'headline'", "title, body, document, category"),
    ("        in: [title]\n", "        type: [final]\n", "topics.yaml:21 topics[0].rules[0].type[0]", "'final'", "adopted"),
    ("        in: [title]\n", "        mentions: often\n", "topics.yaml:21 topics[0].rules[0].mentions", "neither true nor false", "true or false"),
    # what YAML could do and may not
    ("    name: Second\n", "    name: &anchor Second\n", "topics.yaml:23", "anchor", "quotes"),
    ("    name: Second\n", "    name: !!python/object/apply:os.system [ls]\n", "topics.yaml:23", "tag", "quotes"),
    ("    name: Second\n", "    name: " + "[" * 100 + "\n", "topics.yaml:23", "nested too deeply", "brackets"),
    ("    name: Second\n", "    name: 'Second\n", "topics.yaml:27", "not YAML", "quotes"),
    ("    name: Second\n", "    name: Sec\x07ond\n", "topics.yaml:23", "U+0007", "quotes"),
    ("    name: Second\n", "   name: Second\n", "topics.yaml:23", "not YAML", "indentation"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "problem", "remedy"), MISTAKES)
def test_each_mistake_is_told_with_its_line_its_key_and_the_remedy(old, new, place, problem, remedy) -> None:
    (told,) = found_in(broken(old, new))
    assert told[0] == place
    assert problem in told[1]
    assert remedy in told[2]


@pytest.mark.parametrize(
    ("old", "new", "unknown", "meant", "missing"),
    [
        ("agency:\n", "agenda:\n", "topics.yaml:1 agenda", "agency", "topics.yaml:1 agency"),
        (
            "slug: second",
            "slog: second",
            "topics.yaml:22 topics[1].slog",
            "slug",
            "topics.yaml:22 topics[1].slug",
        ),
        (
            "time_zone: America/New_York",
            "address: {unconfirmd: street}",
            "topics.yaml:3 agency.address.unconfirmd",
            "unconfirmed",
            "topics.yaml:3 agency.address.unconfirmed",
        ),
    ],
)
def test_a_misspelt_key_is_both_unknown_and_missing(old, new, unknown, meant, missing) -> None:
    one, other = found_in(broken(old, new))
    assert (one[0], one[1]) == (unknown, "is not a known key")
    assert f"did you mean {meant}?" in one[2]
    assert (other[0], other[1]) == (missing, "is missing")


def test_all_mistakes_are_told_at_once() -> None:
    text = (
        broken("America/New_York", "Nowhere")
        .replace("kind: feed", "kind: rss")
        .replace("[II-80]", "[Ch. 104]")
    )
    text = text.replace("in: [title]", "in: [nowhere]").replace("desk@example.org", "desk")
    places = [place for place, _, _ in found_in(text)]
    assert places == [
        "topics.yaml:3 agency.time_zone",
        "topics.yaml:7 sources[0].kind",
        "topics.yaml:18 topics[0].sections[0]",
        "topics.yaml:21 topics[0].rules[0].in[0]",
        "topics.yaml:26 topics[1].subscribers[0]",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("just words", "not a block of keys"),
        ("agency: {name: A}\n---\ntopics: []\n", "not YAML"),
        ("#" * 1_048_577, "larger than 1 MiB"),
        ("a: &a [x]\nb: [*a, *a]\n", "anchor"),
    ],
)
def test_what_is_no_topic_list_at_all_is_refused(text, problem) -> None:
    assert problem in found_in(text)[0][1]


def test_successors_may_not_go_round_in_circles() -> None:
    text = broken("    name: First\n", "    name: First\n    replaced_by: second\n")
    text = text.replace("    name: Second\n", "    name: Second\n    replaced_by: first\n")
    assert [problem for _, problem, _ in found_in(text)] == [
        "leads back to itself: first → second → first",
        "leads back to itself: second → first → second",
    ]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_text_whatever_does_anything_but_parse_or_be_refused_as_mistakes(text) -> None:
    for attempt in (text, GOOD + text, GOOD.replace("Second", text)):
        try:
            catalog.parse(attempt, "topics.yaml")
        except Mistakes as refused:
            assert all(one.place.startswith("topics.yaml") for one in refused.found)  # noqa: PT017 -- either outcome is right


def test_what_is_not_confirmed_is_empty_and_named() -> None:
    text = broken(
        "  time_zone: America/New_York\n",
        "  address: {unconfirmed: the street}\n"
        "  contact: {email: desk@Example.org, telephone: {unconfirmed: the number}}\n"
        "  from: Office <notices@example.org>\n",
    )
    agency = good(text).agency
    assert (agency.address, agency.contact) == ("", Contact(email="desk@example.org"))
    assert (agency.from_, agency.time_zone) == ("Office <notices@example.org>", "America/New_York")
    assert dict(agency.unconfirmed) == {
        "address": "the street",
        "contact.telephone": "the number",
        "reply_to": "nothing is written yet: ask the agency",
    }
    kept = json.loads(json.dumps(agency.as_json()))
    assert kept["from"] == "Office <notices@example.org>"
    assert kept["unconfirmed"]["address"] == "the street"


def test_an_empty_contact_of_the_agency_is_as_unconfirmed_as_none() -> None:
    agency = good(broken("  time_zone: America/New_York\n", "  contact: {}\n")).agency
    assert "contact" in dict(agency.unconfirmed)


@pytest.mark.parametrize(
    ("written", "contact"),
    [
        ("desk@example.org", Contact(email="desk@example.org")),
        ("https://a.example/help", Contact(website="https://a.example/help")),
        ("Help desk", Contact(name="Help desk")),
        ("{telephone: 711, tty: 1-800-555-0100}", Contact(telephone="711", tty="1-800-555-0100")),
    ],
)
def test_a_contact_is_a_block_or_just_an_address_a_link_or_a_name(written, contact) -> None:
    text = broken("    name: Second\n", f"    name: Second\n    contact: {written}\n")
    assert good(text).topics[1].contact == contact


def test_a_topics_contact_may_be_unconfirmed_as_a_whole() -> None:
    topic = good(
        broken("    name: Second\n", "    name: Second\n    contact: {unconfirmed: who answers}\n")
    ).topics[1]
    assert (topic.contact, topic.unconfirmed) == (Contact(), (("contact", "who answers"),))


def test_defaults_follow_the_kind_of_source() -> None:
    feed, page = good(GOOD).sources
    assert (feed.enabled, feed.every_minutes, feed.late_after_days, feed.minimum_records) == (True, 30, 30, 0)
    assert (page.official, page.every_minutes, page.late_after_days, page.minimum_records) == (
        False,
        60,
        180,
        1,
    )


def test_a_source_of_ones_own_network_may_have_any_port() -> None:
    text = broken("url: https://news.example/feed.rss", "{url: x}").replace(
        "{url: x}", "allow_private: true\n    url: http://127.0.0.1:8765/f"
    )
    assert good(text).sources[0].url == "http://127.0.0.1:8765/f"


def test_a_source_becomes_plain_json_with_every_key() -> None:
    kept = json.loads(json.dumps(good(GOOD).sources[1].as_json()))
    assert kept["select"]["record"] == "li"
    assert kept["patterns"] == {"title": "(.+) - ", "date": ""}
    assert (kept["slug"], kept["dated_only"], kept["user_agent"]) == ("listing", False, "")


def test_rules_survive_the_rows_that_keep_them() -> None:
    text = broken(
        "      - any: [some words]\n",
        "      - any: [some words, PNMI*]\n        none: [other]\n        type: [adopted]\n        mentions: true\n        everything_from: news\n",
    ).replace("[II-80]", "[80, III-97, 97 appendix C]")
    topic = good(text).topics[0]
    sections, rules = json.loads(json.dumps([topic.sections_as_json(), topic.rules_as_json()]))
    assert sections[0] == {"chapter": None, "number": "80", "appendix": None}
    rule = Rule(
        any=("some words", "PNMI*"), none=("other",), fields=("title",), types=("adopted",), mentions=True, everything_from="news",
    )  # fmt: skip
    wanted = TopicRules(
        "first", (Section(None, "80"), Section("III", "97"), Section(None, "97", "C")), (rule,)
    )
    assert topic.to_rules() == catalog.rules_from_json("first", sections, rules) == wanted


def test_a_topic_keeps_its_end_its_successor_and_its_own_addresses() -> None:
    text = broken("    name: First\n", "    name: First\n    retired: 2026-08-21\n    replaced_by: second\n")
    text = text.replace("[desk@example.org]", "[desk@Example.org, {address: a@example.org, cadence: weekly}]")
    first, second = good(text).topics
    assert (first.retired, first.replaced_by) == (date(2026, 8, 21), ("second",))
    assert second.subscribers == (
        StaticSubscriber("desk@example.org", "immediate"),
        StaticSubscriber("a@example.org", "weekly"),
    )


def test_the_hash_is_that_of_the_text() -> None:
    assert good(GOOD).hash == good(GOOD).hash
    assert good(GOOD).hash != good(GOOD + "# a word more\n").hash
    assert len(good(GOOD).hash) == 64


def test_the_words_of_the_file_are_those_of_the_tables() -> None:
    assert set(catalog.CADENCES) == set(Cadence.values)
    assert set(TYPES) == set(Type.values)


def test_lint_names_what_is_unwise() -> None:
    text = broken("[some words]", "[ED, some words]").replace(
        "[one, two]", "[one, two]\n      - everything_from: news"
    )
    text = text.replace("    kind: feed\n", "    kind: feed\n    enabled: false\n    reason: not yet\n")
    text += "  - slug: third\n    name: Third\n    replaced_by: first\n"
    found = {(place, problem) for place, problem, _ in lint(good(text))}
    assert found == {
        ("agency.address", "is not confirmed"),
        ("agency.contact", "is not confirmed"),
        ("agency.reply_to", "is not confirmed"),
        ("agency.from", "is not confirmed"),
        *(
            (f"topics[{n}] ({slug})", "has no description")
            for n, slug in enumerate(("first", "second", "third"))
        ),
        *((f"topics[{n}] ({slug})", "has no contact") for n, slug in enumerate(("first", "second", "third"))),
        ("topics[0] (first).rules[0].any", "'ED' is short and will be found in many places"),
        ("topics[1] (second).rules[1]", "takes everything from news, which is disabled"),
        ("topics[2] (third)", "has neither sections nor rules"),
        ("topics[2] (third)", "is replaced by first but still in use"),
    }


def test_the_shipped_list_warns_of_nothing_but_what_nobody_has_confirmed_and_what_two_topics_share() -> None:
    shipped = catalog.parse(bundled("topics.yaml").read_text(encoding="utf-8"), "topics.yaml")
    meant = {problem for _, problem, remedy in lint(shipped) if remedy.startswith("fine if both")}
    assert {problem for _, problem, _ in lint(shipped)} - meant == {"is not confirmed"}
    assert not any(topic.subscribers for topic in shipped.topics)
