"""Copies of topics.yaml: the one that was changed last is in force everywhere, and two that differ do not overrule each other."""

from pathlib import Path

import pytest
import scene

from dispatcher.errors import Mistakes
from dispatcher.models import Catalog
from dispatcher.models.clock import database_now
from dispatcher.topics import load, places

CHANGED = scene.TOPICS.replace("description: Pharmacies", "description: All pharmacies")


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


def copy(folder: Path, name: str, text: str = scene.TOPICS) -> Path:
    file = folder / name / "topics.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def in_force() -> str:
    latest = Catalog.latest()
    assert latest is not None
    return latest.text


def test_a_changed_copy_is_in_force_and_an_older_one_elsewhere_does_not_take_it_back(tmp_path: Path) -> None:
    one, other = copy(tmp_path, "one"), copy(tmp_path, "other")
    assert [load.refresh(one), load.refresh(other)] == [True, False]
    copy(tmp_path, "one", CHANGED)
    assert load.refresh(one)
    for _ in range(3):  # in turns, as two workers would
        assert [load.refresh(other), load.refresh(one)] == [False, False]
    assert in_force() == CHANGED
    (stale,) = places.differing(database_now())
    assert stale.place == places.here(other)
    copy(tmp_path, "other", CHANGED)
    assert not load.refresh(other)
    assert places.differing(database_now()) == []


def test_a_copy_that_nobody_has_seen_is_loaded_only_if_its_text_is_new(tmp_path: Path) -> None:
    first = copy(tmp_path, "first")
    load.refresh(first)
    copy(tmp_path, "first", CHANGED)
    load.refresh(first)
    assert not load.refresh(copy(tmp_path, "an-older-image"))
    assert load.refresh(copy(tmp_path, "a-newer-image", CHANGED + "# and more\n"))


def test_going_back_is_a_change_where_the_copy_lies_or_a_command_elsewhere(tmp_path: Path) -> None:
    one = copy(tmp_path, "one")
    load.refresh(one)
    load.refresh(copy(tmp_path, "one", CHANGED))
    load.refresh(copy(tmp_path, "one"))
    assert in_force() == scene.TOPICS
    load.refresh(copy(tmp_path, "one", CHANGED))
    other = copy(tmp_path, "other")
    assert not load.refresh(other)
    assert load.refresh(other, even_if_old=True)
    assert in_force() == scene.TOPICS
    assert not load.refresh(one), "the copy that was overruled does not strike back"


def test_a_bad_copy_is_tried_again_until_it_is_good(tmp_path: Path) -> None:
    one = copy(tmp_path, "one")
    load.refresh(one)
    copy(tmp_path, "one", "topics: nonsense\n")
    for _ in range(2):
        with pytest.raises(Mistakes):
            load.refresh(one)
    copy(tmp_path, "one", CHANGED)
    assert load.refresh(one)
