"""Door: Celery. A task is a doorbell: it takes ids, calls one verb, rings the next. The database holds the work; Redis only rings.

`app` holds the lanes, the settings and the timetable; then one module per verb; `ring` is what the doors above call.
"""
