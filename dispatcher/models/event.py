"""What the mail world said later, and the addresses that must not be mailed."""

from typing import ClassVar

from django.db import models


class Event(models.Model):
    """A bounce, a complaint or a confirmed delivery. Stored raw and once; settled later, in any order to the same end."""

    delivery = models.ForeignKey("dispatcher.Delivery", on_delete=models.PROTECT, related_name="events")
    provider_event_id = models.CharField(
        max_length=200, help_text="the provider's id, else a hash of the raw event"
    )
    kind = models.CharField(max_length=20)
    raw = models.TextField()
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("delivery", "provider_event_id", name="event_once")]


class Suppression(models.Model):
    """An address that must not be mailed, with reason and evidence. It holds while `lifted_at` is empty."""

    folded = models.CharField(max_length=320, unique=True)
    reason = models.CharField(max_length=100)
    evidence = models.TextField()
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey("dispatcher.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    lifted_because = models.TextField(blank=True)
