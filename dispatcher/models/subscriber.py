"""Subscribers and their subscriptions. Ended subscriptions stay as history, so that any past audience can be computed again."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Cadence(models.TextChoices):
    """How often a subscriber wants to hear of a topic."""

    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"


class Subscriber(models.Model):
    """An address. No password, no name: only signed links speak for it."""

    address = models.CharField(max_length=320, help_text="as typed, domain in IDNA")
    folded = models.CharField(max_length=320, unique=True)
    created_at = models.DateTimeField()
    plain_text = models.BooleanField(
        default=False, db_default=False, help_text="wants messages as plain text alone"
    )

    id: int

    def __str__(self) -> str:
        return f"subscriber {self.id}"


class Subscription(models.Model):
    """A subscriber's interest in a topic. Live from `confirmed_at` to `ended_at`; one live row per (subscriber, topic)."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="subscriptions")
    topic = models.ForeignKey(
        "dispatcher.Topic", on_delete=models.PROTECT, related_name="subscriptions", db_index=False
    )  # subscription_audience begins with it
    cadence = models.CharField(max_length=10, choices=Cadence)
    consent = models.TextField(help_text="where and how it was given")
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    followed_since = models.DateTimeField(
        null=True,
        help_text="of one that goes on from an ended one, at another cadence or taken back: what matched since then is still owed",
    )
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=100, blank=True)
    ended_by = models.ForeignKey(
        "dispatcher.Delivery",
        on_delete=models.PROTECT,
        null=True,
        related_name="ended",
        help_text="the message whose link ended it",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "subscriber", "topic", condition=Q(ended_at__isnull=True), name="subscription_one_live"
            ),
        ]
        indexes: ClassVar = [
            # The audience of a mailing: confirmed by then, not ended by then, in key order; with the cadence, so that counting heads reads
            # no table (a third less on SQLite).
            models.Index(
                fields=["topic", "subscriber", "confirmed_at", "ended_at", "cadence"],
                name="subscription_audience",
            ),
        ]
