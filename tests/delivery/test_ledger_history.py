"""Whatever happens to a delivery, in whatever order: it only ever takes moves that the table allows, and the sums add up."""

from datetime import timedelta

import factories as make
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from owing import accepted, claim, expire, owe

from dispatcher.delivery import leases, ledger
from dispatcher.delivery.ledger import Claimed
from dispatcher.delivery.statements import Mark, Outcome
from dispatcher.mailings import progress, release
from dispatcher.mailings.progress import By
from dispatcher.models import Delivery, Mailing, Subscriber, Subscription, Suppression
from dispatcher.models.clock import database_now
from dispatcher.models.delivery import MOVES, DeliveryState
from dispatcher.subscribers import preferences

STEPS = st.lists(
    st.sampled_from(
        [
            "claim",
            "mark",
            "accept",
            "later",
            "expire",
            "recover",
            "unsubscribe",
            "leave",
            "undo",
            "pause",
            "resume",
            "old",
            "release",
            "put back",
            "postpone",
            "suppress",
            "cancel",
            "cancel rest",
            "owe again",
        ]
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
# A marked row whose content may not leave after all is withdrawn, and ends with its next claim; or is offered, and put back.
@example(steps=["claim", "mark", "pause", "mark", "resume", "claim", "mark", "accept"])
@example(steps=["claim", "mark", "leave", "mark", "claim", "mark", "undo"])
@example(steps=["claim", "mark", "suppress", "mark", "claim", "mark"])
@example(steps=["claim", "mark", "cancel", "mark", "claim", "cancel rest"])
@example(
    steps=[
        *["claim", "mark", "expire", "recover"] * 3,
        "owe again",
        "claim",
        "mark",
        "old",
        "expire",
        "recover",
        "owe again",
    ]
)
@example(steps=["claim", "mark", "put back", "old", "claim", "postpone", "claim", "mark", "old", "accept"])
def test_no_sequence_of_events_takes_a_move_that_is_not_in_the_table(db: str, steps: list[str]) -> None:
    mailing = owe()
    held: list[Claimed] = []
    state = DeliveryState.PENDING
    row = Delivery.objects.get(mailing=mailing)
    for step in steps:
        _take(step, mailing, held)
        row.refresh_from_db()
        now = DeliveryState(row.state)
        assert now == state or now in MOVES[state], f"{step}: {state} → {now}"
        state = now
        make.assert_sums(mailing.id)
    Mailing.objects.filter(id=mailing.id).update(state="done")


def _take(step: str, mailing: Mailing, held: list[Claimed]) -> None:
    match step:
        case "claim":
            held.extend(row for row in claim() if row.mailing == mailing.id)
        case "mark" | "accept" | "later" | "old" | "postpone" | "put back" if held:
            _report(step, held[0] if step == "old" else held[-1])
        case "expire":
            expire()
        case "recover":
            leases.recover()
        case "release":
            leases.release("worker", timedelta())
        case "unsubscribe":
            Subscription.objects.update(ended_at=database_now())
        case "leave":
            preferences.unsubscribe(mailing.deliveries.get().id, "all")
        case "undo":
            preferences.undo(mailing.deliveries.get().id)
        case "suppress":
            _suppress(mailing.deliveries.get().subscriber)
        case _:
            _steer(step, Mailing.objects.get(id=mailing.id))


def _suppress(person: Subscriber) -> None:
    if not Suppression.objects.filter(folded=person.folded).exists():
        make.suppress(person)


def _steer(step: str, mailing: Mailing) -> None:
    match step:
        case "pause":
            progress.pause(mailing, By("ana"))
        case "resume":
            progress.resume(mailing, By("ana"))
        case "cancel":
            progress.cancel(mailing, By("ana"))
        case "cancel rest":
            progress.cancel_rest()
        case "owe again":
            release.release(mailing.id, "unknown", By("ana"))


def _report(step: str, row: Claimed) -> None:
    if step == "mark":
        ledger.commit([], [Mark(row.id, row.attempt)])
    elif step == "postpone":
        leases.postpone([(row.id, row.attempt, timedelta())])
    elif step == "put back":
        leases.release("worker", timedelta(), [row.id])
    elif step == "later":
        ledger.commit([Outcome(row.id, row.attempt, DeliveryState.PENDING, "later", charged=True)], [])
    else:
        ledger.commit([accepted(row)], [])
