"""When a source is due again, and what else a poll leaves in its row: moves, gaps, outages, challenges."""

from dataclasses import replace
from datetime import UTC, timedelta

import factories as make
import pytest
from polling import declare, entry, feed, run
from website import Page, Website

from dispatcher import config
from dispatcher.models import Source
from dispatcher.models.clock import database_now
from dispatcher.sources import body_hash, poll
from dispatcher.sources.reading import Reading

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def wait() -> timedelta:
    return Source.objects.get().due_at - database_now()


def settled(site: Website, **entries) -> Source:
    """A source that has had its first poll."""
    source = declare(site, **entries)
    site.pages["/feed"] = feed(entry(1))
    run()
    return source


@pytest.mark.parametrize(
    ("headers", "shortest"),
    [({}, 26), ({"Cache-Control": "max-age=7200"}, 119), ({"Cache-Control": "no-cache, max-age=7200"}, 26), ({"Expires": "Sun, 06 Nov 2044 10:00:00 GMT"}, 1300)],
)  # fmt: skip
def test_a_server_may_ask_for_more_time(db: str, headers: dict[str, str], shortest: int) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed(entry(1), **headers)
        run()
    assert wait() > shortest * MINUTE
    assert wait() < 34 * MINUTE or shortest > 34


def test_a_304_may_ask_for_more_time_too(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed(entry(1), ETag='"1"')
        run()
        site.pages["/feed"] = feed(entry(1), **{"ETag": '"1"', "Cache-Control": "max-age=7200"})
        assert run().outcome == "unchanged"
    assert wait() > 119 * MINUTE


@pytest.mark.parametrize("headers", [{"ETag": '"1"'}, {}], ids=["asked without validators", "same bytes"])
def test_readers_that_have_changed_find_in_the_same_feed_what_others_missed(
    db: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def misses_the_last(*arguments: object) -> Reading:
        whole = read(*arguments)
        return replace(whole, records=whole.records[:-1])

    read = poll.read
    with Website() as site:
        settled(site)
        baselined_at = Source.objects.get().baselined_at
        site.pages["/feed"] = feed(entry(1), entry(2), entry(3), **headers)
        monkeypatch.setattr(poll, "read", misses_the_last)
        assert (run().new, run().outcome) == (1, "unchanged")
        monkeypatch.setattr(poll, "read", read)
        assert run().outcome == "unchanged"
        monkeypatch.setattr(body_hash, "readers", lambda: "f" * 64)
        polled = run()
        assert "If-None-Match" not in site.asked[-1][1]
        assert (polled.outcome, polled.seen, polled.new, polled.baseline) == ("ok", 3, 1, False)
        assert run().outcome == "unchanged"
        assert site.asked[-1][1].get("If-None-Match") == headers.get("ETag")
    assert Source.objects.get().baselined_at == baselined_at


def test_what_a_feed_wishes_is_kept_for_the_polls_that_bring_no_body(db: str) -> None:
    with Website() as site:
        declare(site)
        page = feed(entry(1), ETag='"1"')
        wishes = b"<ttl>240</ttl><title>Policy"
        site.pages["/feed"] = Page(page.body.replace(b"<title>Policy", wishes, 1), headers=page.headers)
        run()
        assert wait() > 239 * MINUTE
        assert run().outcome == "unchanged"
    assert wait() > 239 * MINUTE


def test_hours_in_which_a_feed_wants_no_visit_are_waited_out(db: str) -> None:
    welcome = (database_now() + 6 * HOUR).hour
    skipped = "".join(f"<hour>{hour}</hour>" for hour in range(24) if hour != welcome)
    with Website() as site:
        declare(site)
        page = feed(entry(1))
        wishes = f"<skipHours>{skipped}</skipHours><title>Policy".encode()
        site.pages["/feed"] = Page(page.body.replace(b"<title>Policy", wishes, 1))
        run()
    assert Source.objects.get().due_at.astimezone(UTC).hour == welcome


def test_a_source_may_be_told_another_name(db: str) -> None:
    with Website() as site:
        settled(site, user_agent="As-Agreed/1")
        assert site.asked[0][1]["User-Agent"] == "As-Agreed/1"


def test_a_quiet_source_is_asked_more_rarely_until_it_says_something_new(db: str) -> None:
    with Website() as site:
        source = settled(site)
        Source.objects.update(last_new_at=database_now() - 30 * DAY, baselined_at=database_now() - 90 * DAY)
        run()
        assert wait() > 5 * HOUR
        Source.objects.update(declared=source.declared | {"official": True})
        run()
        assert 50 * MINUTE < wait() < 70 * MINUTE
        site.pages["/feed"] = feed(entry(2), entry(1))
        assert run().new == 1
    assert wait() < 34 * MINUTE


def test_mended_typing_is_no_sign_of_life(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed(entry(1, body="Particpating providers."))
        run()
        long_ago = database_now() - 30 * DAY
        Source.objects.update(last_new_at=long_ago, baselined_at=long_ago)
        site.pages["/feed"] = feed(entry(1, body="Participating providers."))
        assert run().revised == 1
        assert Source.objects.get().last_new_at == long_ago
        assert wait() > 5 * HOUR
        site.pages["/feed"] = feed(entry(1, "Notice number 1 of the office, on May 4"))
        run()
    assert Source.objects.get().last_new_at > long_ago


def test_a_permanent_move_is_kept_with_its_beginning_and_never_followed_into_the_row(db: str) -> None:
    with Website() as site:
        source = settled(site)
        site.pages["/new"] = feed(entry(1))
        site.pages["/feed"] = Page(b"", status=301, headers={"Location": "/new"})
        run()
        row = Source.objects.get()
        since = row.moved_since
        assert (row.url, row.moved_to) == (source.url, site.url("/new"))
        run()
        assert Source.objects.get().moved_since == since
        site.pages["/feed"] = Page(b"", status=302, headers={"Location": "/new"})
        run()
    row = Source.objects.get()
    assert (row.moved_to, row.moved_since) == ("", None)


def test_a_feed_that_shares_nothing_with_what_it_held_before_has_a_gap(db: str) -> None:
    with Website() as site:
        settled(site)
        site.pages["/feed"] = feed(entry(2), entry(1))
        run()
        site.pages["/feed"] = feed(entry(3), entry(2))
        run()
        assert Source.objects.get().gap_at is None
        site.pages["/feed"] = feed()
        run()
        site.pages["/feed"] = feed(entry(3))
        run()
        assert Source.objects.get().gap_at is None
        site.pages["/feed"] = feed(entry(9), entry(8))
        run()
    assert Source.objects.get().gap_at is not None


def test_another_way_of_reading_is_no_gap_and_no_change_of_scope(db: str) -> None:
    with Website() as site:
        source = settled(site)
        Source.objects.update(declared=source.declared | {"minimum_records": 1})
        other = feed(entry(9))
        site.pages["/feed"] = Page(other.body.replace(b"<title>Policy", b"<title>Other", 1))
        assert run().baseline
    assert (Source.objects.get().gap_at, Source.objects.get().about_changed_at) == (None, None)


def test_a_feed_that_calls_itself_something_else_is_noticed(db: str) -> None:
    with Website() as site:
        settled(site)
        other = feed(entry(2), entry(1))
        site.pages["/feed"] = Page(other.body.replace(b"<title>Policy", b"<title>Press releases", 1))
        run()
    row = Source.objects.get()
    assert "Policy" in row.about_before
    assert "Press releases" in row.about
    assert row.about_changed_at is not None


def elsewhere(count: int) -> list[Source]:
    """Sources of as many publishers, none of whom is there."""
    return [
        make.source(f"away-{n}", url=f"http://127.0.0.{n + 1}:9/", declared={"allow_private": True})
        for n in range(1, count + 1)
    ]


def test_when_most_publishers_fall_silent_it_is_our_network_and_none_is_blamed(db: str) -> None:
    elsewhere(3)
    polled = poll.due(config.load({}))
    assert {one.outcome for one in polled} == {"cut off"}
    assert set(Source.objects.values_list("failures", "outcome")) == {(0, "")}
    assert Source.outage() is not None
    assert all(one.due_at - database_now() < 12 * MINUTE for one in Source.objects.all())
    (alone,) = poll.due(config.load({}), ["away-1"])
    assert alone.outcome == "cut off"


def test_the_outage_is_over_as_soon_as_anybody_answers(db: str) -> None:
    elsewhere(3)
    poll.due(config.load({}))
    with Website() as site:
        settled(site)
    assert Source.outage() is None
    (one,) = poll.due(config.load({}), ["away-1"])
    assert (one.outcome, Source.objects.get(slug="away-1").cut_off_since) == ("failed", None)


def test_a_few_silent_publishers_are_to_blame_themselves(db: str) -> None:
    elsewhere(2)
    assert {one.outcome for one in poll.due(config.load({}))} == {"failed"}
    assert Source.outage() is None


def test_publishers_who_answer_that_they_are_busy_are_no_outage_of_ours(db: str) -> None:
    with Website() as site:
        for number in (1, 2, 3):
            host = site.url("/busy").replace("127.0.0.1", "localhost")
            make.source(f"busy-{number}", url=site.url("/busy") if number > 1 else host, declared={"allow_private": True})  # fmt: skip
        site.pages["/busy"] = Page(b"", status=503)
        assert {one.outcome for one in poll.due(config.load({}))} == {"failed"}


CHALLENGES = [
    Page(b"no", status=403, headers={"cf-mitigated": "challenge"}),
    Page(b"<!doctype html><html><title>Just a moment...</title></html>", status=403, type="text/html"),
    Page(b"<!doctype html><html><title>Just a moment...</title></html>", status=200, type="text/html"),
]


@pytest.mark.parametrize("page", CHALLENGES, ids=["marked", "403", "200"])
def test_a_challenge_is_a_failure_of_its_own_kind(db: str, page: Page) -> None:
    with Website() as site:
        settled(site)
        site.pages["/feed"] = page
        one = run()
        assert "challenge" in one.problem
        assert (one.outcome, Source.objects.get().outcome, Source.objects.get().failures) == ("challenged", "challenged", 1)  # fmt: skip
        site.pages["/feed"] = feed(entry(1))
        assert run().outcome == "ok"
        assert Source.objects.get().unwell_since is None


@pytest.mark.parametrize("status", [404, 410])
def test_a_channel_that_is_not_found_for_hours_is_asked_again(db: str, status: int) -> None:
    with Website() as site:
        settled(site)
        Source.objects.update(kind="youtube")
        site.pages["/feed"] = Page(b"", status=status)
        assert run().outcome == "failed"
    assert Source.objects.get().enabled
    assert wait() < 70 * MINUTE


def test_more_sources_than_fit_into_a_round_are_all_polled_once(db: str) -> None:
    with Website() as site:
        site.pages["/feed"] = feed(entry(1))
        for number in range(20):
            make.source(f"feed-{number}", url=site.url("/feed"), declared={"allow_private": True})
        polled = poll.due(config.load({}))
        assert len(site.asked) == 20
    assert sorted(one.slug for one in polled) == sorted(Source.objects.values_list("slug", flat=True))


def test_a_source_that_often_brings_much_has_a_higher_limit_before_it_counts_as_a_flood(db: str) -> None:
    with Website() as site:
        settled(site)
        Source.objects.update(usual_daily=5)
        site.pages["/feed"] = feed(*[entry(n) for n in range(2, 17)], entry(1))
        assert run().held == 0
        site.pages["/feed"] = feed(*[entry(n) for n in range(20, 65)])
        Source.objects.update(usual_daily=5)
        assert run().held == 45
