"""Taking people in: every bad line is told, twice is once, and nobody who left is brought back."""

from concurrent.futures import ThreadPoolExecutor

import asking
import factories as make
import pytest
from django.db import connection, connections, transaction
from supervised import eventually

from dispatcher.errors import BadInput, Mistakes
from dispatcher.models import Catalog, Journal, Subscriber, Subscription, Topic
from dispatcher.models.clock import database_now
from dispatcher.subscribers import imports, sign_up, subscriptions
from dispatcher.subscribers.imports import Added

HEADER = "email,topics,cadence,consent\n"


@pytest.fixture(autouse=True)
def topics(db: str) -> None:
    for slug in ("pharmacy", "dental"):
        make.topic(slug)


def take(text: str) -> Added:
    return imports.add(imports.read_csv(HEADER + text, "people.csv"), actor="shell:ana", door="shell")


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


def test_one_address_in_several_lines_is_one_person_with_all_of_them() -> None:
    text = "Ann@example.com,pharmacy,daily,form\nann@example.com,pharmacy;dental,immediate,letter\n"
    assert take(text) == Added(subscribers=1, subscriptions=2, already=1)
    assert live() == {("Ann@example.com", "pharmacy", "daily"), ("Ann@example.com", "dental", "immediate")}


def test_the_counts_tell_all_kinds_apart() -> None:
    take("ann@example.com,pharmacy;dental,immediate,form\n")
    Subscription.objects.filter(topic__slug="dental").update(ended_at=database_now())
    added = take("ann@example.com,*,immediate,form\nben@example.com,*,immediate,form\n")
    assert added == Added(subscribers=1, subscriptions=2, already=1, ended=1)


def test_the_journal_keeps_who_and_how_many_and_no_address() -> None:
    take("ann@example.com,pharmacy,immediate,form\nben@example.com,*,immediate,form\n")
    [entry] = Journal.objects.all()
    assert (entry.actor, entry.door, entry.verb) == ("shell:ana", "shell", "import")
    assert entry.facts == {"lines": 2, "subscribers": 2, "subscriptions": 3, "already": 0, "ended": 0}
    assert imports.add([], actor="shell:ana", door="shell") == Added()
    assert Journal.objects.count() == 1


def test_many_people_are_few_statements_and_transactions_of_some_hundred(queries: list[str]) -> None:
    text = "".join(f"person{number}@example.com,*,immediate,form\n" for number in range(450))
    for new in (450, 0):
        queries.clear()
        assert take(text).subscribers == new
        assert len(queries) < 40


def test_an_import_and_a_confirmation_at_once_are_one_subscription() -> None:
    pharmacy = Topic.objects.get(slug="pharmacy")
    for number in range(5):
        address = f"person{number}@example.com"
        delivery = asking.link(address, pharmacy)
        line = f"{address},pharmacy,immediate,form\n"
        asking.at_once(
            lambda line=line: take(line),
            lambda delivery=delivery: sign_up.confirm(delivery),
            lambda line=line: take(line),
        )
    assert Subscription.objects.count() == 5


def test_an_import_waits_for_who_is_being_changed_and_does_not_fail(db: str) -> None:
    if db.startswith("sqlite"):
        pytest.skip("one writer at a time: nobody is being changed meanwhile")
    pharmacy, person = Topic.objects.get(slug="pharmacy"), make.subscriber("ann@example.com")
    with ThreadPoolExecutor(1) as others, transaction.atomic():
        subscriptions.begin(subscriptions.hold(person.id), {pharmacy.id: "daily"}, "form", database_now())
        taken = others.submit(_taken_elsewhere, "ann@example.com,*,immediate,form\n")
        assert eventually(lambda: _waiting() == 1, 5)
    assert taken.result() == Added(subscriptions=1, already=1)
    assert {(topic, cadence) for _, topic, cadence in live()} == {
        ("pharmacy", "daily"),
        ("dental", "immediate"),
    }


def _taken_elsewhere(text: str) -> Added:
    try:
        return take(text)
    finally:
        connections.close_all()


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction the first look is kept
        cursor.execute(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def test_two_imports_of_the_same_people_in_another_order_take_each_in_once() -> None:
    lines = [f"person{number}@example.com,*,immediate,form\n" for number in range(60)]
    added = asking.at_once(lambda: take("".join(lines)), lambda: take("".join(reversed(lines))))
    assert sorted(one.subscribers for one in added) == [0, 60]
    assert sum(one.subscriptions for one in added) == Subscription.objects.count() == 120


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
