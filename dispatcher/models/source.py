"""Sources and what they published: Items by their identity for ever, Revisions by what they said each time."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from dispatcher.models.clock import database_now


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

    # Validators of the last answer whose items were saved; `body_hash` tells its readers too, `read_hash` is the settings they were read with.
    etag = models.TextField(blank=True)
    last_modified = models.TextField(blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    read_hash = models.CharField(max_length=64, blank=True)

    # What the last answer that was read and saved had to say.
    last_count = models.PositiveIntegerField(default=0, help_text="how many items the last whole one held")
    wishes = models.JSONField(default=dict, help_text="when its publisher would rather not be asked, in GMT")
    about = models.TextField(blank=True, help_text="how it describes itself")
    about_before = models.TextField(blank=True)
    about_changed_at = models.DateTimeField(null=True)

    # Its health, as `sources.health` judges it.
    unwell_since = models.DateTimeField(
        null=True, help_text="the first of the polls that failed or were degraded"
    )
    cut_off_since = models.DateTimeField(null=True, help_text="since when our own network keeps us from it")
    moved_to = models.TextField(blank=True, help_text="where permanent redirects lead")
    moved_since = models.DateTimeField(null=True)
    gap_at = models.DateTimeField(
        null=True, help_text="when an answer shared no item with the one before: some may be lost"
    )
    usual_gap = models.DurationField(null=True, help_text="p95 of the time between its new items")
    usual_daily = models.PositiveIntegerField(default=0, help_text="p99 of its new items a day")
    acknowledged_at = models.DateTimeField(
        null=True, help_text="a person has seen what was wrong until then and could not be mended"
    )
    told_at = models.DateTimeField(null=True, help_text="when operators were last mailed of its trouble")
    told_of = models.CharField(max_length=200, blank=True, help_text="the states that they were told of")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.slug

    @classmethod
    def polled(cls) -> models.QuerySet[Self]:
        """Those that topics.yaml wants polled."""
        return cls.objects.filter(enabled=True, dropped_at__isnull=True)

    @classmethod
    def outage(cls) -> datetime | None:
        """Since when our own network is down; None as soon as any source has answered after that."""
        since = cls.polled().aggregate(since=models.Min("cut_off_since"))["since"]
        answered = since and cls.polled().filter(last_success_at__gt=since).exists()
        return None if answered else since

    @classmethod
    def due(cls, now: datetime) -> models.QuerySet[Self]:
        """Enabled sources whose time has come and that nobody is polling."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        return cls.objects.filter(free, enabled=True, dropped_at__isnull=True, due_at__lte=now).order_by(
            "due_at", "id"
        )


class Item(models.Model):
    """One thing a source published. Looked up in everything ever seen, never only in the last fetch."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="items")
    identity = models.CharField(max_length=500)
    identity_kind = models.CharField(max_length=20, help_text="which rule made the identity")
    title = models.TextField()
    link = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True)
    text_hash = models.CharField(
        max_length=64, blank=True, help_text="of what it says beside its title; empty if it says nothing"
    )
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("source", "identity", name="item_source_identity")]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.identity}"


class Alias(models.Model):
    """Another identity of an Item: its publisher gave it a new key, and what it is did not change. Of each Item the latest few."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="aliases")
    identity = models.CharField(max_length=500)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="aliases")
    added_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("source", "identity", name="alias_source_identity")]


class Waiting(models.Model):
    """A record that no Item was made of yet: the page with its whole text could not be fetched. `since` bounds the patience."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="waiting")
    identity = models.CharField(max_length=500)
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("source", "identity", name="waiting_source_identity")
        ]


class HostTurn(models.Model):
    """Whose turn it is to ask a host group: one at a time among all workers, and then a pause. A lease, so nobody who died keeps it."""

    host_group = models.CharField(max_length=255, unique=True)
    until = models.DateTimeField(help_text="nobody else asks it before that")

    @classmethod
    def take(cls, group: str, lease: timedelta) -> datetime | None:
        """Until when it is ours; None if it is somebody else's, or was a moment ago."""
        now = database_now()
        if not cls.objects.filter(host_group=group).exists():
            HostTurn.objects.bulk_create([HostTurn(host_group=group, until=now)], ignore_conflicts=True)
        free = cls.objects.filter(host_group=group, until__lte=now)
        return now + lease if free.update(until=now + lease) else None

    @classmethod
    def give_back(cls, group: str, until: datetime, pause: timedelta) -> None:
        """After a pause it is anybody's. Nothing happens if our lease ran out and somebody else has taken it."""
        cls.objects.filter(host_group=group, until=until).update(until=database_now() + pause)

    @classmethod
    def wait(cls, group: str) -> timedelta:
        """For how long nobody may ask it."""
        row = cls.objects.filter(host_group=group).first()
        return max(timedelta(), row.until - database_now()) if row else timedelta()


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
