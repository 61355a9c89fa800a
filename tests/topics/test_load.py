"""Loading topics.yaml: a good file becomes rows, a bad one changes nothing, and nobody's topic vanishes under them."""

from pathlib import Path

import factories as make
import pytest

from dispatcher.errors import BadInput, Mistakes
from dispatcher.models import Catalog, Journal, Source, Topic
from dispatcher.models.clock import database_now
from dispatcher.topics import load

HEAD = """
agency: {name: MaineCare, address: {unconfirmed: x}, contact: {email: help@example.gov}, reply_to: help@example.gov,
         from: "MaineCare <notices@example.gov>", time_zone: America/New_York}
"""
SOURCE = """
sources:
  - {slug: policy-rules, name: Policy, kind: feed, url: "https://www.maine.gov/feed"}
"""


def topic(slug: str, extra: str = "") -> str:
    return f"  - {{slug: {slug}, name: {slug.title()}, category: All, description: text, sections: [II-80]{extra}}}\n"


def write(path: Path, *topics: str, source: str = SOURCE) -> Path:
    file = path / "topics.yaml"
    file.write_text(HEAD + source + "topics:\n" + "".join(topics), encoding="utf-8")
    return file


def test_a_good_file_becomes_rows(db: str, tmp_path: Path) -> None:
    load.refresh(write(tmp_path, topic("pharmacy"), topic("dental")))
    assert list(Topic.objects.values_list("slug", "position")) == [("pharmacy", 0), ("dental", 1)]
    assert Source.objects.get().slug == "policy-rules"
    latest = Catalog.latest()
    assert latest is not None
    assert latest.agency["contact"]["email"] == "help@example.gov"
    assert Journal.objects.get().facts["hash"] == latest.hash


def test_loading_the_same_file_again_does_nothing(db: str, tmp_path: Path) -> None:
    file = write(tmp_path, topic("pharmacy"))
    load.refresh(file)
    load.refresh(file)
    assert Catalog.objects.count() == Journal.objects.count() == 1


def test_going_back_to_an_earlier_file_makes_it_the_one_in_force(db: str, tmp_path: Path) -> None:
    for topics in [[topic("pharmacy")], [topic("pharmacy"), topic("dental")], [topic("pharmacy")]]:
        load.refresh(write(tmp_path, *topics))
    assert Topic.objects.get(slug="dental").retired_at is not None
    latest = Catalog.latest()
    assert latest is not None
    assert "dental" not in latest.text


def test_a_bad_file_changes_nothing(db: str, tmp_path: Path) -> None:
    load.refresh(write(tmp_path, topic("pharmacy")))
    with pytest.raises(Mistakes):
        load.refresh(write(tmp_path, topic("dental"), topic("dental")))
    assert list(Topic.objects.values_list("slug", flat=True)) == ["pharmacy"]


def test_a_topic_with_subscribers_may_not_vanish(db: str, tmp_path: Path) -> None:
    load.refresh(write(tmp_path, topic("pharmacy"), topic("dental")))
    make.subscription(make.subscriber(), Topic.objects.get(slug="dental"))
    with pytest.raises(Mistakes, match="'dental' is gone but has subscribers"):
        load.refresh(write(tmp_path, topic("pharmacy")))
    load.refresh(
        write(tmp_path, topic("pharmacy"), topic("dental", ", retired: 2026-01-01, replaced_by: pharmacy"))
    )
    gone = Topic.objects.get(slug="dental")
    assert gone.retired_at is not None
    assert list(gone.successors.all()) == [Topic.objects.get(slug="pharmacy")]


def test_another_address_of_a_source_means_a_new_silent_baseline(db: str, tmp_path: Path) -> None:
    load.refresh(write(tmp_path, topic("pharmacy")))
    Source.objects.update(baselined_at=database_now())
    load.refresh(write(tmp_path, topic("pharmacy"), source=SOURCE.replace("/feed", "/other")))
    assert Source.objects.get().baselined_at is None


def test_a_source_that_left_the_file_is_kept_and_no_longer_polled(db: str, tmp_path: Path) -> None:
    load.refresh(write(tmp_path, topic("pharmacy")))
    load.refresh(write(tmp_path, topic("pharmacy"), source="sources: []\n"))
    assert not Source.polled().exists()
    assert not Source.due(database_now()).exists()


def test_listed_subscribers_are_kept_with_the_file_until_they_are_taken_in(db: str, tmp_path: Path) -> None:
    load.refresh(write(tmp_path, topic("pharmacy", ", subscribers: [board@example.gov]")))
    latest = Catalog.latest()
    assert latest is not None
    assert latest.listed == [["pharmacy", "board@example.gov", "immediate"]]
    assert latest.listed_taken_at is None


def test_a_file_that_is_not_there_is_told_with_the_setting_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="DISPATCHER_TOPICS"):
        load.read(tmp_path / "nowhere.yaml")


def test_a_topic_cannot_be_retired_on_a_day_to_come(db: str, tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="is to come"):
        load.refresh(write(tmp_path, topic("pharmacy", ", retired: 2099-01-01")))


def test_a_new_name_keeps_the_people_and_the_journal_keeps_the_old_one(db: str, tmp_path: Path) -> None:
    load.refresh(write(tmp_path, topic("dental")))
    make.subscription(make.subscriber(), Topic.objects.get(slug="dental"))
    load.refresh(write(tmp_path, topic("dental").replace("name: Dental", "name: Teeth")))
    named = Topic.objects.get(slug="dental")
    assert (named.name, named.subscriptions.count()) == ("Teeth", 1)
    assert Journal.objects.latest("id").facts["renamed"] == {"dental": ["Dental", "Teeth"]}
