"""The match verb: evidence on every match, what matches nothing is kept and listed, twice or by two changes nothing."""

import threading

import factories as make
import pytest
from django.db import connections

from dispatcher.errors import NotFound
from dispatcher.models import Bulletin, Catalog, Match, Topic
from dispatcher.models.clock import database_now
from dispatcher.topics import match
from dispatcher.topics.page import Document
from dispatcher.topics.rules import Matcher, Outcome


@pytest.fixture
def topics(db: str) -> list[Topic]:
    Catalog.objects.create(hash="c" * 64, text="", agency={}, loaded_at=database_now())
    return [
        make.topic("pharmacy", sections=[{"chapter": "II", "number": "80", "appendix": None}]),
        make.topic(
            "340b",
            rules=[
                {
                    "any": ["340B"],
                    "all": [],
                    "none": [],
                    "fields": ["title", "body"],
                    "types": [],
                    "mentions": False,
                    "everything_from": "",
                }
            ],
        ),
        make.topic("dental", sections=[{"chapter": "II", "number": "25", "appendix": None}]),
    ]


def new(title: str, body: str = "<p>Text.</p>", **fields) -> Bulletin:
    return make.bulletin(state="unmatched", matched_at=None, title=title, body_html=body, **fields)


def test_a_match_keeps_its_evidence_and_the_rules_that_found_it(topics: list[Topic]) -> None:
    bulletin = new("Adoption: Chapter II, Section 80, Pharmacy Services")
    assert match.pending() == 1
    bulletin.refresh_from_db()
    assert bulletin.state == "matched"
    found = Match.objects.get()
    assert (found.topic.slug, found.catalog) == ("pharmacy", "c" * 64)
    (evidence,) = found.evidence
    assert set(evidence) == {
        "rule",
        "field",
        "text",
        "reason",
        "words",
        "block",
        "start",
        "end",
        "kind",
        "of_type",
    }
    assert evidence["field"] == "title"
    assert "Section 80" in evidence["text"]


def test_a_correction_goes_to_the_topics_of_what_it_corrects_as_well(topics: list[Topic]) -> None:
    first = new("Adoption: Chapter II, Section 80, Pharmacy Services")
    match.pending()
    Topic.objects.filter(slug="dental").update(retired_at=database_now())
    new("Correction: how 340B claims are billed", corrects=first)
    match.pending()
    by_topic = {one.topic.slug: one.evidence for one in Match.objects.exclude(bulletin=first)}
    assert set(by_topic) == {"pharmacy", "340b"}
    assert (
        by_topic["pharmacy"][0]["reason"]
        == "it corrects “Adoption: Chapter II, Section 80, Pharmacy Services”"
    )


def test_several_topics_match_one_bulletin(topics: list[Topic]) -> None:
    new("Section 80, Pharmacy Services", "<p>How 340B claims are billed.</p>")
    match.pending()
    assert set(Match.objects.values_list("topic__slug", flat=True)) == {"pharmacy", "340b"}


def test_what_matches_nothing_is_stamped_kept_and_listed(topics: list[Topic]) -> None:
    bulletin = new("Road works near the office")
    assert match.pending() == 1
    bulletin.refresh_from_db()
    assert bulletin.state == "unmatched"
    assert bulletin.matched_at is not None
    assert list(Bulletin.to_look_at()) == [bulletin]
    assert match.pending() == 0


def test_matching_again_changes_nothing(topics: list[Topic]) -> None:
    bulletin = new("Section 80, Pharmacy Services")
    matcher = match.live_matcher()
    assert match.match(bulletin, matcher, "c" * 64)
    assert not match.match(bulletin, matcher, "c" * 64)
    assert Match.objects.count() == 1


def test_two_at_once_make_one_match(topics: list[Topic]) -> None:
    for _ in range(8):
        new("Section 80, Pharmacy Services")

    def work() -> None:
        match.pending()
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Match.objects.count() == 8


def test_baselines_and_what_is_held_are_not_matched(topics: list[Topic]) -> None:
    for state in ("baseline", "held", "dismissed"):
        make.bulletin(state=state, matched_at=None, title="Section 80, Pharmacy Services")
    assert match.pending() == 0
    assert not Match.objects.exists()


def test_a_retired_topic_matches_nothing(topics: list[Topic]) -> None:
    Topic.objects.filter(slug="pharmacy").update(retired_at=database_now())
    new("Section 80, Pharmacy Services")
    match.pending()
    assert not Match.objects.exists()


def test_without_a_topic_list_nothing_is_marked_as_looked_at(db: str) -> None:
    bulletin = new("Section 80")
    with pytest.raises(NotFound, match="topics"):
        match.pending()
    bulletin.refresh_from_db()
    assert bulletin.matched_at is None


class _Breaks:
    """Rules whose code fails on one bulletin."""

    def __init__(self, rules: Matcher) -> None:
        self._rules = rules

    def match(self, document: Document) -> Outcome:
        if "break" in document.title:
            raise RecursionError("too deep")
        return self._rules.match(document)


def test_a_bulletin_that_breaks_the_rules_code_is_held_and_stops_nobody_else(
    topics: list[Topic], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = new("This will break the code: Section 80")
    good = new("Section 80, Pharmacy Services")
    rules = match.live_matcher()
    monkeypatch.setattr(match, "live_matcher", lambda: _Breaks(rules))
    assert match.pending() == 2
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("held", "matched")
    assert "too deep" in bad.held_because


def test_a_correction_reaches_who_was_moved_from_a_topic_that_was_replaced(db: str) -> None:
    old, new = make.topic("old", retired_at=make.LONG_AGO), make.topic("new")
    old.successors.add(new)
    first = make.bulletin(old)
    correction = make.bulletin(
        state="unmatched", matched_at=None, corrects=first, title="Postponed", type="notice"
    )
    Catalog.objects.create(hash="1" * 64, text="", agency={}, loaded_at=database_now())
    match.pending()
    assert [one.topic.slug for one in correction.matches.all()] == ["new"]


def test_rules_and_version_of_a_match_belong_together_though_a_load_comes_between(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Catalog.objects.create(hash="1" * 64, text="", agency={}, loaded_at=make.LONG_AGO)
    make.bulletin(state="unmatched", matched_at=None, title="Section 80")
    read = match.live_matcher

    def meanwhile() -> Matcher:
        rules = read()
        if not Topic.objects.exists():  # the first time: a load comes after the rows were read
            make.topic("pharmacy", sections=[{"chapter": "II", "number": "80", "appendix": None}])
            Catalog.objects.create(hash="2" * 64, text="", agency={}, loaded_at=database_now())
        return rules

    monkeypatch.setattr(match, "live_matcher", meanwhile)
    match.pending()
    assert Match.objects.get().catalog == "2" * 64
