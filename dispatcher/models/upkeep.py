"""What keeps the works running: signs of life from each lane, turns that periodic verbs take, and counts of what was turned away."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import IntegrityError, models, transaction
from django.db.models import F, Sum

from dispatcher.models.clock import database_now


class Pulse(models.Model):
    """When a worker last served a lane. A live process is no proof: it may have stopped to consume."""

    lane = models.CharField(max_length=20, unique=True)
    seen_at = models.DateTimeField()

    @classmethod
    def beat(cls, lane: str) -> None:
        """A worker serves this lane now."""
        cls.objects.update_or_create(lane=lane, defaults={"seen_at": database_now()})


class Turn(models.Model):
    """A turn at a periodic verb, with a lease: two timetables at once, or one that comes late, do the work once."""

    verb = models.CharField(max_length=40, unique=True)
    until = models.DateTimeField()

    @classmethod
    def take(cls, verb: str, lease: timedelta) -> bool:
        """True if the turn is ours until the lease ends or we give it back."""
        now = database_now()
        if cls.objects.filter(verb=verb, until__lte=now).update(until=now + lease):
            return True
        try:
            with transaction.atomic():
                cls.objects.create(verb=verb, until=now + lease)
        except IntegrityError:
            return False
        return True

    @classmethod
    def give_back(cls, verb: str) -> None:
        """The next one may come at once."""
        cls.objects.filter(verb=verb).update(until=database_now())


class Tally(models.Model):
    """How often something was turned away in an hour: what leaves no row of its own must still be seen by operators."""

    what = models.CharField(max_length=40)
    hour = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("what", "hour", name="tally_what_hour")]

    @classmethod
    def add(cls, what: str) -> None:
        """One more."""
        hour = database_now().replace(minute=0, second=0, microsecond=0)
        Tally.objects.bulk_create([Tally(what=what, hour=hour)], ignore_conflicts=True)
        Tally.objects.filter(what=what, hour=hour).update(count=F("count") + 1)

    @classmethod
    def since(cls, moment: datetime) -> dict[str, int]:
        """What was turned away since then, to the hour."""
        rows = cls.objects.filter(hour__gte=moment.replace(minute=0, second=0, microsecond=0))
        return dict(rows.values_list("what").annotate(Sum("count")).order_by("what"))
