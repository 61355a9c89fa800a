"""Door: Celery. The floor above the stages, reserved for their tasks; until these come, `dispatcher run --once` rings nobody."""
