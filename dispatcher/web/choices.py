"""Topics as a form offers them: under headings, in the order of topics.yaml, with what is ticked or what a preset ticks."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from dispatcher.models import Cadence, Catalog, Topic

# How often a topic may come, as the forms say it.
CADENCES: dict[str, str] = {
    Cadence.IMMEDIATE.value: "At once, each by itself",
    Cadence.DAILY.value: "Once a day, in one message",
    Cadence.WEEKLY.value: "Once a week, in one message",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One topic with its tick. `cadence`: how often it comes; empty where there is nothing to choose.

    `words`: what stands in the field of one's own words; None where there is no such field.
    """

    id: int
    name: str
    description: str
    ticked: bool
    cadence: str
    must_deliver: bool
    words: str | None


def offered(kept: Collection[int] = ()) -> list[Topic]:
    """The topics in use; of the retired ones those that somebody still has."""
    return [one for one in Topic.objects.all() if one.retired_at is None or one.id in kept]


def by_category(
    topics: Iterable[Topic],
    ticked: Collection[int],
    cadences: Mapping[int, str],
    words: Mapping[int, str] | None = None,
) -> dict[str, list[Choice]]:
    """What the form shows, by category or the groups within one. `cadences`: of the topics that are followed; `words`: of the topics that may be narrowed to one's own, what they are."""
    categories: dict[str, list[Choice]] = {}
    for one in topics:
        cadence = "" if one.must_deliver else cadences.get(one.id, "")
        own = None if one.must_deliver else (words or {}).get(one.id)
        choice = Choice(one.id, one.name, one.description, one.id in ticked, cadence, one.must_deliver, own)
        categories.setdefault(one.group or one.category, []).append(choice)
    return categories


@dataclass(frozen=True, slots=True)
class Preset:
    """What a kind of provider mostly follows."""

    slug: str
    name: str
    topics: frozenset[str]


def presets() -> list[Preset]:
    """Those of the list in force."""
    latest = Catalog.latest()
    return [
        Preset(one["slug"], one["name"], frozenset(one["topics"]))
        for one in (latest.presets if latest else [])
    ]
