"""Taking people in: every bad line is told, twice is once, and nobody who left is brought back."""

import factories as make
import pytest

from dispatcher.errors import BadInput, Mistakes
from dispatcher.models import Catalog, Subscriber, Subscription
from dispatcher.models.clock import database_now
from dispatcher.subscribers import imports
from dispatcher.subscribers.imports import Added

HEADER = "email,topics,cadence,consent\n"


@pytest.fixture(autouse=True)
def topics(db: str) -> None:
    for slug in ("pharmacy", "dental"):
        make.topic(slug)


def take(text: str) -> Added:
    return imports.add(imports.read_csv(HEADER + text, "people.csv"))


def live() -> set[tuple[str, str, str]]:
    return set(
        Subscription.objects.filter(ended_at__isnull=True).values_list(
            "subscriber__address", "topic__slug", "cadence"
        )
    )


def test_an_import_counts_as_confirmed_with_its_evidence() -> None:
    added = take('Ann@Example.COM,pharmacy;dental,daily,"paper form, 2026-05-01"\n')
    assert (added.subscribers, added.subscriptions) == (1, 2)
    one = Subscription.objects.first()
    assert one is not None
    assert one.consent == "paper form, 2026-05-01"
    assert one.confirmed_at is not None
    assert Subscriber.objects.get().folded == "ann@example.com"


def test_a_star_means_every_topic() -> None:
    take("ann@example.com,*,immediate,form\n")
    assert {topic for _, topic, _ in live()} == {"pharmacy", "dental"}


def test_the_same_file_twice_changes_nothing() -> None:
    take("ann@example.com,pharmacy,immediate,form\n")
    before = live()
    added = take("ANN@example.com,pharmacy,weekly,form\n")
    assert (added.subscribers, added.subscriptions, added.already) == (0, 0, 1)
    assert live() == before


def test_who_left_is_not_brought_back() -> None:
    take("ann@example.com,pharmacy,immediate,form\n")
    Subscription.objects.update(ended_at=database_now(), ended_because="unsubscribed")
    assert take("ann@example.com,pharmacy,immediate,form\n").ended == 1
    assert live() == set()


def test_every_bad_line_is_told_with_its_number_and_nothing_is_taken_in() -> None:
    text = "ann@example.com,pharmacy,immediate,form\nnot an address,pharmacy,immediate,form\nben@example.com,surgery,hourly,form\ncia@example.com,dental,daily,\n"
    with pytest.raises(Mistakes) as told:
        take(text)
    places = [one.place for one in told.value.found]
    assert places == ["people.csv:3 email", "people.csv:4 topics", "people.csv:5 consent"]
    assert "pharmacy, dental" in str(told.value)
    assert not Subscriber.objects.exists()


def test_a_wrong_header_is_told() -> None:
    with pytest.raises(BadInput, match="email,topics,cadence,consent"):
        imports.read_csv("address;topic\n", "people.csv")


def test_a_spreadsheet_guard_is_taken_off() -> None:
    take("'+plus@example.com,pharmacy,immediate,form\n")
    assert Subscriber.objects.get().address == "+plus@example.com"


def test_a_byte_order_mark_and_windows_lines_are_no_obstacle() -> None:
    entries = imports.read_csv(
        "\ufeffemail,topics,cadence,consent\r\nann@example.com,pharmacy,immediate,form\r\n", "x.csv"
    )
    assert len(entries) == 1


def test_the_subscribers_of_topics_yaml_are_taken_in_once_and_never_revived() -> None:
    listed = [["pharmacy", "board@example.gov", "immediate"]]
    for version in ("one", "two"):
        Catalog.objects.create(hash=version, text="", agency={}, loaded_at=database_now(), listed=listed)
        added = imports.take_listed()
        assert added.subscriptions == (1 if version == "one" else 0)
        assert imports.take_listed() == Added()
        Subscription.objects.update(ended_at=database_now())
    assert live() == set()
