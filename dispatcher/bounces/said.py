"""What an arrival says, in our words: the one type between those who read reports and the verb that settles them."""

from dataclasses import dataclass
from enum import StrEnum

from dispatcher.formats.verdicts import Verdict


class Kind(StrEnum):
    """What it says of a delivery."""

    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    DELIVERED = "delivered"
    NOTHING = "nothing"  # a delay, an automatic reply: it counts as nothing
    PRIVATE = "private"  # as above, and none of our business: who opened or clicked what
    CONFIRMATION = "confirmation"  # a person must confirm something with the provider
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """`note`: what it says, for people. `about`: the addresses it speaks of. `text`: all the places where our own names may stand.

    `event_id` is empty where nobody gave it one; `reference` is the provider's own name for our message.
    """

    kind: Kind
    note: str
    verdict: Verdict | None = None
    status: str = ""
    words: str = ""
    about: tuple[str, ...] = ()
    event_id: str = ""
    reference: str = ""
    text: str = ""
