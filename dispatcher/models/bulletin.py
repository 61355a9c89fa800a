"""Bulletins: what we tell people, from items or written by staff. One type; where it comes from is a field, never a fork."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q


class Type(models.TextChoices):
    """Where in its life the announced change stands; different types are never duplicates of each other."""

    NOTICE = "notice"
    PROPOSED = "proposed"
    ADOPTED = "adopted"
    EMERGENCY = "emergency"
    METHODOLOGY = "methodology"
    WAIVER = "waiver"


class BulletinState(models.TextChoices):
    """How far it got. `unmatched` without a match stamp means that nobody has looked yet."""

    BASELINE = "baseline"
    HELD = "held"
    UNMATCHED = "unmatched"
    MATCHED = "matched"
    MAILED = "mailed"
    DISMISSED = "dismissed"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    CANCELLED = "cancelled"


class Bulletin(models.Model):
    """What we tell people. `submission_key` makes submitting the same blast twice harmless; origin rows do it for items."""

    title = models.TextField()
    url = models.TextField(blank=True)
    body_html = models.TextField(blank=True, help_text="sanitised")
    type = models.CharField(max_length=20, choices=Type, default=Type.NOTICE)
    state = models.CharField(max_length=20, choices=BulletinState)
    held_because = models.TextField(blank=True)
    source = models.ForeignKey("dispatcher.Source", on_delete=models.PROTECT, null=True, related_name="+")
    categories = models.JSONField(default=list)
    published_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField()
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    reminds_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    changes = models.JSONField(
        default=list, help_text="of a correction: a list of {kind, before, after}, sentence by sentence"
    )
    matched_at = models.DateTimeField(null=True, help_text="the match stamp: when the rules looked at it")

    contact = models.JSONField(default=dict, help_text="whom to ask, if its author names somebody")
    markdown = models.TextField(blank=True, help_text="as its author typed it; empty for what a source said")
    author = models.ForeignKey("dispatcher.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    submission_key = models.CharField(max_length=64, unique=True, null=True)
    content_hash = models.CharField(
        max_length=64, blank=True, help_text="of content and audience, when submitted"
    )

    id: int

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(source__isnull=False, author__isnull=True)
                | Q(source__isnull=True, author__isnull=False),
                name="bulletin_from_source_or_staff",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                condition=Q(matched_at__isnull=True, state="unmatched"),
                name="bulletin_to_match",
            ),
            models.Index(fields=["state", "-first_seen_at"], name="bulletin_by_state"),
        ]
        ordering = ["-first_seen_at", "-id"]

    def __str__(self) -> str:
        return f"{self.id} {self.title}"

    @classmethod
    def to_match(cls, now: datetime) -> models.QuerySet[Self]:
        """Without a match stamp, oldest first; what links to a document that is still to be read has a little patience."""
        waits = LinkedDocument.objects.filter(
            bulletin=OuterRef("pk"), due_at__isnull=False, waits_until__gt=now
        )
        unseen = cls.objects.filter(matched_at__isnull=True, state=BulletinState.UNMATCHED)
        return unseen.exclude(Exists(waits)).order_by("id")

    @classmethod
    def to_mail(cls) -> models.QuerySet[Self]:
        """Matched, no mailing has begun, and no other notice of its e-mail message still waits to be matched; oldest first."""
        others = Origin.objects.filter(
            item=models.OuterRef("item"),
            revision=models.OuterRef("revision"),
            bulletin__state=BulletinState.UNMATCHED,
            bulletin__matched_at__isnull=True,
        )
        waits = Origin.objects.filter(models.Exists(others), bulletin=models.OuterRef("pk")).exclude(part="")
        return cls.objects.filter(~models.Exists(waits), state=BulletinState.MATCHED).order_by("id")

    @classmethod
    def to_look_at(cls) -> models.QuerySet[Self]:
        """What waits for a person: held, or matched by no topic."""
        looked_at = Q(state=BulletinState.UNMATCHED, matched_at__isnull=False)
        return cls.objects.filter(looked_at | Q(state=BulletinState.HELD)).order_by("first_seen_at", "id")

    def further_links(self) -> list[str]:
        """Where else it was seen, in that order."""
        links = self.origins.order_by("id").values_list("item__link", flat=True)
        return [link for link in dict.fromkeys(links) if link and link != self.url]

    def age(self, now: datetime) -> float:
        """Seconds since we first saw it."""
        return (now - self.first_seen_at).total_seconds()


class Origin(models.Model):
    """Which revision of which item (and which part of it) became this bulletin. Each is used once."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.PROTECT, related_name="origins")
    item = models.ForeignKey("dispatcher.Item", on_delete=models.PROTECT, related_name="origins")
    revision = models.PositiveIntegerField()
    part = models.CharField(
        max_length=300, blank=True, help_text="normalised heading of the part; empty: the whole"
    )
    traits = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        db_index=True,
        help_text="the grammar that its traits were written in; 0: they are not",
    )

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("item", "revision", "part", name="origin_used_once")]


class LinkedDocument(models.Model):
    """A PDF that a bulletin links to, and what stands in it: for the rules to read, never to be mailed."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.CASCADE, related_name="documents")
    position = models.PositiveSmallIntegerField(help_text="among the documents that the bulletin links to")
    url = models.TextField()
    due_at = models.DateTimeField(
        null=True, help_text="when to ask for it; empty once it was read, or never will be"
    )
    waits_until = models.DateTimeField(help_text="then its bulletin goes out, whether it was read or not")
    tries = models.PositiveSmallIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    text = models.TextField(blank=True)
    note = models.TextField(blank=True, help_text="why there is no text, or not all of it")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("bulletin", "position", name="linked_document_position")
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="linked_document_due")
        ]
        ordering = ["bulletin_id", "position"]

    def __str__(self) -> str:
        return self.url

    @classmethod
    def due(cls, now: datetime) -> models.QuerySet[Self]:
        """Those to ask for, the first one first."""
        return cls.objects.filter(due_at__lte=now).order_by("due_at", "id")
