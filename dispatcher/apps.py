"""The one Django app: one label, one migrations folder."""

from django.apps import AppConfig


class DispatcherApp(AppConfig):
    """All tables of the dispatcher."""

    name = "dispatcher"
    default_auto_field = "django.db.models.BigAutoField"
