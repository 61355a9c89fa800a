"""Keywords: a subscriber's own words that narrow a subscription, what was found of them, and whom a mailing passed over for it."""

from typing import ClassVar

from django.db import models


class Keyword(models.Model):
    """One word or phrase of a subscription. With any, only what holds one of them is owed through that subscription."""

    subscription = models.ForeignKey(
        "dispatcher.Subscription", on_delete=models.PROTECT, related_name="keywords", db_index=False
    )  # the unique constraint begins with it
    phrase = models.CharField(max_length=80, help_text="as it was typed")
    folded = models.CharField(max_length=160, help_text="as it is compared")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("subscription", "folded", name="keyword_subscription_folded")
        ]
        ordering = ["id"]


class KeywordFound(models.Model):
    """Somebody's keyword stands in a bulletin. What a bulletin says never changes, so this is as true later as at the first look."""

    bulletin = models.ForeignKey(
        "dispatcher.Bulletin", on_delete=models.PROTECT, related_name="keywords_found", db_index=False
    )  # as above
    folded = models.CharField(max_length=160)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("bulletin", "folded", name="keyword_found_bulletin_folded")
        ]


class PassedOver(models.Model):
    """A subscription that a bulletin does not go to, because it holds none of its keywords. Written when the audience is frozen."""

    mailing = models.ForeignKey(
        "dispatcher.Mailing", on_delete=models.PROTECT, related_name="passed_over", db_index=False
    )  # as above
    subscription = models.ForeignKey(
        "dispatcher.Subscription", on_delete=models.PROTECT, related_name="passed_over"
    )
    bulletin = models.ForeignKey("dispatcher.Bulletin", on_delete=models.PROTECT, related_name="passed_over")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "mailing", "subscription", "bulletin", name="passed_over_mailing_subscription_bulletin"
            )
        ]
