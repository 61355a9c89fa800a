"""Moves: whose subscription went from a topic that ended to those that take its place, so that it can be undone."""

from typing import ClassVar

from django.db import models


class Move(models.Model):
    """One step by which the followers of a topic became followers of others. Kept for ever; undone once at most."""

    topic = models.ForeignKey("dispatcher.Topic", on_delete=models.PROTECT, related_name="moves")
    successors = models.JSONField(help_text="slugs of the topics that took its place")
    catalog = models.CharField(max_length=64, help_text="the version of topics.yaml that said so")
    made_at = models.DateTimeField()
    letter = models.TextField(blank=True, help_text="what the people are told; empty: nothing is sent")
    mailing = models.OneToOneField(
        "dispatcher.Mailing", on_delete=models.PROTECT, null=True, related_name="move"
    )
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=100, blank=True)

    id: int

    class Meta:
        ordering = ["-id"]


class Moved(models.Model):
    """One subscription of a move: what ended, and what began in its place; nothing where the person followed that already."""

    move = models.ForeignKey(Move, on_delete=models.PROTECT, related_name="moved")
    ended = models.ForeignKey(
        "dispatcher.Subscription", on_delete=models.PROTECT, related_name="moves", db_index=False
    )
    begun = models.ForeignKey(
        "dispatcher.Subscription", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("ended", "begun", name="moved_ended_begun")]
