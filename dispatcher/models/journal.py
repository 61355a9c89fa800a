"""The journal: who did what, append-only and chained, so that a changed or missing entry shows."""

import hashlib
import json
from datetime import datetime

from django.db import connection, models, transaction

_PG_LOCK = 0x6A6F7572  # "jour": serialises appends on PostgreSQL; SQLite's write gate does it there


class Journal(models.Model):
    """One entry. Triggers refuse UPDATE and DELETE on both databases (migration 0002). Entries name people by id only."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=100, help_text="staff name, or the verb that acted by itself")
    door = models.CharField(max_length=40)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    facts = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    id: int

    @classmethod
    def append(
        cls, *, at: datetime, actor: str, door: str, verb: str, subject: str, facts: dict[str, object]
    ) -> "Journal":
        """Write the next entry, in the caller's transaction if there is one."""
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PG_LOCK])
            last = cls.objects.order_by("-id").values_list("hash", flat=True).first() or ""
            entry = cls(at=at, actor=actor, door=door, verb=verb, subject=subject, facts=facts, previous=last)
            entry.hash = entry.computed_hash()
            entry.save(force_insert=True)
        return entry

    def computed_hash(self) -> str:
        """SHA-256 over the entry and the hash of the one before."""
        told = [
            self.at.isoformat(),
            self.actor,
            self.door,
            self.verb,
            self.subject,
            self.facts,
            self.previous,
        ]
        return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=True).encode()).hexdigest()

    @classmethod
    def broken_at(cls) -> int | None:
        """The first entry whose chain does not hold, or None."""
        previous = ""
        for entry in cls.objects.order_by("id").iterator():
            if entry.previous != previous or entry.hash != entry.computed_hash():
                return entry.id
            previous = entry.hash
        return None
