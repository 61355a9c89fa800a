"""Traits: what a later notice must have in common with a sighting to be the same notice. An index, made from what items said."""

from typing import ClassVar

from django.db import models


class Trait(models.Model):
    """One thing in common, as a number. `sources.traits` says which there are; rows of a look-back, and gone after it."""

    # No constraint and no index of its own for the origin: a long message has 200 of these, and PostgreSQL would look each one up.
    pk = models.CompositePrimaryKey("number", "origin")
    number = models.BigIntegerField()
    origin = models.ForeignKey(
        "dispatcher.Origin", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )


class Titled(models.Model):
    """The title of a sighting, and the letters in what is bare of it, in eight kinds: titles that are alike differ in few."""

    origin = models.OneToOneField(
        "dispatcher.Origin", on_delete=models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    at = models.BigIntegerField(help_text="seconds since 1970")
    type = models.CharField(max_length=20)
    mark = models.CharField(max_length=20, blank=True)
    title = models.TextField(help_text="without its mark")
    length = models.PositiveSmallIntegerField()
    letters_0 = models.PositiveSmallIntegerField()
    letters_1 = models.PositiveSmallIntegerField()
    letters_2 = models.PositiveSmallIntegerField()
    letters_3 = models.PositiveSmallIntegerField()
    letters_4 = models.PositiveSmallIntegerField()
    letters_5 = models.PositiveSmallIntegerField()
    letters_6 = models.PositiveSmallIntegerField()
    letters_7 = models.PositiveSmallIntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["type", "mark", "length"], name="titled_like")]
