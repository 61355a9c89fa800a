"""Indexes of deliveries that do not name the state, so that PostgreSQL can mark a row as `sending` without writing into any of them."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q


def leave_room(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For the marked row beside the claimed one, in the same page: else it goes to another, and the indexes must say so."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE dispatcher_delivery SET (fillfactor = 75)")


def fill_up(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """As it was."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE dispatcher_delivery RESET (fillfactor)")


class Migration(migrations.Migration):
    """Rows stay as they are; SQLite copies the table for its new constraint."""

    dependencies = [("dispatcher", "0019_cadence_of_audience")]

    operations = [
        migrations.RemoveIndex("delivery", "delivery_owed"),
        migrations.RemoveIndex("delivery", "delivery_leased"),
        migrations.RemoveIndex("delivery", "delivery_failed"),
        migrations.AddConstraint(
            "delivery",
            models.CheckConstraint(
                condition=~Q(state="pending") | Q(ended_at__isnull=True, lease_until__isnull=True),
                name="delivery_pending",
            ),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(
                fields=["mailing", "attempt", "due_at", "id"],
                condition=Q(ended_at__isnull=True, lease_until__isnull=True),
                name="delivery_owed",
            ),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(
                fields=["lease_until"], condition=Q(lease_until__isnull=False), name="delivery_leased"
            ),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(
                fields=["mailing", "ended_at"],
                condition=Q(reason__gt="", attempt__gt=0),
                name="delivery_failed",
            ),
        ),
        migrations.RunPython(leave_room, fill_up),
    ]
