"""Caps: however many ask, from wherever, one mailbox gets a few messages a day, and everybody else is served."""

from dataclasses import replace
from datetime import timedelta

import asking
import factories as make
import pytest
from asking import ANN, ask, earlier

from dispatcher import config
from dispatcher.formats.address import cap_key
from dispatcher.management import health
from dispatcher.models import LinkKind, LinkRequest, Tally
from dispatcher.models.clock import database_now
from dispatcher.parsing import Cap
from dispatcher.subscribers import sign_up
from dispatcher.subscribers.sign_up import Asked

MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


def tally() -> dict[str, int]:
    return Tally.since(database_now() - HOURS)


def test_one_address_is_mailed_once_in_fifteen_minutes_whatever_is_asked_for() -> None:
    assert ask()
    assert not ask(ANN, make.topic(), kind=LinkKind.CONFIRM)
    assert not ask(kind=LinkKind.MANAGE)
    assert not ask("Ann+elsewhere@EXAMPLE.com")
    assert ask("a.nn@example.com")
    earlier(14 * MINUTES)
    assert not ask()
    earlier(2 * MINUTES)
    assert ask()
    assert LinkRequest.objects.count() == 3
    assert tally() == {"address cap": 4}


def test_three_times_a_day_and_ten_times_in_a_month() -> None:
    for _ in range(3):
        assert ask()
        earlier(16 * MINUTES)
    assert not ask()
    earlier(24 * HOURS)
    for _ in range(7):
        assert ask()
        earlier(9 * HOURS)
    assert not ask()
    earlier(30 * 24 * HOURS)
    assert ask()


def test_known_unknown_and_suppressed_addresses_cost_the_same_queries(queries: list[str]) -> None:
    make.subscription(make.subscriber("known@example.com"), make.topic())
    make.suppress(make.subscriber("suppressed@example.com"))
    asked: list[list[str]] = []
    for one in ("known", "unknown", "suppressed"):
        queries.clear()
        assert ask(f"{one}@example.com")
        asked.append(list(queries))
    assert asked[0] == asked[1] == asked[2]


def test_a_flood_for_one_victim_from_everywhere_is_three_messages_a_day() -> None:
    """300 stand for 10,000: what is turned away leaves no row, so more of them change nothing."""
    passed = 0
    for day_third in range(3):
        passed += sum(
            ask("victim+" + str(n) + "@example.com", network=f"198.51.{n}.0/24") for n in range(100)
        )
        assert passed == day_third + 1
        earlier(16 * MINUTES)
    assert not ask("victim@example.com", network="192.0.2.0/24")
    assert ask("other@example.com", network="198.51.7.0/24")
    assert tally() == {"address cap": 298}
    assert sign_up.answer() == 4


@pytest.mark.parametrize(
    ("setting", "which", "another"),
    [
        ("cap_network", "network cap", Asked(address="b@example.org", network="203.0.113.0/24")),
        ("cap_domain", "domain cap", Asked(address="b@EXAMPLE.com", network="192.0.2.0/24")),
        ("cap_all", "cap in all", Asked(address="b@example.org", network="192.0.2.0/24")),
    ],
)
def test_each_wider_cap_counts_its_own_kind_alone(setting: str, which: str, another: Asked) -> None:
    tight = replace(config.current(), **{setting: (Cap(1, 3600),)})
    stranger = Asked(address="c@example.net", network="2001:db8::/64")
    assert ask()
    assert not sign_up.ask(tight, LinkKind.CONFIRM, another)
    assert sign_up.ask(tight, LinkKind.CONFIRM, stranger) is (setting != "cap_all")
    assert set(tally()) == {which}
    earlier(61 * MINUTES)
    assert sign_up.ask(tight, LinkKind.CONFIRM, another)


def test_who_comes_from_nowhere_counts_as_one_network() -> None:
    tight = replace(config.current(), cap_network=(Cap(1, 3600),))
    assert sign_up.ask(tight, LinkKind.CONFIRM, Asked(address="a@example.com", network=""))
    assert not sign_up.ask(tight, LinkKind.CONFIRM, Asked(address="b@example.com", network=""))


def test_of_many_at_once_for_one_address_one_passes() -> None:
    passed = asking.at_once(*[lambda: ask(network="") for _ in range(6)])
    assert sorted(map(bool, passed)) == [False] * 5 + [True]
    assert tally() == {"address cap": 5}


def test_a_new_secret_does_not_empty_the_cap_of_an_address() -> None:
    before = replace(config.current(), cap_address=(Cap(1, 3600),))
    asked = Asked(address=ANN, network="203.0.113.0/24")
    assert sign_up.ask(before, LinkKind.CONFIRM, asked)
    rotated = replace(before, secret_key="n" * 40, secret_key_fallbacks=("m" * 40, before.secret_key))
    assert not sign_up.ask(rotated, LinkKind.CONFIRM, asked)
    assert sign_up.ask(rotated, LinkKind.CONFIRM, replace(asked, address="ben@example.com"))
    assert tally() == {"address cap": 1}


def test_the_key_of_a_cap_gives_no_address_away_and_depends_on_the_secret() -> None:
    key = cap_key("jane.doe+tag@example.com", "k" * 32)
    assert key == cap_key("jane.doe@example.com", "k" * 32)
    assert key != cap_key("janedoe@example.com", "k" * 32)
    assert key != cap_key("jane.doe@example.com", "l" * 32)
    assert len(key) == 64


def test_status_tells_when_unusually_many_are_turned_away_and_by_which_cap() -> None:
    def told() -> list[dict[str, str]]:
        found = health.problems(config.current(), [], database_now())
        return [one for one in found if one["where"] == "sign-ups"]

    for _ in range(50):
        Tally.add("network cap")
    Tally.add("something else that is counted")
    assert told() == []
    Tally.add("address cap")
    assert [one["what"] for one in told()] == [
        "1 turned away in this hour and the last: address cap",
        "50 turned away in this hour and the last: network cap",
    ]
    assert "DISPATCHER_PROXIES" in told()[1]["remedy"]
    Tally.objects.update(hour=database_now() - 3 * HOURS)
    assert told() == []
