"""Tasks are doorbells, every lane has somebody who serves it, and every entry of the timetable names a task and a lane that exist."""

import ast
from collections.abc import Iterator
from importlib import import_module

import pytest
from house.tree import Breach, Source, sources

from tasks.app import LANES, WORKERS, app

LONGEST = 12


def not_doorbells(source: Source) -> Iterator[Breach]:
    """Functions decorated as tasks that are long, catch errors, touch rows, or have no name of their own."""
    for one in source.functions:
        decorators = [
            d for d in one.decorator_list if isinstance(d, ast.Call) and ast.unparse(d.func) == "app.task"
        ]
        if not decorators:
            continue
        if not any(keyword.arg == "name" for keyword in decorators[0].keywords):
            yield Breach(source.path, one.lineno, f"{one.name} has no name of its own", one.name)
        if (one.end_lineno or one.lineno) - one.lineno + 1 > LONGEST:
            yield Breach(source.path, one.lineno, f"{one.name} is longer than {LONGEST} lines", one.name)
        for node in ast.walk(one):
            if isinstance(node, ast.Try):
                yield Breach(
                    source.path, node.lineno, f"{one.name} catches errors: the base task does", one.name
                )


def test_tasks_are_doorbells() -> None:
    breaches = [breach for source in sources("tasks") for breach in not_doorbells(source)]
    assert not breaches, breaches


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("@app.task()\ndef x(): pass", "no name"),
        ("@app.task(name='x')\ndef x():\n  try: pass\n  except ValueError: pass", "catches"),
        ("@app.task(name='x')\ndef x():\n" + "  pass\n" * 15, "longer"),
    ],
)
def test_what_is_no_doorbell_is_seen(text: str, word: str) -> None:
    assert any(word in breach.problem for breach in not_doorbells(Source("sample.py", text)))


def known() -> set[str]:
    for module in app.conf.imports:
        import_module(module)
    return {name for name in app.tasks if not name.startswith("celery.")}


def test_every_lane_is_served_by_what_up_starts() -> None:
    served = [lane for lanes in WORKERS.values() for lane in lanes]
    assert sorted(served) == sorted(LANES)
    assert any(set(lanes) <= {"system", "immediate"} for lanes in WORKERS.values())


def test_every_entry_of_the_timetable_names_a_task_and_a_lane() -> None:
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in known()
        routed = app.conf.task_routes.get(entry["task"], {})
        assert entry["options"].get("queue", routed.get("queue")) in LANES
        assert entry["options"]["expires"] < entry["schedule"].total_seconds()


def test_every_route_leads_from_a_task_to_a_lane() -> None:
    assert set(app.conf.task_routes) <= known()
    assert {route["queue"] for route in app.conf.task_routes.values()} <= set(LANES)


def test_every_lane_has_a_canary() -> None:
    assert {
        entry["args"][0] for entry in app.conf.beat_schedule.values() if entry["task"] == "upkeep.canary"
    } == set(LANES)
