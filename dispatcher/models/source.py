"""Sources and what they published: Items by their identity for ever, Revisions by what they said each time."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q


class Source(models.Model):
    """A feed or page that we poll. Declared in topics.yaml (`declared`), with the state of its polling beside."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    url = models.URLField(max_length=2000)
    enabled = models.BooleanField()
    declared = models.JSONField(default=dict, help_text="its entry in topics.yaml, checked")
    dropped_at = models.DateTimeField(null=True, help_text="when its entry left topics.yaml")

    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, help_text="a poll is under way until then at most")
    polled_at = models.DateTimeField(null=True)
    baselined_at = models.DateTimeField(
        null=True, help_text="when its first complete poll recorded what was there already"
    )
    last_success_at = models.DateTimeField(null=True)
    last_new_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    problem = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)

    # Validators of the last answer whose items were saved; `read_hash` is the settings they were read with.
    etag = models.TextField(blank=True)
    last_modified = models.TextField(blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    read_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.slug

    @classmethod
    def due(cls, now: datetime) -> models.QuerySet[Self]:
        """Enabled sources whose time has come and that nobody is polling."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        return cls.objects.filter(free, enabled=True, dropped_at__isnull=True, due_at__lte=now).order_by(
            "due_at", "id"
        )

    @property
    def state(self) -> str:
        """One word for people: disabled · new · fine · degraded · failing."""
        if self.dropped_at is not None or not self.enabled:
            return "disabled"
        if self.failures:
            return "failing"
        if self.outcome == "degraded":
            return "degraded"
        return "fine" if self.last_success_at else "new"


class Item(models.Model):
    """One thing a source published. Looked up in everything ever seen, never only in the last fetch."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="items")
    identity = models.CharField(max_length=500)
    identity_kind = models.CharField(max_length=20, help_text="which rule made the identity")
    title = models.TextField()
    link = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("source", "identity", name="item_source_identity")]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.identity}"


class Revision(models.Model):
    """What an Item said at one time. Earlier ones are always kept."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    change_hash = models.CharField(max_length=64)
    title = models.TextField()
    link = models.TextField(blank=True)
    body_html = models.TextField(blank=True, help_text="sanitised")
    categories = models.JSONField(default=list)
    published_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    notes = models.JSONField(
        default=list, help_text="what was odd about it: an unreadable date, a title without a link"
    )

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("item", "number", name="revision_item_number")]
        ordering = ["item_id", "number"]
