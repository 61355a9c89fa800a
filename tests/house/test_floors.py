"""The floors of pyproject.toml hold, and every module stands on one of them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from house.floors import floors, modules, pure, stages
from house.tree import ROOT

# The modules of stages, and of what stages share, that are not pure: each with what it faces.
FACING = {
    "dispatcher.bounces.inbox": "rows",
    "dispatcher.bounces.listen": "clients, by SMTP and LMTP",
    "dispatcher.bounces.settle": "rows",
    "dispatcher.bounces.webhooks": "django-anymail, which knows Django",
    "dispatcher.delivery.access": "rows, by SQL, in a loop and a thread",
    "dispatcher.delivery.brakes": "rows",
    "dispatcher.delivery.breakers": "rows",
    "dispatcher.delivery.claims": "rows",
    "dispatcher.delivery.committer": "rows, through access",
    "dispatcher.delivery.composition": "rows",
    "dispatcher.delivery.connection": "relays",
    "dispatcher.delivery.copies": "relays",
    "dispatcher.delivery.deliver": "rows, and the loop that sends",
    "dispatcher.delivery.leases": "rows, by SQL",
    "dispatcher.delivery.ledger": "rows, by SQL",
    "dispatcher.delivery.outcomes": "nothing outside, but it speaks of rows",
    "dispatcher.delivery.pacing": "rows, and shared rates",
    "dispatcher.delivery.queue": "the loop that sends",
    "dispatcher.delivery.relays": "rows",
    "dispatcher.delivery.sending": "connections to relays",
    "dispatcher.delivery.signing": "files of keys",
    "dispatcher.delivery.smtp": "relays",
    "dispatcher.delivery.wire": "sockets",
    "dispatcher.delivery.standing": "nothing outside, but it speaks of relays",
    "dispatcher.delivery.statements": "rows, by SQL",
    "dispatcher.delivery.terms": "nothing outside, but it speaks of relays",
    "dispatcher.delivery.unmarked": "rows, by SQL",
    "dispatcher.mailings.answers": "rows, by SQL",
    "dispatcher.mailings.approvers": "rows",
    "dispatcher.mailings.audience": "rows, by SQL",
    "dispatcher.mailings.binding": "rows",
    "dispatcher.mailings.blast": "rows",
    "dispatcher.mailings.digest": "rows, by SQL",
    "dispatcher.mailings.fan_out": "rows, by SQL",
    "dispatcher.mailings.keywords": "rows, by SQL",
    "dispatcher.mailings.parts": "rows",
    "dispatcher.mailings.preparation": "rows",
    "dispatcher.mailings.progress": "rows",
    "dispatcher.mailings.reconcile": "rows",
    "dispatcher.mailings.release": "rows",
    "dispatcher.mailings.several": "rows, by SQL",
    "dispatcher.mailings.start": "rows",
    "dispatcher.messages.collected": "rows",
    "dispatcher.messages.compose": "template files",
    "dispatcher.messages.editions": "rows",
    "dispatcher.messages.facts": "rows",
    "dispatcher.messages.kinds": "template files, through compose",
    "dispatcher.messages.letters": "template files, through compose",
    "dispatcher.messages.samples": "template files, through compose",
    "dispatcher.messages.several": "template files, through compose",
    "dispatcher.messages.system_mail": "rows",
    "dispatcher.messages.to_staff": "rows",
    "dispatcher.messages.translations": "catalogs of translations, which are files",
    "dispatcher.sources.child": "its parent, by pipes",
    "dispatcher.sources.alert": "rows",
    "dispatcher.sources.asking": "rows and the web",
    "dispatcher.sources.body_hash": "files of our own code",
    "dispatcher.sources.complete": "rows and the web",
    "dispatcher.sources.fetch": "the web",
    "dispatcher.sources.health": "rows",
    "dispatcher.sources.held": "rows",
    "dispatcher.sources.intake": "rows",
    "dispatcher.sources.linked": "rows and the web",
    "dispatcher.sources.news": "rows",
    "dispatcher.sources.poll": "rows",
    "dispatcher.sources.promptness": "rows",
    "dispatcher.sources.stamps": "rows",
    "dispatcher.sources.reader": "its child, by pipes",
    "dispatcher.sources.recall": "rows",
    "dispatcher.sources.shelf": "rows",
    "dispatcher.sources.sightings": "rows",
    "dispatcher.sources.statements": "rows",
    "dispatcher.subscribers.caps": "rows",
    "dispatcher.subscribers.farewell": "rows",
    "dispatcher.subscribers.imports": "rows",
    "dispatcher.subscribers.moves": "rows",
    "dispatcher.subscribers.narrowing": "rows",
    "dispatcher.subscribers.preferences": "rows",
    "dispatcher.subscribers.sign_up": "rows",
    "dispatcher.subscribers.subscriptions": "rows",
    "dispatcher.topics.by_hand": "rows",
    "dispatcher.topics.load": "topics.yaml and rows",
    "dispatcher.topics.match": "rows",
    "dispatcher.topics.places": "rows, and the name of this machine",
}
SHARED = ("dispatcher.messages", "dispatcher.throttle")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_the_floors_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, (
        f"{done.stdout}{done.stderr}\n→ move what is shared one floor down; never pierce a floor"
    )


# What is imported where, and which contract says no.
BAD_IMPORTS = [
    (
        "dispatcher.delivery.deliver",
        "dispatcher.sources.poll",
        "Floors, high to low",
    ),  # a stage calls another
    (
        "dispatcher.models.clock",
        "dispatcher.management.show",
        "Floors, high to low",
    ),  # a door is used from below
    ("dispatcher.errors", "django", "Pure modules stay pure"),  # every format then knows rows, indirectly
    ("dispatcher.sources.poll", "aiohttp", "One library, one importer"),
    ("dispatcher.mailings.fan_out", "celery", "Celery stays in its door"),
    ("dispatcher.database.gate", "dispatcher.config", "The database backend stands alone"),
]


def test_each_floor_is_there_to_be_hit(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("dispatcher", "tasks"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "samples")
        )
    for importer, imported, _ in BAD_IMPORTS:
        with (tmp_path / (importer.replace(".", "/") + ".py")).open("a") as module:
            module.write(f"\nimport {imported}\n")
    output = lint_imports(tmp_path).stdout
    for importer, imported, broken in BAD_IMPORTS:
        assert f"{broken} BROKEN" in output
        assert f"{importer} -> {imported} " in output


def test_every_module_stands_on_a_floor() -> None:
    known = {module for floor in floors() for module in floor}
    homeless = modules("dispatcher") - known
    assert not homeless, f"{sorted(homeless)} → give each its place among the layers in pyproject.toml"


def test_every_module_of_a_stage_is_pure_or_faces_outside() -> None:
    existing = set().union(*(modules(package) for package in [*stages(), *SHARED]))
    told = unplaced(existing, pure(), FACING)
    assert not told, told


def unplaced(existing: set[str], pure: list[str], facing: dict[str, str]) -> str:
    """Modules that are on neither list, on both, or gone."""
    both = existing & set(pure) & set(facing)
    neither = existing - set(pure) - set(facing)
    gone = set(facing) - existing
    lines = [
        f"{one}: neither pure nor facing outside → list it in pyproject.toml (pure) or in FACING"
        for one in sorted(neither)
    ]
    lines += [f"{one}: pure and facing outside → decide" for one in sorted(both)]
    return "\n".join(lines + [f"{one}: does not exist → take it off FACING" for one in sorted(gone)])


@pytest.mark.parametrize(
    ("existing", "complaint"),
    [({"a.new"}, "neither pure"), ({"a.pure", "a.rows"}, ""), ({"a.pure"}, "does not exist")],
)
def test_a_module_on_no_list_is_named(existing: set[str], complaint: str) -> None:
    told = unplaced(existing, ["a.pure"], {"a.rows": "rows"} if existing != {"a.new"} else {})
    assert complaint in told
    assert bool(told) == bool(complaint)
