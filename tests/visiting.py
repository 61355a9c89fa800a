"""What visitors of the pages bring along: the links of their mail, and forms that a person has filled in."""

import time
from datetime import UTC, datetime

import factories as make
from django.apps import apps
from django.core import serializers
from django.core.signing import TimestampSigner, b62_encode

from dispatcher import config
from dispatcher.formats.tickets import Purpose, sign
from dispatcher.mailings import fan_out
from dispatcher.models import Catalog, Delivery, LinkKind, LinkRequest, Subscriber, Subscription, Topic
from dispatcher.models.clock import database_now
from dispatcher.subscribers import sign_up
from dispatcher.web import human

AGENCY = {"name": "MaineCare Services", "contact": {}, "time_zone": "America/New_York", "unconfirmed": {}}


def catalog(**agency) -> Catalog:
    """A topic list in force, with this agency."""
    number = Catalog.objects.count()
    return Catalog.objects.create(
        hash=f"{number:064}", text="", agency=AGENCY | agency, loaded_at=database_now()
    )


def topics() -> list[Topic]:
    """Two categories; one topic that is retired."""
    made = [
        make.topic("pharmacy", description="Drug lists and prior authorization."),
        make.topic("dental", description="Dental services."),
        make.topic("rule-making", category="Rules"),
    ]
    make.topic("gone", name="Gone for good", retired_at=make.LONG_AGO)
    return made


def filled(*wanted: Topic, address: str = "ann@example.com", **fields) -> dict[str, object]:
    """The sign-up form as a person sends it, an hour after it was opened."""
    values = {"address": address, "topics": [one.id for one in wanted], human.TRAP: ""}
    return values | {human.OPENED: opened(3_600)} | fields


def opened(ago: float) -> str:
    """The token of a form that was opened so many seconds ago."""

    class Earlier(TimestampSigner):
        def timestamp(self) -> str:
            return b62_encode(int(time.time() - ago))

    return Earlier(salt=human._SALT).sign("")


def confirm_link(*wanted: Topic, address: str = "ann@example.com") -> str:
    """The ticket that came by mail after signing up."""
    return _link(LinkKind.CONFIRM, Purpose.CONFIRM, address, tuple(one.id for one in wanted))


def manage_link(person: Subscriber) -> str:
    """The ticket that came by mail after asking for one's own page."""
    return _link(LinkKind.MANAGE, Purpose.MANAGE, person.address, ())


def _link(kind: LinkKind, purpose: Purpose, address: str, wanted: tuple[int, ...]) -> str:
    asked = sign_up.Asked(address=address, network="203.0.113.0/24", topics=wanted)
    assert sign_up.ask(config.current(), kind, asked)
    assert sign_up.answer() == 1
    request = LinkRequest.objects.latest("id")
    return sign(purpose, Delivery.objects.get(mailing=request.mailing_id).id, config.current().secret_key)


def too_late() -> None:
    """The links that were mailed are all too old now."""
    LinkRequest.objects.update(answered_at=make.LONG_AGO)


def subscriber(*to: Topic, address: str = "ann@example.com", cadence: str = "immediate") -> Subscriber:
    """Somebody who gets messages about these."""
    person = make.subscriber(address)
    for one in to:
        make.subscription(person, one, cadence)
    return person


def message_link(person: Subscriber, *brought: Topic) -> str:
    """The ticket in a bulletin that these topics brought to somebody."""
    mailing_id = fan_out.begin(make.bulletin(*brought).id)
    assert mailing_id is not None
    while fan_out.fan_out(mailing_id, 100) is not None:
        pass
    delivery = Delivery.objects.get(mailing=mailing_id, subscriber=person)
    return sign(Purpose.UNSUBSCRIBE, delivery.id, config.current().secret_key)


def live(person: Subscriber) -> set[str]:
    """The topics that somebody gets messages about, by slug."""
    rows = Subscription.objects.filter(subscriber=person, ended_at=None)
    return set(rows.values_list("topic__slug", flat=True))


def everything() -> str:
    """All our rows as text, to see whether anything has changed."""
    models = apps.get_app_config("dispatcher").get_models()
    return serializers.serialize("json", [row for model in models for row in model.objects.order_by("pk")])


def addresses() -> dict[str, str]:
    """An address for each page that needs rows, by the name of its route; what stands there can be acted upon."""
    catalog()
    pharmacy, dental, _ = topics()
    ticket = message_link(subscriber(pharmacy, address="leaving@example.com"), pharmacy)
    announced = "<p>Office hours: December 3, 2026, 9 a.m. to 10 a.m.</p>"
    published = datetime(2026, 11, 23, 15, tzinfo=UTC)
    archived = make.bulletin(pharmacy, state="mailed", published_at=published, body_html=announced)
    return {
        "sign-up": "/",
        "confirm": f"/confirm/{confirm_link(pharmacy, address='new@example.com')}",
        "manage": "/manage/",
        "manage-link": f"/manage/{manage_link(subscriber(dental, address='known@example.com'))}",
        "unsubscribe": f"/u/{ticket}",
        "undo": f"/u/{ticket}/undo",
        "bulletin": f"/bulletins/{archived.id}",
        "event": f"/bulletins/{archived.id}/meeting-20261203T0900.ics",
    }
