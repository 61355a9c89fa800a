"""The tables: one noun a file, with its fields, its constraints and the questions asked of it. No rules, no mail, no HTTP.

Every "twice is once" of this project rests on a unique constraint named here; `tests/house` compares them with the glossary.
"""

from dispatcher.models.bulletin import Bulletin, BulletinState, LinkedDocument, Origin, Type
from dispatcher.models.catalog import Catalog, CatalogPlace, Topic
from dispatcher.models.delivery import Attempt, Delivery, DeliveryState, Told
from dispatcher.models.event import Arrival, Event, EventKind, Outcome
from dispatcher.models.journal import Journal
from dispatcher.models.keyword import Keyword, KeywordFound, PassedOver
from dispatcher.models.link_request import LinkKind, LinkOutcome, LinkRequest
from dispatcher.models.mailing import (
    DIGESTS,
    Breaker,
    Carried,
    Kind,
    Lane,
    Mailing,
    MailingState,
    Message,
    Relay,
)
from dispatcher.models.match import Match
from dispatcher.models.move import Move, Moved
from dispatcher.models.source import Alias, HostTurn, Item, Revision, Source, Waiting
from dispatcher.models.staff import Approval, Staff, Submission
from dispatcher.models.subscriber import Cadence, Subscriber, Subscription
from dispatcher.models.suppression import Because, Suppression
from dispatcher.models.trait import Titled, Trait
from dispatcher.models.upkeep import Pulse, Tally, Turn

__all__ = [
    "DIGESTS",
    "Alias",
    "Approval",
    "Arrival",
    "Attempt",
    "Because",
    "Breaker",
    "Bulletin",
    "BulletinState",
    "Cadence",
    "Carried",
    "Catalog",
    "CatalogPlace",
    "Delivery",
    "DeliveryState",
    "Event",
    "EventKind",
    "HostTurn",
    "Item",
    "Journal",
    "Keyword",
    "KeywordFound",
    "Kind",
    "Lane",
    "LinkKind",
    "LinkOutcome",
    "LinkRequest",
    "LinkedDocument",
    "Mailing",
    "MailingState",
    "Match",
    "Message",
    "Move",
    "Moved",
    "Origin",
    "Outcome",
    "PassedOver",
    "Pulse",
    "Relay",
    "Revision",
    "Source",
    "Staff",
    "Submission",
    "Subscriber",
    "Subscription",
    "Suppression",
    "Tally",
    "Titled",
    "Told",
    "Topic",
    "Trait",
    "Turn",
    "Type",
    "Waiting",
]
