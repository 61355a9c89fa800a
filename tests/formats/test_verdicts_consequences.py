from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.formats.verdicts import (
    CONSEQUENCE,
    EXPIRES,
    SCHEDULE,
    SYSTEM_SCHEDULE,
    Action,
    Reply,
    Verdict,
    consequence,
    delay,
)

# --- consequences ---


def test_every_verdict_has_consequences() -> None:
    assert set(CONSEQUENCE) == set(Verdict)


@pytest.mark.parametrize(
    ("verdict", "state", "charged", "closes", "action"),
    [
        (Verdict.ACCEPTED, "accepted", False, False, Action.NONE),
        (Verdict.GONE, "failed", True, False, Action.SUPPRESS),
        (Verdict.BOUNCED, "failed", True, False, Action.NONE),
        (Verdict.LATER, "pending", True, False, Action.NONE),
        (Verdict.POLICY, "failed", False, False, Action.ALERT),
        (Verdict.TOO_BIG, "failed", False, False, Action.PAUSE_MAILING),
        (Verdict.CONTENT, "failed", False, False, Action.PAUSE_MAILING),
        (Verdict.BUG, "failed", False, True, Action.ALERT),
        (Verdict.RELAY_DOWN, "pending", False, True, Action.RELAY_WAITS),
        (Verdict.OUR_FAULT, "pending", False, True, Action.STOP_SENDING),
        (Verdict.IN_DOUBT, "pending", False, True, Action.NONE),
        (Verdict.RECONNECT, "pending", False, True, Action.NONE),
    ],
)
def test_what_follows_from_a_verdict(
    verdict: Verdict, state: str, charged: bool, closes: bool, action: Action
) -> None:
    found = CONSEQUENCE[verdict]
    assert (found.state, found.charged, found.closes, found.action) == (state, charged, closes, action)
    assert consequence(verdict, None) is found


def test_a_temporary_policy_refusal_waits_and_a_permanent_one_fails() -> None:
    waits = consequence(Verdict.POLICY, Reply(450, "4.7.1 greylisted"))
    assert (waits.state, waits.charged, waits.action) == ("pending", True, Action.ALERT)
    assert consequence(Verdict.POLICY, Reply(550, "5.7.1 no")).state == "failed"


# --- when again ---


def waits(verdict: Verdict, count: int, *, system: bool = False) -> list[float | None]:
    """The first waits in minutes, without jitter."""
    found = [delay(verdict, nth, system=system, jitter=0.5) for nth in range(1, count + 1)]
    return [one if one is None else round(one.total_seconds() / 60, 2) for one in found]


@pytest.mark.parametrize(
    ("verdict", "system", "minutes"),
    [
        (Verdict.RELAY_DOWN, False, [0.17, 1, 5, 15, 15, 15]),
        (Verdict.RELAY_DOWN, True, [0.17, 1, 5, 15, 15, 15]),
        (Verdict.OUR_FAULT, False, [0.17, 1, 5, 15, 15]),
        (Verdict.LATER, False, [15, 30, 60, 120, 240, 240, 240]),
        (Verdict.LATER, True, [1, 2, 5, 15, 30, 30]),
        (Verdict.POLICY, False, [15, 30, 60, 120, 240, 240]),
        (Verdict.RECONNECT, False, [1, 1, 1]),
        (Verdict.IN_DOUBT, False, [15, 15, None]),
        (Verdict.IN_DOUBT, True, [0, 0, None]),
        (Verdict.GONE, False, [None]),
        (Verdict.BOUNCED, True, [None]),
        (Verdict.ACCEPTED, False, [None]),
    ],
)
def test_the_schedule(verdict: Verdict, system: bool, minutes: list[float | None]) -> None:
    assert waits(verdict, len(minutes), system=system) == minutes


def test_exactly_what_may_stay_pending_has_a_schedule() -> None:
    pending = {verdict for verdict, follows in CONSEQUENCE.items() if follows.state == "pending"} | {
        Verdict.POLICY
    }
    assert set(SCHEDULE) == set(SYSTEM_SCHEDULE) == pending


@given(
    st.sampled_from(sorted(SCHEDULE)), st.integers(1, 50), st.booleans(), st.floats(0, 1, exclude_max=True)
)
def test_jitter_stays_within_a_fifth(verdict: Verdict, failures: int, system: bool, jitter: float) -> None:
    middle = delay(verdict, failures, system=system, jitter=0.5)
    spread = delay(verdict, failures, system=system, jitter=jitter)
    if middle is None:
        assert spread is None
    else:
        assert abs(spread - middle) <= middle * 0.2 + timedelta(microseconds=2)


def test_deliveries_expire_after_four_days_and_legal_notices_after_five() -> None:
    assert (EXPIRES["ordinary"], EXPIRES["legal"]) == (timedelta(days=4), timedelta(days=5))
