"""One identity for ever: keys that publishers change, reuse and shuffle, over real polls on both databases."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notices import ask, item, watched
from records import day, record
from website import Website

from dispatcher.models import Alias, Bulletin, Item, Revision
from dispatcher.sources import rekey
from dispatcher.sources.recall import MOST_ALIASES
from dispatcher.sources.rekey import Known

SITE = "https://notices.example"


def numbered(
    *numbers: int, guid: str = "", scheme: str = "https", body: str = "What changes for Section {}."
) -> list[str]:
    return [
        item(
            f"Fee schedule of Section {n}",
            f"{scheme}://notices.example/{n}",
            f"{guid}{n}" if guid else "",
            body.format(n),
        )
        for n in numbers
    ]


def test_a_guid_that_is_given_to_another_article_is_a_new_item_with_a_note(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item("Rates for Section 45", f"{SITE}/rates", "g1", "One."))
        again = item("Office closed on Monday", f"{SITE}/closed", "g1", "Two.")
        assert ask(site, source, again).new == 1
        assert ask(site, source, again).new == 0
        assert ask(site, source, item("Rates for Section 45", f"{SITE}/rates", "g1", "One.")).revised == 0
        assert ask(site, source, item("Town hall on Friday", f"{SITE}/hall", "g1", "Three.")).new == 1
    assert list(Item.objects.order_by("id").values_list("identity", flat=True)) == [
        "guid:g1",
        "guid:g1 ~2",
        "guid:g1 ~3",
    ]
    assert "another article" in Revision.objects.get(item__identity="guid:g1 ~2").notes[0]
    assert not Bulletin.objects.filter(corrects__isnull=False).exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Adopted Rule: Section 80, Pharmacy Services", "Adopted Rule: Section 85, Pharmacy Services"),
        ("Proposed Rule: Section 80, Pharmacy", "Adopted Rule: Section 80, Pharmacy"),
    ],
)
def test_another_section_or_stage_under_one_guid_is_another_notice(db: str, before: str, after: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item(before, f"{SITE}/1", "g1"))
        assert ask(site, source, item(after, f"{SITE}/2", "g1")).new == 1


@pytest.mark.parametrize(
    ("link", "guid", "body"),
    [("rules", "", "What changes: {}."), ("rules", "", ""), ("{}", "g1", "What changes: {}.")],
    ids=["link", "link, titles alone", "guid"],
)
def test_of_two_that_share_a_key_each_stays_what_it_is_when_it_stands_alone(
    db: str, link: str, guid: str, body: str
) -> None:
    with Website() as site:
        source = watched(site, "news")
        dental, portal = (
            item(f"Notice of the office: {what}", f"{SITE}/{link.format(at)}", guid, body.format(what))
            for at, what in enumerate(("dental codes", "portal outage on Sunday"))
        )
        ask(site, source, dental)
        assert ask(site, source, portal, dental).new == 1
        for shown in ([portal], [portal, dental], [dental], [portal]):
            one = ask(site, source, *shown)
            assert (one.new, one.revised) == (0, 0)
    assert Bulletin.objects.count() == Item.objects.count() == 2


def test_an_item_with_a_new_key_is_known_by_its_title_and_link(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, *numbered(1, 2, guid="a"))
        one = ask(site, source, *numbered(1, guid="b"), *numbered(2, guid="a"))
        assert (one.new, one.revised) == (0, 0)
        assert ask(site, source, *numbered(1, 2, guid="a")).new == 0
    assert Alias.objects.get().identity == "guid:b1"


def test_the_same_title_alone_is_another_notice(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, item("MaineCare Updates", f"{SITE}/1", body="One.", age=timedelta(days=7)))
        assert ask(site, source, item("MaineCare Updates", f"{SITE}/2", body="Two.")).new == 1


@pytest.mark.parametrize(
    "body", ["What changes for Section {}.", "Rewritten by a new system, for Section {}."]
)
def test_all_guids_changed_at_once_is_silent(db: str, body: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, *numbered(*range(13, 33), guid="a"))
        before = Bulletin.objects.count()
        one = ask(site, source, *numbered(*range(13, 33), guid="http://cms/", body=body))
        assert (one.new, one.held) == (0, 0)
        assert ask(site, source, *numbered(*range(13, 33), guid="x", body=body)).new == 0
    assert Bulletin.objects.count() == before
    assert Item.objects.count() == 20


def test_what_is_new_among_many_new_keys_is_still_news(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, *numbered(13, 14, 15, 17, guid="a"))
        assert ask(site, source, *numbered(13, 14, 15, 17, 19, guid="b")).new == 1
    assert Item.objects.filter(title__endswith="19").exists()


def test_new_keys_for_what_nobody_knows_are_a_flood(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, *numbered(13, 14, 15, guid="a"))
        one = ask(site, source, *numbered(*range(40, 60), guid="b"))
    assert (one.new, one.held) == (20, 20)


@pytest.mark.parametrize(
    ("days", "held"), [(3, 4), (0, 0)], ids=["dated before the last poll", "new by its date"]
)
def test_a_few_new_keys_for_what_nobody_knows_are_held_if_it_is_old(db: str, days: int, held: int) -> None:
    age = timedelta(days=days, hours=1)
    with Website() as site:
        source = watched(site, "news")
        ask(site, source, *numbered(13, 14, 15, 17, guid="a"))
        strangers = [
            item(f"Fee schedule of Section {n}", f"{SITE}/{n}", f"b{n}", age=age) for n in range(40, 45)
        ]
        assert ask(site, source, *strangers[1:]).held == held
        assert ask(site, source, *strangers).held == 0  # one of many that are known
    assert Bulletin.objects.filter(held_because__startswith="all keys are new at once").count() == held


def test_what_is_late_does_not_count_towards_a_flood(db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        late = [
            item(f"Old notice {n} of Section {n}", f"{SITE}/{n}", age=timedelta(days=90))
            for n in range(13, 33)
        ]
        one = ask(site, source, *late, *numbered(40, 41))
    assert (one.new, one.held) == (22, 20)


def test_new_guids_and_links_at_every_fetch_do_not_pile_up(sqlite_db: str) -> None:
    with Website() as site:
        source = watched(site, "news")
        for fetch in range(MOST_ALIASES + 6):
            entries = [
                item(f"Notice for Section {n}", f"{SITE}/{n}?s={fetch}", f"{fetch}-{n}", f"For Section {n}.")
                for n in (13, 14, 15, 17)
            ]
            one = ask(site, source, *entries)
            assert (one.new, one.revised > 0) == (4 * (fetch == 0), fetch > 0)
        before = (Alias.objects.count(), Revision.objects.count())
        ask(site, source, *[entry.replace("?s=", "?t=") for entry in entries])
    assert Alias.objects.count() == 4 * MOST_ALIASES
    assert (Alias.objects.count(), Revision.objects.count()) == before
    assert Bulletin.objects.count() == Item.objects.count() == 4


said = st.tuples(
    st.sampled_from(["Portal outage", "portal  outage", "Dental codes", "Portal – outage"]),
    st.sampled_from(["", f"{SITE}/1", f"{SITE}/1/", f"{SITE}/2"]),
    st.sampled_from(["", "<p>One.</p>", "<p>Two.</p>"]),
    st.sampled_from([None, day("2026-03-02"), day("2026-03-03")]),
)


@given(st.lists(said, min_size=1, max_size=3), st.lists(st.tuples(said, st.booleans()), max_size=5))
def test_of_a_few_unknown_ones_only_those_with_a_known_title_are_weighed(fresh: list, items: list) -> None:
    records = [record(title, link, body=body, day=at) for title, link, body, at in fresh]
    known = [
        Known(at, title, link, published, rekey.text_hash(record(body=body)), is_shown)
        for at, ((title, link, body, published), is_shown) in enumerate(items)
    ]
    read = [
        Known(at, one.title, one.link, one.published_at, rekey.text_hash(one))
        for at, one in enumerate(records)
    ]
    links = [rekey.canonical(one.link) for one in [*known, *read]]
    unshared = {one for one in links if one and links.count(one) <= 2}
    absent = [one for one in known if not one.is_shown]
    plainly = rekey._paired(read, absent, rekey._agreements(unshared, at_least_two=True))
    assert rekey.pairs(records, known, SITE) == (plainly if absent else {})
