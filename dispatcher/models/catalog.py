"""topics.yaml as rows: the file that was last good, and its topics. Every stage but `topics` reads these, never the file."""

from typing import Self

from django.db import models


class Catalog(models.Model):
    """One good version of topics.yaml, kept for ever so that each Match can name the rules it was made by."""

    hash = models.CharField(max_length=64, unique=True)
    text = models.TextField()
    agency = models.JSONField()
    presets = models.JSONField(
        default=list, help_text="what kinds of providers mostly follow: {slug, name, topics}"
    )
    loaded_at = models.DateTimeField()
    listed = models.JSONField(
        default=list, help_text="subscribers that the file itself names: [topic, address, cadence]"
    )
    listed_taken_at = models.DateTimeField(null=True, help_text="when these were taken in")

    @classmethod
    def latest(cls) -> Self | None:
        """The version in force."""
        return cls.objects.order_by("-loaded_at", "-id").first()

    @property
    def contact(self) -> str:
        """The agency's mailbox for questions; empty until confirmed."""
        return str((self.agency.get("contact") or {}).get("email") or "")


class CatalogPlace(models.Model):
    """A copy of topics.yaml that some process reads: which host, which path, and the version that lay there last.

    Only a copy that changed is news. Without this two hosts with different copies would put each other's out of force for ever.
    """

    place = models.CharField(max_length=500, unique=True)
    hash = models.CharField(max_length=64)
    seen_at = models.DateTimeField(help_text="when somebody last looked there, to the hour")


class Topic(models.Model):
    """One entry of the e-message topic list. Its slug is for ever: it is retired or replaced, never deleted."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=100)
    group = models.CharField(
        max_length=100, blank=True, default="", help_text="a heading within the category"
    )
    aliases = models.JSONField(default=list, help_text="its other names: {name, since, until}")
    description = models.TextField(blank=True)
    contact = models.JSONField(default=dict)
    sections = models.JSONField(default=list)
    rules = models.JSONField(default=list)
    position = models.PositiveIntegerField(help_text="order in topics.yaml; reasons and List-Id follow it")
    must_deliver = models.BooleanField(
        default=False, help_text="its bulletins reach every follower at once, whatever the cadence"
    )
    letter = models.TextField(
        blank=True, default="", help_text="what its followers are told when they are moved"
    )
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    successors = models.ManyToManyField(
        "self", symmetrical=False, related_name="replaces", help_text="what took its place: `replaced_by`"
    )

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.slug
