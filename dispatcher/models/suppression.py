"""The addresses that must not be mailed."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Count, Min, Q


class Because(models.TextChoices):
    """Why an address is suppressed, the strongest first."""

    COMPLAINT = "complaint", "its owner complained of us"
    GONE = "gone", "its server says that it does not exist"
    BOUNCING = "bouncing", "it refused us on several days, and took nothing in between"


class Suppression(models.Model):
    """An address that must not be mailed, with reason and evidence. It holds while `lifted_at` is empty.

    `held`: too many addresses of one mailing turned out gone within an hour for that to be true, so this one does not hold until a
    person has decided; its `lifted_at` is set like that of any other that does not hold.
    """

    folded = models.CharField(max_length=320, unique=True)
    reason = models.CharField(max_length=100, choices=Because)
    evidence = models.TextField()
    delivery = models.ForeignKey(
        "dispatcher.Delivery",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="whose refusal it was",
    )
    since = models.DateTimeField()
    held = models.BooleanField(default=False)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey("dispatcher.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    lifted_because = models.TextField(blank=True)

    id: int

    class Meta:
        indexes: ClassVar = [models.Index(fields=["since"], condition=Q(held=True), name="suppression_held")]

    def __str__(self) -> str:
        return f"suppression {self.id}"

    @classmethod
    def in_force(cls) -> models.QuerySet[Self]:
        """Those that hold."""
        return cls.objects.filter(lifted_at__isnull=True)

    @classmethod
    def held_back(cls) -> list[tuple[int, str, int, datetime]]:
        """What waits for a person: mailing, its key, how many addresses, since when."""
        held = cls.objects.filter(held=True).values_list("delivery__mailing_id", "delivery__mailing__key")
        return list(held.annotate(Count("id"), Min("since")).order_by("delivery__mailing_id"))
