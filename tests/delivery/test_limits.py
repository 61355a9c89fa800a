"""Rates, shares and breakers, as a worker keeps to them: nobody is charged or lost, and the others go on."""

import time
from datetime import timedelta
from itertools import pairwise

import factories as make
import pytest
from acts import On
from relay import Smtpd
from sending import owe, run, settings, states

from dispatcher.delivery import breakers, deliver
from dispatcher.formats.verdicts import Verdict
from dispatcher.models import Breaker, Delivery
from dispatcher.models.clock import database_now
from dispatcher.models.delivery import OPEN

NOBODY = "redis://127.0.0.1:9/0"  # rates are then kept in memory: what is tested here is what they do to rows


def people(count: int, domain: str) -> list[str]:
    return [f"person{n}@{domain}" for n in range(count)]


def test_a_rate_of_the_relay_holds_over_claims_and_everybody_is_served(db: str) -> None:
    owe(*people(30, "example.com"))
    with Smtpd() as relay:
        began = time.monotonic()
        assert run(relay, redis_url=NOBODY, relay_rate=20.0).counts == {"accepted": 30}
        assert time.monotonic() - began >= 0.5  # 20 at once, 10 over half a second


def test_beyond_its_rate_a_domain_waits_and_the_others_go_on(db: str) -> None:
    owe(*people(12, f"slow-{len(db)}.example"), *people(5, "quick.example"))
    with Smtpd() as relay:
        run(relay, redis_url=NOBODY, domain_rate={f"slow-{len(db)}.example": 2 / 60}, deliver_seconds=2)
    assert states() == {"accepted": 6, "pending": 11}
    waiting = Delivery.objects.filter(state="pending").order_by("due_at")
    assert {one.tries for one in waiting} == {0}
    gaps = [(later.due_at - sooner.due_at).total_seconds() for sooner, later in pairwise(waiting)]
    assert gaps == pytest.approx([30.0] * 10, abs=1)


def test_of_one_domain_only_so_many_are_under_way_at_once(db: str) -> None:
    owe(*people(8, "slow.example"), *people(8, "quick.example"))
    with Smtpd(script=[On("content", recipient="slow.example", wait=0.05)]) as relay:
        run(relay, redis_url=NOBODY, domain_connections={"slow.example": 1})
    assert states() == {"accepted": 16}
    slow = [n for n, one in enumerate(relay.messages) if "slow" in one.recipient]
    assert len({relay.messages[n].connection for n in slow[:2]}) <= 2
    assert slow[-1] == 15  # one after the other, while the others went past


def test_connections_to_a_relay_are_shared(db: str) -> None:
    owe(*people(40, "example.com"))
    with Smtpd() as relay:
        run(relay, redis_url=NOBODY, relay_connections=6, senders=3)
        assert relay.connections <= 2
    assert states() == {"accepted": 40}


REFUSED = On("rcpt", b"550 5.7.1 we do not want your mail", recipient="strict.example")


def test_a_domain_that_refuses_us_is_left_in_peace_and_the_others_go_on(db: str) -> None:
    mailing = owe(*people(40, "strict.example"), *people(10, "example.com"))
    with Smtpd(script=[REFUSED]) as relay:
        run(relay, smtp_connections=2, claim_size=10)
        run(relay)  # what had been claimed when it opened went back
        tried = len([line for line in relay.told(b"RCPT") if b"strict" in line])
    assert breakers.FEWEST <= tried <= breakers.FEWEST + 4
    assert Delivery.objects.filter(state="accepted").count() == 10
    assert Delivery.objects.filter(state="pending").count() == 40 - tried
    breaker = Breaker.objects.get()
    assert breaker.domain == "strict.example"
    assert "do not want" in breaker.problem
    waiting = Delivery.objects.filter(state__in=OPEN)
    assert all(one.due_at >= breaker.retry_at for one in waiting)
    assert not waiting.filter(tries__gt=0).exists()
    make.assert_sums(mailing.id)


def due() -> None:
    """Its time has come, for the breaker as for the rows."""
    Breaker.objects.update(retry_at=make.LONG_AGO)
    Delivery.objects.filter(state="pending").update(due_at=make.LONG_AGO)


def test_one_probe_decides_whether_a_domain_gets_mail_again(db: str) -> None:
    owe(*people(20, "strict.example"))
    breakers.open_up("strict.example", "550 5.7.1")
    with Smtpd(script=[REFUSED]) as relay:
        due()
        run(relay)
        assert len(relay.told(b"RCPT")) == 1
        again = Breaker.objects.get()
        assert again.refusals == 2
        assert again.retry_at - database_now() > timedelta(minutes=25)
        relay.script = []
        due()
        run(relay)
        assert len(relay.messages) == 1
        assert not Breaker.objects.exists()
        due()
        run(relay)
    assert states() == {"failed": 1, "accepted": 19}


def test_probes_become_rarer_up_to_four_hours(db: str) -> None:
    waits = []
    for _ in range(7):
        breakers.open_up("strict.example", "550 5.7.1")
        waits.append(round((Breaker.objects.get().retry_at - database_now()).total_seconds() / 60))
        Breaker.objects.update(probing=True)
    assert waits == [15, 30, 60, 120, 240, 240, 240]


def test_a_few_refusals_among_many_open_nothing() -> None:
    seen = breakers.Breakers()
    for number in range(200):
        refused = number % 10 == 0  # one of ten
        verdict = Verdict.POLICY if refused else Verdict.ACCEPTED
        assert not seen.notice("strict.example", verdict)


def test_the_time_of_a_round_is_not_waited_out_when_nothing_may_go(db: str) -> None:
    owe(*people(3, f"rare-{len(db)}.example"))
    with Smtpd() as relay:
        began = time.monotonic()
        done = deliver.pending(settings(relay, redis_url=NOBODY, domain_rate={"*": 1 / 3600}))
        assert time.monotonic() - began < 5
    assert done.counts == {"accepted": 1}
