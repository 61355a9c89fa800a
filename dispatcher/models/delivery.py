"""Deliveries: the ledger. One row per person and mailing, with its state, its fence and what the relay said."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q


class DeliveryState(models.TextChoices):
    """Where one person's copy stands."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


OPEN = (DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SENDING)
ENDS = (DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.SUPPRESSED, DeliveryState.CANCELLED)

# Which state may follow which. `dispatcher.delivery.ledger` makes most of them, and `dispatcher.subscribers` those of people who leave
# and come back, each as one UPDATE whose WHERE names the state it leaves; a property test holds every history against this table.
MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset(
        {DeliveryState.CLAIMED, DeliveryState.ACCEPTED, DeliveryState.CANCELLED}
    ),
    DeliveryState.CLAIMED: frozenset(
        {DeliveryState.SENDING, DeliveryState.PENDING, DeliveryState.CANCELLED, DeliveryState.FAILED}
    ),
    DeliveryState.SENDING: frozenset({DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.PENDING}),
    DeliveryState.ACCEPTED: frozenset(),
    DeliveryState.FAILED: frozenset({DeliveryState.PENDING}),
    DeliveryState.SUPPRESSED: frozenset(),
    DeliveryState.CANCELLED: frozenset({DeliveryState.PENDING}),  # taken back by the person, in time
}


class Delivery(models.Model):
    """One message owed to one subscriber in one mailing.

    `attempt` is the fence: it counts claims and never goes down. `tries` counts what the retry schedule charges. `topics` are the
    ids of the topics this copy names as its reasons, frozen at fan-out, so that every attempt is the same bytes; so are `bulletins`,
    what a copy of a mailing of several tells of them.
    """

    mailing = models.ForeignKey(
        "dispatcher.Mailing", on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )  # the unique constraint begins with it
    subscriber = models.ForeignKey(
        "dispatcher.Subscriber", on_delete=models.PROTECT, related_name="deliveries"
    )
    state = models.CharField(max_length=10, choices=DeliveryState)
    topics = models.TextField(help_text="comma-separated topic ids")
    bulletins = models.TextField(
        db_default="", help_text="comma-separated bulletin ids; empty: the one that its mailing is about"
    )
    answers = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="of a correction: the copy that told this person what it corrects",
    )
    plain_text = models.BooleanField(
        db_default=False,
        help_text="as plain text alone: what the person had chosen at the first attempt, so that every attempt is the same bytes",
    )
    due_at = models.DateTimeField()
    released_at = models.DateTimeField(
        null=True, help_text="when staff last had it tried again: relays are believed anew from then"
    )
    attempt = models.PositiveIntegerField(db_default=0)
    tries = models.PositiveIntegerField(db_default=0)
    recovered = models.PositiveIntegerField(db_default=0)
    doubts = models.PositiveIntegerField(db_default=0)
    lease_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=100, db_default="")

    # How it ended, or what the last attempt met.
    reason = models.CharField(max_length=100, db_default="")
    code = models.PositiveSmallIntegerField(null=True)
    reply = models.TextField(db_default="")
    relay = models.CharField(max_length=300, db_default="")
    duration_ms = models.PositiveIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)

    id: int
    mailing_id: int
    subscriber_id: int

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("mailing", "subscriber", name="delivery_mailing_subscriber"),
            # Else nobody would find it: see delivery_owed.
            models.CheckConstraint(
                condition=~Q(state="pending") | Q(ended_at__isnull=True, lease_until__isnull=True),
                name="delivery_pending",
            ),
        ]
        # No index names the state. A row is marked `sending` between its claim and its end, and PostgreSQL then writes no index entry at
        # all (a heap-only tuple, for which the table's fillfactor leaves room): a quarter less of its CPU for each message.
        indexes: ClassVar = [
            # Claims walk this one: first attempts before retries, then by due time.
            models.Index(
                fields=["mailing", "attempt", "due_at", "id"],
                condition=Q(ended_at__isnull=True, lease_until__isnull=True),
                name="delivery_owed",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(lease_until__isnull=False), name="delivery_leased"
            ),
            # Those that failed, and the few cancelled after a claim. Whoever guards against too many at once asks at each.
            models.Index(
                fields=["mailing", "ended_at"],
                condition=Q(reason__gt="", attempt__gt=0),
                name="delivery_failed",
            ),
        ]

    @classmethod
    def owed(cls) -> models.QuerySet[Self]:
        """Pending ones, in the words of the index that holds them."""
        return cls.objects.filter(
            state=DeliveryState.PENDING, ended_at__isnull=True, lease_until__isnull=True
        )

    @classmethod
    def under_way(cls) -> models.QuerySet[Self]:
        """Claimed ones and sending ones, as above."""
        return cls.objects.filter(
            state__in=(DeliveryState.CLAIMED, DeliveryState.SENDING), lease_until__isnull=False
        )

    @classmethod
    def failed(cls) -> models.QuerySet[Self]:
        """As above."""
        return cls.objects.filter(state=DeliveryState.FAILED, reason__gt="", attempt__gt=0)

    @property
    def tells(self) -> list[int]:
        """The bulletins that this copy tells; none if it is system mail."""
        if self.bulletins:
            return list(map(int, self.bulletins.split(",")))
        return [self.mailing.bulletin_id] if self.mailing.bulletin_id else []


class Attempt(models.Model):
    """An attempt that did not simply end in acceptance (that one stands on the delivery itself), or a reply that came late."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField()
    verdict = models.CharField(max_length=20)
    code = models.PositiveSmallIntegerField(null=True)
    reply = models.TextField(blank=True)
    relay = models.CharField(max_length=300, blank=True)
    duration_ms = models.PositiveIntegerField(null=True)
    late = models.BooleanField(default=False)

    class Meta:
        ordering = ["delivery_id", "attempt", "id"]


class Told(models.Model):
    """A bulletin that is promised to a person, whichever mailing carries it. Digests subtract it."""

    subscriber = models.ForeignKey(
        "dispatcher.Subscriber", on_delete=models.PROTECT, related_name="told", db_index=False
    )  # as above
    # Nobody asks for these without the person, and neither is ever deleted. With indexes of their own, PostgreSQL took that of a bulletin
    # too new for its statistics, and read all who were told of it for each person: slices of 12 s from the second mailing on.
    bulletin = models.ForeignKey(
        "dispatcher.Bulletin", on_delete=models.PROTECT, related_name="told", db_index=False
    )
    mailing = models.ForeignKey(
        "dispatcher.Mailing", on_delete=models.PROTECT, related_name="told", db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("subscriber", "bulletin", name="told_subscriber_bulletin")
        ]
