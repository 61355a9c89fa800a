"""Matches: which topics a bulletin concerns, and the evidence."""

from typing import ClassVar

from django.db import models


class Match(models.Model):
    """Bulletin × topic. `evidence`: a list of what `topics/reasons.py` keeps; `catalog`: the hash of the rules that found it.

    `must_deliver` is the topic's when it matched: a change of topics.yaml moves no audience that is frozen already.
    """

    bulletin = models.ForeignKey("dispatcher.Bulletin", on_delete=models.PROTECT, related_name="matches")
    topic = models.ForeignKey("dispatcher.Topic", on_delete=models.PROTECT, related_name="matches")
    evidence = models.JSONField()
    catalog = models.CharField(max_length=64)
    must_deliver = models.BooleanField(default=False)
    matched_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("bulletin", "topic", name="match_bulletin_topic")]
        ordering = ["bulletin_id", "topic__position"]
