"""What is not mailed at once: late, a flood, what a person kept back, and what only looks new."""

from datetime import timedelta

from polling import declare, entry, feed, run, states
from website import Website

from dispatcher.models import Bulletin, Journal, Revision, Source
from dispatcher.sources import held


def test_what_was_published_long_ago_is_held_as_late_and_a_person_lets_it_go(db: str) -> None:
    with Website() as site:
        source = declare(site)
        site.pages["/feed"] = feed()
        run()
        site.pages["/feed"] = feed(entry(1, age=timedelta(days=90)), entry(2))
        one = run()
        assert (one.new, one.held) == (2, 1)
        late = Bulletin.objects.get(state="held")
        assert late.held_because.startswith("late")
        assert held.release(source, None, actor="ana") == 1
        assert held.release(source, None, actor="ana") == 0
    late.refresh_from_db()
    assert late.state == "unmatched"
    assert Journal.objects.get(verb="release").actor == "ana"


def test_with_the_limit_off_old_dates_are_news(db: str) -> None:
    with Website() as site:
        declare(site, late_after_days=0)
        site.pages["/feed"] = feed()
        run()
        site.pages["/feed"] = feed(entry(1, age=timedelta(days=900)))
        assert run().held == 0


def test_a_date_far_ahead_delays_nothing_and_is_noted(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed()
        run()
        site.pages["/feed"] = feed(entry(1, age=timedelta(days=-90)), entry(2, age=timedelta(hours=-20)))
        assert (run().new, set(states().values())) == (2, {"unmatched"})
    assert sorted(Revision.objects.values_list("notes", flat=True)) == [
        [],
        ["its date is more than a day ahead"],
    ]


def test_a_flood_is_held_whole_and_may_be_discarded(db: str) -> None:
    with Website() as site:
        source = declare(site)
        site.pages["/feed"] = feed()
        run()
        site.pages["/feed"] = feed(*[entry(n) for n in range(1, 13)])
        one = run()
        assert (one.new, one.held) == (12, 12)
        assert held.discard(source, None, actor="ana") == 12
    assert set(states().values()) == {"dismissed"}


def test_a_change_to_many_items_at_once_is_a_flood_too(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed(*[entry(n) for n in range(1, 13)])
        run()
        footer = (
            "A footer that was added to every page of the site, and that is longer than fifty characters."
        )
        site.pages["/feed"] = feed(
            *[entry(n, body=f"Something new for providers. {footer}") for n in range(1, 13)]
        )
        one = run()
    assert (one.revised, one.held) == (12, 12)
    assert not Bulletin.objects.filter(state="unmatched").exists()


def test_small_changes_to_many_items_hold_back_nothing(db: str) -> None:
    with Website() as site:
        declare(site)
        site.pages["/feed"] = feed(
            *[entry(n, body="Posted 2 days ago. Something new.") for n in range(1, 13)]
        )
        run()
        later = [entry(n, body="Posted 3 days ago. Something new.") for n in range(1, 13)]
        site.pages["/feed"] = feed(entry(13), *later)
        one = run()
    assert (one.new, one.revised, one.held) == (1, 12, 0)


def test_what_a_person_discarded_does_not_come_back_by_an_edit(db: str) -> None:
    with Website() as site:
        source = declare(site)
        site.pages["/feed"] = feed()
        run()
        site.pages["/feed"] = feed(entry(1, "Hearing on March 27", age=timedelta(days=90)))
        run()
        held.discard(source, None, actor="ana")
        site.pages["/feed"] = feed(entry(1, "Hearing on April 3", age=timedelta(days=90)))
        run()
    assert set(states().values()) == {"dismissed"}


def test_reading_a_source_in_another_way_means_a_silent_baseline(db: str) -> None:
    with Website() as site:
        source = declare(site)
        site.pages["/feed"] = feed(entry(1))
        run()
        Source.objects.filter(id=source.id).update(declared=source.declared | {"minimum_records": 1})
        site.pages["/feed"] = feed(entry(2), entry(1))
        assert run().baseline
    assert set(states().values()) == {"baseline"}
