"""Polling real feeds over real HTTP on both databases: what is news, what is silent, what is held, what a failure costs."""

from datetime import timedelta

import factories as make
import pytest
from blasting import at_once
from polling import declare, entry, feed, run, states
from website import Page, Website

from dispatcher import config
from dispatcher.models import Bulletin, Catalog, Item, Revision, Source
from dispatcher.models.clock import database_now
from dispatcher.sources import poll
from dispatcher.sources.health import look


def test_the_first_poll_records_everything_and_mails_nobody(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed(entry(1), entry(2))
        one = run()
    assert (one.outcome, one.new, one.baseline) == ("ok", 2, True)
    assert set(states().values()) == {"baseline"}
    assert Source.objects.get().baselined_at is not None


def test_what_is_new_at_the_second_poll_becomes_a_bulletin_to_match(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed(entry(1))
        run()
        site.pages["/feed"] = feed(entry(2, "Notice of Agency Rule-making Adoption, Section 80"), entry(1))
        one = run()
    assert (one.new, one.baseline) == (1, False)
    bulletin = Bulletin.objects.get(state="unmatched")
    assert (bulletin.type, bulletin.origins.get().revision) == ("adopted", 1)
    assert bulletin.url.startswith("https://www.maine.gov/tools/whatsnew/")


def test_an_empty_feed_is_a_baseline_too(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed()
        run()
        site.pages["/feed"] = feed(entry(1))
        assert run().new == 1
    assert set(states().values()) == {"unmatched"}


def test_polling_twice_changes_nothing_whatever_order_the_feed_has(db: str) -> None:
    with Website() as site:
        declare(site)
        for page in [
            feed(entry(1), entry(2)),
            feed(entry(2), entry(1)),
            feed(entry(1)),
            feed(entry(2), entry(1), entry(2)),
        ]:
            site.pages["/feed"] = page
            one = run()
    assert (one.new, one.revised) == (0, 0)
    assert Item.objects.count() == 2
    assert Revision.objects.count() == 2


def test_validators_go_back_byte_for_byte_and_a_304_is_unchanged(db: str) -> None:
    etag, modified = 'W/"odd  one"', "Tue, 01 Sep 2026 00:00:00 GMT"
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed(entry(1), **{"ETag": etag, "Last-Modified": modified})
        run()
        assert run().outcome == "unchanged"
        _, headers = site.asked[-1]
    assert (headers["If-None-Match"], headers["If-Modified-Since"]) == (etag, modified)


def test_no_validators_after_a_failure_or_a_change_of_how_we_read(db: str) -> None:
    with Website() as site:
        source = declare(site)
        good = feed(entry(1), ETag='"1"')
        site.pages["/feed"] = good
        run()
        site.pages["/feed"] = Page(b"oh no", status=500)
        assert run().outcome == "failed"
        site.pages["/feed"] = good
        assert run().outcome == "ok"
        assert "If-None-Match" not in site.asked[-1][1]
        Source.objects.filter(id=source.id).update(declared=source.declared | {"minimum_records": 1})
        run()
        assert "If-None-Match" not in site.asked[-1][1]


def test_equal_bytes_without_validators_are_unchanged(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed(entry(1))
        run()
        assert run().outcome == "unchanged"


def test_a_typing_error_mended_in_place_is_kept_silently(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed(entry(1, body="Guidance for Particpating providers."))
        run()
        site.pages["/feed"] = feed(entry(1, body="Guidance for Participating providers."))
        one = run()
    assert (one.new, one.revised) == (0, 1)
    assert Revision.objects.count() == 2
    assert Bulletin.objects.count() == 1


def test_a_change_that_matters_becomes_a_bulletin_that_corrects_the_first(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed()
        run()
        site.pages["/feed"] = feed(entry(1, "Hearing on March 27, Section 97"))
        run()
        site.pages["/feed"] = feed(entry(1, "Hearing on April 3, Section 97"))
        run()
        site.pages["/feed"] = feed(entry(1, "Hearing on March 27, Section 97"))
        assert run().revised == 0
    first, correction = Bulletin.objects.order_by("id")
    assert correction.corrects == first
    assert correction.state == "unmatched"


FAILURES = [
    (Page(b"gone", status=404), "404"),
    (Page(b"busy", status=503, headers={"Retry-After": "7200"}), "503"),
    (Page(b"<!doctype html><html><title>Sign in</title></html>", type="text/html"), "Sign in"),
    (Page(b""), "nothing in it"),
    (
        Page(b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x "y">]><rss version="2.0"><channel/></rss>'),
        "entities",
    ),
]


@pytest.mark.parametrize(("page", "word"), FAILURES, ids=[word for _, word in FAILURES])
def test_a_failure_is_told_waits_longer_each_time_and_never_switches_off(
    db: str, page: Page, word: str
) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = page
        waits = []
        for _ in range(3):
            one = run()
            waits.append(Source.objects.get().due_at - database_now())
        assert one.outcome == "failed"
        assert word.lower() in one.problem.lower()
        assert Source.objects.get().failures == 3
        assert waits[0] < waits[1] < waits[2] or "Retry-After" in page.headers
        site.pages["/feed"] = feed(entry(1))
        assert run().outcome == "ok"
    assert look(Source.objects.get(), database_now()).state == "fine"


def test_retry_after_is_respected(db: str) -> None:
    with Website() as site:
        declare(site, every_minutes=10)
        site.pages["/feed"] = Page(b"busy", status=503, headers={"Retry-After": "7200"})
        run()
    assert Source.objects.get().due_at - database_now() > timedelta(minutes=119)


def test_a_degraded_first_poll_does_not_finish_the_baseline(db: str) -> None:
    with Website() as site:
        declare(site)
        whole = feed(entry(1), entry(2), entry(3)).body
        site.pages["/feed"] = Page(whole[: whole.index(b"290003")])
        assert run().outcome == "degraded"
        site.pages["/feed"] = Page(whole)
        assert run().baseline
    assert set(states().values()) == {"baseline"}
    assert Item.objects.count() == 3


def test_a_private_address_is_refused_unless_the_source_may(db: str) -> None:
    with Website() as site:
        declare(site, allow_private=False)
        site.pages["/feed"] = feed(entry(1))
        one = run()
        assert one.outcome == "failed"
        assert site.asked == []


def test_a_source_that_somebody_polls_is_left_to_them(db: str) -> None:
    with Website() as site:
        declare(site)
        Source.objects.update(lease_until=database_now() + timedelta(minutes=1))
        assert poll.due(config.load({}), ["policy-rules"]) == []
        Source.objects.update(lease_until=database_now() - timedelta(minutes=1))
        site.pages["/feed"] = feed()
        assert run().outcome == "ok"


def test_two_workers_at_once_ask_each_source_once(db: str) -> None:
    with Website() as site:
        for number in range(12):
            site.pages[f"/{number}"] = feed()
            make.source(f"feed-{number}", url=site.url(f"/{number}"), declared={"allow_private": True})
        polled: list[str] = []

        def work() -> None:
            polled.extend(one.slug for one in poll.due(config.load({})))

        assert at_once(work, work, work) == [None, None, None]
    assert sorted(polled) == sorted(Source.objects.values_list("slug", flat=True))


def test_what_is_not_due_is_not_polled(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed()
        assert len(poll.due(config.load({}))) == 1
        assert poll.due(config.load({})) == []
        assert len(site.asked) == 1


def test_we_say_who_we_are(db: str) -> None:
    Catalog.objects.create(
        hash="c", text="", agency={"contact": {"email": "help@example.gov"}}, loaded_at=database_now()
    )
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed()
        run()
        agent = site.asked[0][1]["User-Agent"]
    assert "MaineCareDispatcher" in agent
    assert "help@example.gov" in agent


def test_an_answer_that_no_database_takes_fails_its_own_source(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = Page(
            b"x", type="text/\udcff".encode("utf-8", "surrogateescape").decode("latin-1")
        )
        assert run().outcome == "failed"
        site.pages["/feed"] = feed(entry(1, "A title with a NUL \x00 in it"))
        run()
    assert Source.objects.get().lease_until is None
