"""The Celery app: its lanes, its settings, its timetable, and the base task.

Every setting stands on `app.conf` and a test asserts each there: a module variable beside the app has no effect. No result backend,
no chords, no ETA beyond a minute: due times are rows. Lanes are plain queues, so that RabbitMQ serves as well as Redis.
"""

import os
from datetime import timedelta

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatcher.settings")

import django

django.setup()

from dispatcher import config  # noqa: E402 -- as above

# By workload, not by importance: nobody's confirmation waits behind a blast, nothing of ours behind a slow server.
LANES = ("poll", "fan_out", "system", "immediate", "bulk", "upkeep")
# What `dispatcher up` and the README start: one process serves only mail that somebody waits for.
# A blast takes every process of its worker for rounds of 45 s: in one with polls and sweeps it would hold those up.
WORKERS = {"mail": ("system", "immediate"), "bulk": ("bulk",), "rest": ("poll", "fan_out", "upkeep")}
_config = config.current()
_TICK = timedelta(seconds=_config.tick_seconds)
_EXPIRES = 0.9 * _config.tick_seconds  # a tick that nobody took before the next one is no use any more

app = Celery("dispatcher", broker=_config.broker_url or _config.redis_url, task_cls="tasks.base:Doorbell")
app.conf.update(
    task_queues=[Queue(lane) for lane in LANES],
    task_routes={
        "sources.poll": {"queue": "poll"},
        "topics.match": {"queue": "fan_out"},
        "mailings.fan_out": {"queue": "fan_out"},
        "subscribers.answer": {"queue": "system"},
        "upkeep.sweep": {"queue": "upkeep"},
        "bounces.settle": {"queue": "upkeep"},
        # delivery.deliver and upkeep.canary are rung into the lane that they are about.
    },
    task_create_missing_queues=False,  # a typo in a lane is an error, not a queue that nobody reads
    task_default_queue="upkeep",
    task_serializer="json",
    accept_content=["json"],  # no pickle
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=True,  # the doorbell of a dead worker comes back
    worker_prefetch_multiplier=1,
    task_acks_on_failure=True,  # a doorbell that fails must not ring for ever; the sweep rings again
    task_acks_on_timeout=True,
    task_reject_on_worker_lost=False,  # a poison task put back would kill worker after worker
    task_retry_on_worker_lost=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,  # True kills a child in the middle of DATA at each hiccup
    task_time_limit=840,
    task_soft_time_limit=780,  # longer than one 600 s wait after the final dot; a backstop only
    task_publish_retry_policy={
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.2,
        "interval_max": 0.2,
    },
    worker_max_tasks_per_child=1000,
    worker_max_memory_per_child=300_000,  # KiB
    worker_eta_task_limit=100,
    worker_soft_shutdown_timeout=30.0,
    worker_enable_soft_shutdown_on_idle=True,
    worker_send_task_events=False,
    # Its line to Redis is the second of a worker. If that one breaks first while a task runs, kombu 5.7.0 trips over its own cleaning up
    # and the worker ends (7 of 10 times). Nobody here asks workers anything: the canaries tell.
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    broker_connection_max_retries=None,  # a worker outlives any outage of the broker
    broker_connection_retry_on_startup=True,
    broker_pool_acquire_timeout=10,
    timezone="UTC",
    enable_utc=True,
    imports=(
        "tasks.poll",
        "tasks.match",
        "tasks.fan_out",
        "tasks.answer",
        "tasks.deliver",
        "tasks.settle",
        "tasks.upkeep",
    ),
    beat_scheduler="tasks.timetable:Timetable",
    beat_schedule={
        "poll": {
            "task": "sources.poll",
            "schedule": _TICK,
            "options": {"expires": _EXPIRES},
        },
        "sweep": {
            "task": "upkeep.sweep",
            "schedule": _TICK,
            "options": {"expires": _EXPIRES},
        },
        **{
            f"canary-{lane}": {
                "task": "upkeep.canary",
                "schedule": _TICK,
                "args": (lane,),
                "options": {"queue": lane, "expires": _EXPIRES},
            }
            for lane in LANES
        },
    },
)
if app.conf.broker_url.startswith(("redis", "sentinel")):
    app.conf.broker_transport_options = {
        "visibility_timeout": 3600,
        "socket_timeout": 10,  # without it a publish into a half-open connection hangs for ever
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "global_keyprefix": "dispatcher:",
    }
