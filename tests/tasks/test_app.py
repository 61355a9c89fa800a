"""Each setting that reliability rests on, read where it takes effect: on the app's own configuration."""

import pytest

from tasks.app import LANES, app

BASELINE = {
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_acks_late": True,
    "worker_prefetch_multiplier": 1,
    "task_acks_on_failure": True,
    "task_acks_on_timeout": True,
    "task_reject_on_worker_lost": False,
    "task_retry_on_worker_lost": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "task_time_limit": 840,
    "task_soft_time_limit": 780,
    "task_ignore_result": True,
    "result_backend": None,
    "task_create_missing_queues": False,
    "task_default_queue": "upkeep",
    "worker_max_tasks_per_child": 1000,
    "worker_max_memory_per_child": 300_000,
    "worker_eta_task_limit": 100,
    "worker_soft_shutdown_timeout": 30.0,
    "worker_enable_soft_shutdown_on_idle": True,
    "worker_send_task_events": False,
    "worker_enable_remote_control": False,
    "broker_connection_max_retries": None,
    "broker_connection_retry_on_startup": True,
    "broker_pool_acquire_timeout": 10,
    "beat_scheduler": "tasks.timetable:Timetable",
    "timezone": "UTC",
    "enable_utc": True,
}
TRANSPORT = {
    "visibility_timeout": 3600,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "global_keyprefix": "dispatcher:",
}


@pytest.mark.parametrize(("name", "value"), BASELINE.items(), ids=list(BASELINE))
def test_the_setting_is_in_force(name: str, value: object) -> None:
    assert app.conf[name] == value


@pytest.mark.parametrize(("name", "value"), TRANSPORT.items(), ids=list(TRANSPORT))
def test_the_transport_option_is_in_force(name: str, value: object) -> None:
    assert app.conf.broker_transport_options[name] == value


def test_a_publish_does_not_wait_for_the_broker() -> None:
    policy = app.conf.task_publish_retry_policy
    assert policy["max_retries"] == 1
    assert policy["interval_max"] <= 0.2


def test_lanes_are_plain_queues() -> None:
    assert [queue.name for queue in app.conf.task_queues] == list(LANES)


def test_no_task_may_take_longer_than_a_quarter_of_the_visibility_timeout() -> None:
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"] / 4
