"""When staff last had a copy tried again, from where its patience with relays counts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column that is empty for all."""

    dependencies = [("dispatcher", "0020_states_outside_indexes")]

    operations = [
        migrations.AddField(
            "delivery",
            "released_at",
            models.DateTimeField(
                null=True, help_text="when staff last had it tried again: relays are believed anew from then"
            ),
        )
    ]
