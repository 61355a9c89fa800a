"""Requests for a link by mail: what somebody typed into a form about an address, before anybody knows whether it is theirs."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from dispatcher.models.subscriber import Cadence


class LinkKind(models.TextChoices):
    """What the link that is asked for will grant."""

    CONFIRM = "confirm"
    MANAGE = "manage"


LIVES = {LinkKind.CONFIRM: timedelta(hours=72), LinkKind.MANAGE: timedelta(hours=24)}


class LinkOutcome(models.TextChoices):
    """What became of the request. Whoever asked sees the same page in any case."""

    MAILED = "mailed"
    SUPPRESSED = "suppressed"
    NOTHING_TO_MANAGE = "nothing to manage"


class LinkRequest(models.Model):
    """One request: the pending sign-up, or the wish to sign in by link. It is the evidence of consent once it is confirmed.

    Caps are counted from these rows, so that an empty Redis opens no door. `capped` is a keyed hash of the address without its tag;
    it outlives the address itself.
    """

    kind = models.CharField(max_length=10, choices=LinkKind)
    address = models.CharField(max_length=320, help_text="as typed, domain in IDNA")
    folded = models.CharField(max_length=320)
    capped = models.CharField(max_length=64, help_text="keyed hash of the folded address without its +tag")
    domain = models.CharField(max_length=255)
    network = models.CharField(max_length=50, help_text="the client's /24 or /64, never its whole address")
    topics = models.JSONField(default=list, help_text="ids of the topics asked for")
    cadence = models.CharField(max_length=10, choices=Cadence, default=Cadence.IMMEDIATE)
    wording = models.CharField(max_length=64, blank=True, help_text="hash of the words that were agreed to")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=LinkOutcome, blank=True)
    mailing = models.OneToOneField(
        "dispatcher.Mailing", on_delete=models.PROTECT, null=True, related_name="link_request"
    )
    confirmed_at = models.DateTimeField(null=True)

    id: int
    mailing_id: int | None

    class Meta:
        indexes: ClassVar = [
            # Each cap asks how many there were since a moment.
            models.Index(fields=["capped", "asked_at"], name="link_request_by_address"),
            models.Index(fields=["network", "asked_at"], name="link_request_by_network"),
            models.Index(fields=["domain", "asked_at"], name="link_request_by_domain"),
            models.Index(fields=["asked_at"], name="link_request_by_time"),
            models.Index(fields=["id"], condition=Q(answered_at__isnull=True), name="link_request_to_answer"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} link {self.id}"

    @classmethod
    def to_answer(cls) -> models.QuerySet[Self]:
        """Nobody has decided on these yet, the oldest first."""
        return cls.objects.filter(answered_at__isnull=True).order_by("id")

    @classmethod
    def of_delivery(cls, delivery_id: int) -> Self | None:
        """The request that this delivery answered."""
        return cls.objects.filter(mailing__deliveries=delivery_id).first()

    @property
    def expires_at(self) -> datetime | None:
        """Until when the link works; None while nobody has answered the request."""
        return self.answered_at + LIVES[LinkKind(self.kind)] if self.answered_at else None
