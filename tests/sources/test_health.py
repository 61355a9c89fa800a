"""What an operator sees of a source, for every way of being unwell; what a person has seen is not told again."""

from datetime import UTC, datetime, timedelta

import factories as make
import pytest
from polling import declare, entry, feed, run
from website import Page, Website

from dispatcher.models import Bulletin, Item, Journal, Origin, Source
from dispatcher.models.clock import database_now
from dispatcher.sources import health, statements

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WELL = {"last_success_at": NOW - HOUR, "outcome": "ok", "last_new_at": NOW - DAY}
MOVED = {"moved_to": "https://www.maine.gov/new", "moved_since": NOW - 4 * DAY}

CASES = [
    ({}, "new", 0, ""),
    (WELL, "fine", 0, ""),
    (WELL | {"enabled": False, "declared": {"reason": "not confirmed"}}, "disabled", 0, "not confirmed"),
    (WELL | {"failures": 1, "outcome": "failed", "problem": "503"}, "failing", 0, "503"),
    (WELL | {"failures": 3, "outcome": "failed", "problem": "503", "unwell_since": NOW - DAY}, "failing", 1, "503, since 2026-11-22 09:00 Eastern"),
    ({"failures": 1, "outcome": "failed", "problem": "404"}, "failing", 1, "404"),
    (WELL | {"failures": 3, "outcome": "challenged", "problem": "403"}, "challenged", 1, "403"),
    (WELL | {"outcome": "degraded", "problem": "cut off"}, "degraded", 1, "cut off"),
    (WELL | MOVED, "moved", 1, "https://www.maine.gov/new"),
    (WELL | MOVED | {"moved_since": NOW - 2 * DAY}, "fine", 0, ""),
    (WELL | MOVED | {"acknowledged_at": NOW - DAY}, "fine", 0, ""),
    (WELL | MOVED | {"acknowledged_at": NOW - 5 * DAY}, "moved", 1, ""),
    (WELL | MOVED | {"acknowledged_at": NOW - 2 * DAY}, "moved", 1, ""),
    (WELL | {"gap_at": NOW - DAY}, "gap", 1, "shared nothing"),
    (WELL | {"gap_at": NOW - DAY, "acknowledged_at": NOW - HOUR}, "fine", 0, ""),
    (WELL | {"about": "B", "about_before": "A", "about_changed_at": NOW - DAY}, "scope changed", 1, "before it was 'A'"),
    (WELL | {"last_new_at": NOW - 14 * DAY}, "fine", 0, ""),
    (WELL | {"last_new_at": NOW - 15 * DAY}, "silent", 1, "nothing new for 15 days"),
    (WELL | {"last_new_at": NOW - 15 * DAY, "usual_gap": 7 * DAY}, "fine", 0, ""),
    (WELL | {"last_new_at": NOW - 22 * DAY, "usual_gap": 7 * DAY}, "silent", 1, "22 days"),
    (WELL | {"last_new_at": NOW - 22 * DAY, "acknowledged_at": NOW - DAY}, "fine", 0, ""),
    (WELL | {"last_new_at": None, "baselined_at": NOW - 22 * DAY}, "silent", 1, "22 days"),
    (WELL | {"last_new_at": NOW - 99 * DAY, "failures": 3, "outcome": "failed"}, "failing", 1, ""),
    (WELL | MOVED | {"outcome": "degraded", "problem": "cut off"}, "degraded", 2, "has moved to"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "state", "troubles", "problem"), CASES)
def test_each_way_of_being_unwell_has_its_word(
    db: str, fields: dict[str, object], state: str, troubles: int, problem: str
) -> None:
    make.source(**fields)
    (one,) = health.looks(NOW)
    assert (one.state, len(one.troubles)) == (state, troubles)
    assert problem in one.problem
    assert all(trouble.remedy for trouble in one.troubles)


@pytest.mark.parametrize(
    ("url", "moved_to", "doubt"),
    [
        ("https://www.maine.gov/a", "https://www11.maine.gov/b", ""),
        ("https://www.maine.gov/a", "https://www.example.com/b", "another domain"),
        ("http://www.maine.gov/a", "http://www.maine.gov/b", "not encrypted"),
    ],
)
def test_a_move_is_proposed_with_the_line_to_change(db: str, url: str, moved_to: str, doubt: str) -> None:
    make.source(url=url, **WELL | {"moved_to": moved_to, "moved_since": NOW - 4 * DAY})
    (trouble,) = health.looks(NOW)[0].troubles
    assert f"`url: {moved_to}`" in trouble.remedy
    assert doubt in trouble.remedy
    assert ("publisher" in trouble.remedy) == bool(doubt)


def test_what_is_held_back_is_counted(db: str) -> None:
    source = make.source(**WELL)
    make.bulletin(state="held", source=source, first_seen_at=NOW - DAY)
    make.bulletin(state="held", source=source, first_seen_at=NOW)
    one = health.look(source, NOW)
    assert (one.state, one.troubles[0].since) == ("holding", NOW - DAY)
    assert "holds back 2" in one.problem


def test_a_dropped_source_is_not_looked_at(db: str) -> None:
    make.source(dropped_at=NOW)
    assert health.looks(NOW) == []


def test_a_person_acknowledges_by_name_and_only_what_seeing_can_settle(db: str) -> None:
    source = make.source(**WELL | {"gap_at": database_now() - HOUR, "last_new_at": database_now()})
    assert "shared nothing" in health.acknowledge(source, actor="ana", facts={"account": "root"})
    entry_ = Journal.objects.get(verb="acknowledge")
    assert (entry_.actor, entry_.subject, entry_.facts["states"]) == ("ana", "source:policy-rules", ["gap"])
    source.refresh_from_db()
    assert health.acknowledge(source, actor="ana") == ""
    Source.objects.update(failures=5, outcome="failed", problem="503")
    source.refresh_from_db()
    assert health.acknowledge(source, actor="ana") == ""


def test_a_list_that_is_shorter_for_good_is_taken_once_a_person_has_seen_it(db: str) -> None:
    page = "<html><main>{}</main></html>"
    records = [f"<h3><a href='/notice-{n}'>Notice number {n}</a></h3>" for n in range(10)]
    with Website() as site:
        source = declare(site, select={"record": "main h3"})
        Source.objects.update(kind="page")
        site.pages["/feed"] = Page(page.format("".join(records)).encode(), type="text/html")
        assert run().outcome == "ok"
        site.pages["/feed"] = Page(page.format("".join(records[:3])).encode(), type="text/html")
        assert run().outcome == "degraded"
        source.refresh_from_db()
        assert health.acknowledge(source, actor="ana")
        assert run().outcome == "ok"


def new_item(source: Source, at: datetime, state: str = "mailed") -> None:
    item = Item.objects.create(
        source=source, identity=f"x{Item.objects.count()}", title="x", first_seen_at=at, last_seen_at=at
    )
    bulletin = Bulletin.objects.create(title="x", state=state, source=source, first_seen_at=at)
    Origin.objects.create(bulletin=bulletin, item=item, revision=1)


def test_the_usual_rhythm_is_that_of_the_sources_own_new_items(db: str) -> None:
    source = make.source(baselined_at=NOW - 100 * DAY)
    assert health.usual(source, NOW) == (None, 0)
    for week in range(10):
        new_item(source, NOW - 7 * week * DAY - HOUR)
    for _ in range(3):
        new_item(source, NOW - 14 * DAY - HOUR)
    for state in ("held", "dismissed", "baseline"):
        for _ in range(30):
            new_item(source, NOW - 2 * DAY, state)
    assert health.usual(source, NOW) == (7 * DAY, 1)
    recent = dict(statements.usual(source, NOW - 15 * DAY))
    assert recent == {NOW - 14 * DAY - HOUR: 4, NOW - 7 * DAY - HOUR: 1, NOW - HOUR: 1}
    source.baselined_at = NOW - 20 * DAY
    assert health.usual(source, NOW) == (None, 4)


def test_a_poll_with_something_new_brings_the_rhythm_up_to_date(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed()
        run()
        site.pages["/feed"] = feed(entry(1), entry(2))
        run()
    assert Source.objects.get().usual_daily == 2
