"""Nobody loses a notice because a rule was missing: a person gives it its topics, or says why nobody needs it."""

import asking
import factories as make
import pytest

from dispatcher.errors import NotFound, Refused
from dispatcher.mailings import fan_out
from dispatcher.models import Bulletin, Journal, Topic
from dispatcher.topics import by_hand
from dispatcher.topics.by_hand import By

OLGA = By("olga", facts={"account": "1000"})


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def pharmacy() -> Topic:
    topic = make.topic("pharmacy")
    make.subscription(make.subscriber(), topic)
    return topic


def test_what_is_assigned_is_mailed_to_who_follows_and_says_who_decided(pharmacy: Topic) -> None:
    bulletin = make.bulletin(state="unmatched")
    assert by_hand.assign(bulletin.id, ["pharmacy"], OLGA) == ["pharmacy"]
    assert by_hand.assign(bulletin.id, ["pharmacy", "pharmacy"], OLGA) == [], "twice is once"
    (evidence,) = bulletin.matches.get().evidence
    assert (evidence["rule"], evidence["text"]) == ("by hand", "olga")
    entry = Journal.objects.get()
    assert (entry.actor, entry.verb, entry.subject) == ("olga", "assign", f"bulletin:{bulletin.id}")
    assert entry.facts == {"topics": ["pharmacy"], "account": "1000"}
    mailing = asking.written_out(fan_out.begin(bulletin.id))
    assert make.assert_sums(mailing.id)["pending"] == 1


def test_topics_may_be_added_until_it_is_mailed(pharmacy: Topic) -> None:
    make.topic("340b")
    bulletin = make.bulletin(pharmacy)
    assert by_hand.assign(bulletin.id, ["pharmacy", "340b"], OLGA) == ["340b"]
    fan_out.begin(bulletin.id)
    with pytest.raises(Refused, match=r"is mailed → .*blast"):
        by_hand.assign(bulletin.id, ["340b"], OLGA)


def test_what_is_dismissed_is_mailed_to_nobody_until_somebody_thinks_better_of_it(pharmacy: Topic) -> None:
    bulletin = make.bulletin(state="unmatched")
    assert by_hand.dismiss(bulletin.id, "about parking", OLGA)
    assert not by_hand.dismiss(bulletin.id, "about parking", OLGA)
    bulletin.refresh_from_db()
    assert (bulletin.state, bulletin.held_because) == ("dismissed", "about parking")
    assert Journal.objects.get().facts == {"because": "about parking", "account": "1000"}
    by_hand.assign(bulletin.id, ["pharmacy"], OLGA)
    bulletin.refresh_from_db()
    assert (bulletin.state, bulletin.held_because) == ("matched", "")


@pytest.mark.parametrize("state", ["held", "mailed", "baseline", "draft", "cancelled"])
def test_what_waits_for_something_else_is_refused_with_the_remedy(pharmacy: Topic, state: str) -> None:
    bulletin = make.bulletin(state=state)
    for act in (
        lambda: by_hand.assign(bulletin.id, ["pharmacy"], OLGA),
        lambda: by_hand.dismiss(bulletin.id, "why", OLGA),
    ):
        with pytest.raises(Refused, match=f"is {state} → "):
            act()
    assert not Journal.objects.exists()


def test_what_nobody_has_looked_at_yet_is_not_dismissed(pharmacy: Topic) -> None:
    bulletin = make.bulletin(state="unmatched", matched_at=None)
    with pytest.raises(Refused):
        by_hand.dismiss(bulletin.id, "why", OLGA)


def test_a_topic_that_is_not_there_or_retired_is_refused_and_nothing_is_half_done(pharmacy: Topic) -> None:
    old = make.topic("old", retired_at=make.LONG_AGO)
    old.successors.add(pharmacy)
    bulletin = make.bulletin(state="unmatched")
    with pytest.raises(NotFound, match="no topic 'pharmcy'"):
        by_hand.assign(bulletin.id, ["pharmacy", "pharmcy"], OLGA)
    with pytest.raises(Refused, match="old is retired → pharmacy"):
        by_hand.assign(bulletin.id, ["pharmacy", "old"], OLGA)
    with pytest.raises(NotFound, match="no bulletin 99"):
        by_hand.dismiss(99, "why", OLGA)
    assert not Bulletin.objects.get().matches.exists()


def test_of_two_decisions_at_once_the_second_sees_the_first(pharmacy: Topic) -> None:
    bulletin = make.bulletin(state="unmatched")

    def assign() -> object:
        return by_hand.assign(bulletin.id, ["pharmacy"], OLGA)

    assert sorted(map(str, asking.at_once(assign, assign))) == ["['pharmacy']", "[]"]
    assert Journal.objects.count() == 1
