"""How many connections a relay gets, and which relay: more while it takes mail, fewer when it complains, the preferred one again once it is back."""

from datetime import timedelta

import factories as make
import pytest
from acts import On
from relay import Smtpd
from sending import owe, run, states

from dispatcher.delivery.connection import Result
from dispatcher.delivery.standing import Standing
from dispatcher.formats.verdicts import Reply, Stage, Verdict
from dispatcher.models import Delivery, Relay
from dispatcher.models.clock import database_now
from dispatcher.parsing import SmtpUrl

ONE = SmtpUrl("127.0.0.1", 25, "plain", "", "")
SLOW = On("content", wait=0.02)


def people(count: int) -> list[str]:
    return [f"person{n}@example.com" for n in range(count)]


def result(verdict: Verdict, code: int, enhanced: str) -> Result:
    return Result(Stage.RCPT, Reply(code, f"{enhanced} words"), verdict, 1)


YES = result(Verdict.ACCEPTED, 250, "2.0.0")


def grown(limit: int) -> Standing:
    standing = Standing([ONE], limit)
    while standing.has_room(str(ONE)):
        standing.opened(str(ONE))
        standing.judge(str(ONE), YES)
    return standing


# --- over how many connections ---


def test_the_pool_begins_with_two_and_grows_to_the_limit_while_the_relay_takes_mail(db: str) -> None:
    owe(*people(60))
    with Smtpd(script=[SLOW]) as relay:
        assert run(relay, smtp_connections=6).counts == {"accepted": 60}
        assert relay.connections == 6
        assert {one.connection for one in relay.messages[:2]} == {1, 2}
        assert len({one.connection for one in relay.messages[-12:]}) > 2


@pytest.mark.parametrize(
    "complaint", [b"451 4.7.0 too fast", b"450 4.7.1 rate exceeded", b"421 4.7.0 too much at once"]
)
def test_a_relay_that_complains_gets_half_as_many(db: str, complaint: bytes) -> None:
    owe(*people(100))
    with Smtpd(script=[On("rcpt", complaint, nth=40, drop=complaint.startswith(b"421")), SLOW]) as relay:
        run(relay, smtp_connections=8)
        assert len({one.connection for one in relay.messages[20:36]}) > 4
        # Whatever was offered when it complained still goes the way it began.
        assert len({one.connection for one in relay.messages[-30:]}) <= 4
    assert states()["accepted"] == 99


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (result(Verdict.RECONNECT, 421, "4.3.2"), 4),
        (result(Verdict.LATER, 450, "4.7.1"), 4),
        (result(Verdict.POLICY, 421, "4.7.0"), 4),
        (result(Verdict.LATER, 450, "4.2.1"), 8),
        (result(Verdict.GONE, 550, "5.1.1"), 8),
        (result(Verdict.POLICY, 550, "5.7.1"), 8),
    ],
)
def test_only_what_concerns_our_rate_halves_the_pool(answer: Result, wanted: int) -> None:
    standing = grown(8)
    standing.judge(str(ONE), answer)
    assert standing.wanted(str(ONE)) == wanted
    assert standing.is_crowded(str(ONE)) == (wanted < 8)


def test_after_a_complaint_the_pool_grows_slowly_and_never_falls_below_one() -> None:
    standing = grown(8)
    standing.judge(str(ONE), result(Verdict.LATER, 450, "4.7.1"))
    for _ in range(200):
        assert standing.wanted(str(ONE)) == 4
        standing.judge(str(ONE), YES)
    standing.judge(str(ONE), YES)
    assert standing.wanted(str(ONE)) == 5
    for _ in range(5):
        standing.judge(str(ONE), result(Verdict.LATER, 450, "4.7.1"))
        while standing.is_crowded(str(ONE)):
            standing.closed(str(ONE))
    assert standing.wanted(str(ONE)) == 1


# --- which relay ---


def test_the_preferred_relay_gets_the_mail_again_within_the_round_in_which_it_recovers(db: str) -> None:
    owe(*people(60))
    with Smtpd() as first, Smtpd(script=[On("content", wait=0.1)]) as second:
        away = database_now()
        Relay.objects.create(
            name=str(first.relay), failures=1, down_since=away, retry_at=away + timedelta(seconds=0.5)
        )
        assert run(first, second, claim_size=8).counts == {"accepted": 60}
        assert first.messages
        assert second.messages
        assert len(first.messages) + len(second.messages) == 60
    assert Relay.objects.get(name=str(first.relay)).down_since is None


def test_while_its_probes_fail_the_other_relay_goes_on_and_nobody_is_charged(db: str) -> None:
    mailing = owe(*people(40))
    with Smtpd() as first, Smtpd(script=[On("content", wait=0.1)]) as second:
        first.stop()
        away = database_now()
        Relay.objects.create(
            name=str(first.relay), failures=1, down_since=away, retry_at=away + timedelta(seconds=0.4)
        )
        assert run(first, second, claim_size=8).counts == {"accepted": 40}
        assert len(second.messages) == 40
    assert Relay.objects.get(name=str(first.relay)).failures == 2
    assert set(mailing.deliveries.values_list("tries", "doubts")) == {(0, 0)}
    make.assert_sums(mailing.id)


def test_a_relay_that_takes_one_after_the_other_and_says_nothing_is_left_in_peace(db: str) -> None:
    """Else each of them would go out twice."""
    owe(*people(40))
    with Smtpd(script=[On("content", drop=True, store=True)]) as relay:
        assert "trouble" in run(relay, smtp_connections=2).stopped
        assert 3 <= len(relay.messages) <= 4
    assert Delivery.objects.filter(doubts=1).count() == len(relay.messages)
    assert states() == {"pending": 40}
    assert Relay.objects.get().retry_at > database_now()
