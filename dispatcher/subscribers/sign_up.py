"""Sign up: what somebody typed becomes a request, the request is answered by mail, and only the link in that mail makes it count.

Asking only writes a row, the same for an address we know, do not know or may not write to, so the door tells nobody who subscribes.
It never sends: it owes a message as fan-out does, and delivery finds it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from dispatcher import suppression
from dispatcher.config import Config
from dispatcher.formats import address
from dispatcher.messages import system_mail
from dispatcher.models import (
    Because,
    Cadence,
    Delivery,
    Journal,
    LinkKind,
    LinkOutcome,
    LinkRequest,
    Subscription,
    Suppression,
    Tally,
)
from dispatcher.models.clock import change_time, database_now
from dispatcher.subscribers import caps, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came out of a form, checked. `network`: 203.0.113.0/24, 2001:db8:1:2::/64, or empty if nobody knows."""

    address: str
    network: str
    topics: tuple[int, ...] = ()
    wording: str = ""
    cadence: str = Cadence.IMMEDIATE


class SignUpState(StrEnum):
    """Where a sign-up stands."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class SignUp:
    """What the page behind the link shows: the address masked, topics by name. `just_now`: this very call confirmed it."""

    state: SignUpState
    address: str
    topics: tuple[str, ...]
    confirmed_at: datetime | None
    just_now: bool = False


def ask(config: Config, kind: LinkKind, asked: Asked) -> bool:
    """Write the request down. False if a cap turned it away, which is counted and otherwise leaves nothing."""
    request = _request(config, kind, asked)
    with transaction.atomic():
        caps.take_turns(request.capped)
        request.asked_at = database_now()
        too_many = caps.exceeded(config, request, request.asked_at)
        if too_many:
            Tally.add(too_many)
        else:
            request.save(force_insert=True)
    return not too_many


def answer() -> int:
    """Decide on every request that nobody has answered: owe its message, or note why none is sent. Returns how many are owed now."""
    return sum(_answer(one) for one in LinkRequest.to_answer().values_list("id", flat=True))


def look(delivery_id: int) -> SignUp | None:
    """The sign-up whose link came with this delivery; None if there is none."""
    request = _sign_up(delivery_id)
    return _shown(request, database_now()) if request else None


def confirm(delivery_id: int) -> SignUp | None:
    """The person says yes: what they asked for begins, once. What they have already is not touched, whoever asked."""
    with transaction.atomic():
        now = change_time()
        request = _sign_up(delivery_id)
        if request is None:
            return None
        mine = _shown(request, now).state is SignUpState.WAITING and _spend(request, now)
        if mine:
            _begin(request, delivery_id, now)
        return _shown(request, now, just_now=mine)


def _request(config: Config, kind: LinkKind, asked: Asked) -> LinkRequest:
    folded = address.fold(asked.address)
    return LinkRequest(
        kind=kind,
        address=asked.address,
        folded=folded,
        capped=address.cap_key(folded, config.secret_key),
        domain=folded.rpartition("@")[2],
        network=asked.network,
        topics=list(asked.topics),
        cadence=asked.cadence,
        wording=asked.wording,
    )


def _answer(request_id: int) -> bool:
    with transaction.atomic():
        now = database_now()
        if not LinkRequest.to_answer().filter(id=request_id).update(answered_at=now):
            return False  # somebody else was first
        request = LinkRequest.objects.get(id=request_id)
        request.outcome = _outcome(request)
        if request.outcome == LinkOutcome.MAILED:
            request.mailing = system_mail.owe(f"link:{request.id}", [request.address], now)
        request.save(update_fields=["outcome", "mailing"])
    return request.mailing is not None


def _outcome(request: LinkRequest) -> LinkOutcome:
    if _is_suppressed(request):
        return LinkOutcome.SUPPRESSED
    live = Subscription.objects.filter(subscriber__folded=request.folded, ended_at__isnull=True)
    if request.kind == LinkKind.MANAGE and not live.exists():
        return LinkOutcome.NOTHING_TO_MANAGE
    return LinkOutcome.MAILED


def _is_suppressed(request: LinkRequest) -> bool:
    """Who signs up anew after bounces gets the link: if it arrives, the mailbox lives again. Who complained has asked for no mail."""
    holds = Suppression.in_force().filter(folded=request.folded)
    if request.kind == LinkKind.CONFIRM:
        holds = holds.filter(reason=Because.COMPLAINT)
    return holds.exists()


def _sign_up(delivery_id: int) -> LinkRequest | None:
    request = LinkRequest.of_delivery(delivery_id)
    return request if request and request.kind == LinkKind.CONFIRM else None


def _shown(request: LinkRequest, now: datetime, *, just_now: bool = False) -> SignUp:
    assert request.expires_at is not None  # noqa: S101 -- its link came by mail, so it has been answered; tells the type checker
    state = SignUpState.WAITING if now < request.expires_at else SignUpState.EXPIRED
    if request.confirmed_at:
        state = SignUpState.CONFIRMED
    names = tuple(topic.name for topic in subscriptions.in_force(request.topics))
    return SignUp(state, address.mask(request.address), names, request.confirmed_at, just_now)


def _spend(request: LinkRequest, now: datetime) -> bool:
    """Of two at once, one confirms."""
    mine = LinkRequest.objects.filter(id=request.id, confirmed_at__isnull=True).update(confirmed_at=now)
    request.refresh_from_db(fields=["confirmed_at"])
    return bool(mine)


def _begin(request: LinkRequest, delivery_id: int, now: datetime) -> None:
    person = Delivery.objects.values_list("subscriber_id", flat=True).get(id=delivery_id)
    history = subscriptions.hold(person)
    wanted = {topic.id: request.cadence for topic in subscriptions.in_force(request.topics)}
    begun = subscriptions.begin(history, wanted, _consent(request), now)
    suppression.lift_by_owner(request.folded, delivery_id)
    Journal.append(
        at=now,
        actor=f"subscriber:{person}",
        door="web",
        verb="confirm",
        subject=f"subscriber:{person}",
        facts={"request": request.id, "topics": [topic.slug for topic in begun]},
    )


def _consent(request: LinkRequest) -> str:
    """The evidence, without the address."""
    asked_at = request.asked_at.isoformat(timespec="seconds")
    network, wording = request.network or "unknown", request.wording or "unknown"
    return (
        f"sign-up form: asked {asked_at} from network {network}, wording {wording}; confirmed by mailed link"
    )
