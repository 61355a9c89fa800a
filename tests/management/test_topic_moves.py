"""`topics load`, `moves`, `undo`: a change of topics.yaml reaches every process, and what it did to people can be undone."""

from pathlib import Path

import factories as make
import pytest
import scene
from calling import Call, set_environment

from dispatcher.models import Bulletin, Catalog, CatalogPlace, Match, Source, Staff, Topic
from dispatcher.models.clock import database_now
from dispatcher.topics import load
from tasks import sweep

CHANGED = scene.TOPICS.replace("description: Pharmacies", "description: All pharmacies")
REPLACED = scene.TOPICS.replace(
    "description: Pharmacies",
    "description: Pharmacies, retired: 2026-01-01, replaced_by: private-non-medical-institutions, letter: Merged",
)


def copy(folder: Path, name: str, text: str = scene.TOPICS) -> Path:
    file = folder / name / "topics.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def in_force() -> str:
    latest = Catalog.latest()
    assert latest is not None
    return latest.text


def test_a_worker_that_sweeps_picks_a_change_up_and_every_match_names_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.setattr("tasks.app.app.conf.broker_url", "redis://127.0.0.1:1/0")
    file = copy(tmp_path, "one")
    set_environment(monkeypatch, TOPICS=str(file))
    assert sweep.sweep()
    assert in_force() == scene.TOPICS
    copy(tmp_path, "one", CHANGED)
    assert sweep.sweep()
    assert in_force() == CHANGED
    Bulletin.objects.create(
        title="Chapter II, Section 80", type="adopted", state="unmatched", source=Source.objects.first(), first_seen_at=database_now()
    )  # fmt: skip
    call("run", "--once", "--json")
    latest = Catalog.latest()
    assert latest is not None
    assert set(Match.objects.values_list("catalog", flat=True)) == {latest.hash}


def test_status_names_a_copy_that_differs_and_load_puts_one_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    load.refresh(copy(tmp_path, "other"))
    load.refresh(copy(tmp_path, "one", CHANGED))
    set_environment(monkeypatch, TOPICS=str(tmp_path / "other" / "topics.yaml"))
    told = call("status").out
    assert "this copy is not the version in force" in told
    assert "in force everywhere" in call("topics", "load").out
    assert "in force already" in call("topics", "load").out
    assert in_force() == scene.TOPICS
    assert CatalogPlace.objects.count() == 2


def test_a_replaced_topic_moves_its_people_and_one_command_takes_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    set_environment(monkeypatch, TOPICS=str(copy(tmp_path, "one")))
    Staff.objects.create(name="olga", role="operator", email="", created_at=make.LONG_AGO)
    assert "in force everywhere" in call("topics", "load").out
    make.subscription(make.subscriber("ann@example.com"), Topic.objects.get(slug="pharmacy"))
    copy(tmp_path, "one", REPLACED)
    call("topics", "load")
    (told,) = call("topics", "moves", "--json").json
    assert (told["topic"], told["successors"], told["people"]) == (
        "pharmacy",
        ["private-non-medical-institutions"],
        1,
    )
    assert "mailing 1" in call("topics", "moves").out
    refused = call("topics", "undo", told["id"], "--as", "olga")
    assert (refused.code, "take `retired:`" in refused.err) == (1, True)
    copy(tmp_path, "one", CHANGED)
    call("topics", "load")
    assert "1 people follow the old topic again" in call("topics", "undo", told["id"], "--as", "olga").out
    assert "nobody was moved yet" not in call("topics", "moves").out
