"""What the mail world said later: as it came in, and what it says about a delivery of ours."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q


class Outcome(models.TextChoices):
    """What an arrival turned out to be."""

    EVENTS = "events", "it told of deliveries of ours"
    NOTHING = "nothing", "it counts as nothing: a delay, an automatic reply"
    UNMATCHED = "unmatched", "it names no delivery of ours"
    UNREADABLE = "unreadable", "nobody can tell what it says"
    CONFIRMATION = "confirmation", "a provider asks a person to confirm"


class Arrival(models.Model):
    """One thing that came back, byte by byte: a mail to a bounce address, or what a provider posted. Kept once, settled later."""

    provider = models.CharField(max_length=20, help_text="`mail`, or the provider whose webhook it was")
    hash = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of provider, bounce address and content"
    )
    recipient = models.CharField(
        max_length=320, blank=True, help_text="the bounce address it came to, if it is known"
    )
    raw = models.BinaryField()
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    note = models.TextField(
        blank=True, help_text="in words, for people: what it says, or why it counts as nothing"
    )

    id: int

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(settled_at__isnull=True), name="arrival_to_settle"),
            models.Index(fields=["outcome", "received_at"], name="arrival_by_outcome"),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"arrival {self.id}"

    @classmethod
    def to_settle(cls) -> models.QuerySet[Self]:
        """Nobody has settled these yet, the oldest first."""
        return cls.objects.filter(settled_at__isnull=True).order_by("id")

    @classmethod
    def to_look_at(cls, since: datetime) -> models.QuerySet[Self]:
        """Came in since then, and was of no use to us."""
        odd = (Outcome.UNMATCHED, Outcome.UNREADABLE)
        return cls.objects.filter(outcome__in=odd, received_at__gte=since)


class EventKind(models.TextChoices):
    """The strongest first: a delivery counts under the first of these that anybody said of it."""

    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    DELIVERED = "delivered"


class Event(models.Model):
    """What one arrival says of one delivery: a bounce, a complaint, or that it was delivered. Once, in whatever order they come.

    `proven`: it bore our own signed address, or came by a provider's secret. What is not proven is news, and has no consequences.
    """

    delivery = models.ForeignKey("dispatcher.Delivery", on_delete=models.PROTECT, related_name="events")
    provider_event_id = models.CharField(
        max_length=200, help_text="the provider's id, else a hash of the raw event"
    )
    kind = models.CharField(max_length=20, choices=EventKind)
    verdict = models.CharField(max_length=20, blank=True, help_text="of a bounce: what its status means")
    status = models.CharField(max_length=20, blank=True, help_text="such as 5.1.1")
    words = models.TextField(blank=True, help_text="of the server that refused it")
    proven = models.BooleanField(default=False)
    received_at = models.DateTimeField()
    arrival = models.ForeignKey(
        Arrival,
        on_delete=models.SET_NULL,
        null=True,
        related_name="events",
        help_text="while its bytes are kept",
    )

    delivery_id: int

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("delivery", "provider_event_id", name="event_once")]
        indexes: ClassVar = [models.Index(fields=["received_at", "kind"], name="event_by_time")]
