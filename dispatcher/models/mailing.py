"""Mailings: one occasion to write, its frozen audience, its progress, its composed messages; and the relays that take them."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from dispatcher.models.delivery import OPEN, Delivery, DeliveryState


class Kind(models.TextChoices):
    """Why we write."""

    BULLETIN = "bulletin"
    BLAST = "blast"
    DAILY = "daily"
    WEEKLY = "weekly"
    SYSTEM = "system"


DIGESTS = (Kind.DAILY, Kind.WEEKLY)


class Lane(models.TextChoices):
    """Which queue its deliveries travel in."""

    SYSTEM = "system"
    IMMEDIATE = "immediate"
    BULK = "bulk"


class MailingState(models.TextChoices):
    """waiting for its time → running ⇄ paused → done | cancelled."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class Mailing(models.Model):
    """One occasion to write. The key makes starting it twice harmless, e.g. `bulletin:42`, `daily:2026-08-21`."""

    key = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    lane = models.CharField(max_length=10, choices=Lane)
    state = models.CharField(max_length=20, choices=MailingState)
    bulletin = models.ForeignKey(
        "dispatcher.Bulletin", on_delete=models.PROTECT, null=True, related_name="mailings"
    )
    everyone = models.BooleanField(
        default=False, help_text="to all who subscribe to anything, whatever the topic"
    )
    created_at = models.DateTimeField()
    starts_at = models.DateTimeField(
        null=True, help_text="when a waiting one is to begin, and when a digest was due"
    )
    frozen_at = models.DateTimeField(help_text="the audience is a function of this time")
    audience = models.PositiveIntegerField(
        help_text="the control count: its own COUNT at the freeze, not a count of rows"
    )
    cursor = models.BigIntegerField(default=0, help_text="last subscriber that fan-out has passed")
    fanned_out_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    nonce = models.CharField(max_length=32, help_text="random part of every Message-ID of this mailing")
    why = models.TextField(blank=True, help_text="why it was paused or cancelled")

    id: int

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["lane", "id"], condition=Q(state="running"), name="mailing_running"),
            models.Index(fields=["starts_at"], condition=Q(state="waiting"), name="mailing_waiting"),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.key

    @classmethod
    def to_many(cls) -> models.QuerySet[Self]:
        """Without the system mail, of which there is one for each link that somebody asks for; the newest first."""
        return cls.objects.exclude(kind=Kind.SYSTEM)

    @classmethod
    def to_start(cls, now: datetime) -> models.QuerySet[Self]:
        """Waiting, and its time has come."""
        return cls.objects.filter(state=MailingState.WAITING, starts_at__lte=now).order_by("starts_at", "id")

    @classmethod
    def to_fan_out(cls) -> models.QuerySet[Self]:
        """Begun, and the cursor not at its end; a cancelled one too, so that all of its audience have a row in the end."""
        begun = Q(state=MailingState.RUNNING) | Q(state=MailingState.CANCELLED, audience__gt=0)
        return cls.objects.filter(begun, fanned_out_at__isnull=True).order_by("id")

    @classmethod
    def lanes_with_mail(cls, now: datetime) -> list[str]:
        """The lanes in which something is due now, the most urgent first."""
        due = Delivery.owed().filter(mailing=models.OuterRef("pk"), due_at__lte=now)
        running = cls.objects.filter(models.Exists(due), state=MailingState.RUNNING)
        lanes = set(running.values_list("lane", flat=True).order_by().distinct())
        return [lane.value for lane in Lane if lane in lanes]

    @classmethod
    def to_finish(cls) -> models.QuerySet[Self]:
        """Running, everybody has a row, and none of these is open."""
        still_open = Delivery.objects.filter(mailing=models.OuterRef("pk"), state__in=OPEN)
        running = cls.objects.filter(state=MailingState.RUNNING, fanned_out_at__isnull=False)
        return running.filter(~models.Exists(still_open)).order_by("id")

    @property
    def carries_several(self) -> bool:
        """The notices of one e-mail message, or a digest: what it is about stands in `carried`."""
        return self.bulletin_id is None and self.kind != Kind.SYSTEM

    def counts(self) -> dict[str, int]:
        """Deliveries by state; people whom fan-out has not reached yet count as pending, so the sum is the audience."""
        rows = self.deliveries.values_list("state").annotate(models.Count("id")).order_by("state")
        counts = dict.fromkeys(DeliveryState.values, 0) | dict(rows)
        if self.fanned_out_at is None:
            counts[DeliveryState.PENDING.value] += self.audience - sum(counts.values())
        return counts


class Carried(models.Model):
    """A bulletin that a mailing of several carries: fixed when it begins. Which of them a copy tells stands on its delivery."""

    mailing = models.ForeignKey(
        Mailing, on_delete=models.PROTECT, related_name="carried", db_index=False
    )  # the unique constraint begins with it
    bulletin = models.ForeignKey("dispatcher.Bulletin", on_delete=models.PROTECT, related_name="carried_by")

    bulletin_id: int

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("mailing", "bulletin", name="carried_mailing_bulletin")
        ]
        ordering = ["mailing_id", "bulletin_id"]


class Message(models.Model):
    """Composed once per mailing and variant, stored before the first copy leaves, never rendered again."""

    mailing = models.ForeignKey(Mailing, on_delete=models.PROTECT, related_name="messages")
    variant = models.CharField(max_length=40)
    subject = models.TextField()
    text = models.TextField(help_text="the text part, with the names of its slots, for people to look at")
    html = models.TextField()
    stencil = models.BinaryField()
    hash = models.CharField(max_length=64)
    composed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("mailing", "variant", name="message_mailing_variant")
        ]


class Relay(models.Model):
    """What we know of a relay's health; while `retry_at` is ahead, nobody claims work for it but one probe when it has passed."""

    name = models.CharField(max_length=300, unique=True, help_text="host:port")
    failures = models.PositiveIntegerField(default=0)
    down_since = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    our_fault = models.BooleanField(
        default=False, help_text="credentials or sender refused: a person must act"
    )


class Breaker(models.Model):
    """A domain that refuses us as a matter of policy: nobody claims work for it until `retry_at`, and then one probe."""

    domain = models.CharField(max_length=255, unique=True)
    opened_at = models.DateTimeField()
    retry_at = models.DateTimeField()
    refusals = models.PositiveIntegerField(default=1, help_text="the first one and each refused probe")
    probing = models.BooleanField(
        default=False, help_text="a copy is under way to see whether it takes mail again"
    )
    problem = models.TextField(blank=True)
