"""What a relay's word means for one delivery: its end, or when it is due again. Values in, values out."""

from datetime import datetime, timedelta
from random import random

from dispatcher.delivery.connection import Result
from dispatcher.delivery.queue import Copy
from dispatcher.delivery.statements import Outcome
from dispatcher.formats.verdicts import Verdict, consequence, delay
from dispatcher.models import DeliveryState


def outcome_of(copy: Copy, relay: str, result: Result, now: datetime) -> Outcome:
    """A result in the ledger's words."""
    follows = consequence(result.verdict, result.reply)
    state, reason, wait = str(follows.state), "", timedelta()
    if state == DeliveryState.FAILED:
        reason = result.verdict.value
    elif state == DeliveryState.PENDING:
        state, reason, wait = _again(copy, result.verdict, now)
    return Outcome(
        copy.row.id,
        copy.row.attempt,
        state,
        result.verdict,
        mailing=copy.row.mailing,
        reason=reason,
        code=result.reply.code if result.reply else None,
        reply=result.reply.text if result.reply else result.problem,
        relay=relay,
        duration_ms=result.duration_ms,
        charged=follows.charged,
        doubted=result.verdict is Verdict.IN_DOUBT,
        due_in=wait,
    )


def unmade(copy: Copy, failure: Exception) -> Outcome:
    """A copy that could not even be put together: a fault of ours, recorded in its row."""
    what = f"{type(failure).__name__}: {failure}"[:1000]
    row = copy.row
    return Outcome(row.id, row.attempt, DeliveryState.FAILED, Verdict.BUG, reason="bug", reply=what)


def _again(copy: Copy, verdict: Verdict, now: datetime) -> tuple[str, str, timedelta]:
    failures = {
        Verdict.IN_DOUBT: copy.row.doubts + 1,
        Verdict.LATER: copy.row.tries + 1,
        Verdict.POLICY: copy.row.tries + 1,
    }
    wait = delay(verdict, failures.get(verdict, 1), system=copy.press.system, jitter=random())  # noqa: S311 -- spreads load, guards nothing
    if wait is None:
        return DeliveryState.FAILED, "unknown", timedelta()
    if verdict in {Verdict.LATER, Verdict.POLICY} and now + wait - copy.row.owed_since > copy.press.patience:
        return DeliveryState.FAILED, "expired", timedelta()
    return DeliveryState.PENDING, "", wait
