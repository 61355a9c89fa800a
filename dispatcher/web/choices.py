"""Topics as a form offers them: by category, in the order of topics.yaml, with what is ticked."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from dispatcher.models import Topic


@dataclass(frozen=True, slots=True)
class Choice:
    """One topic with its tick. `cadence` is empty unless the topic comes as a digest."""

    id: int
    name: str
    description: str
    ticked: bool
    cadence: str


def offered(kept: Collection[int] = ()) -> list[Topic]:
    """The topics in use; of the retired ones those that somebody still has."""
    return [one for one in Topic.objects.all() if one.retired_at is None or one.id in kept]


def by_category(
    topics: Iterable[Topic], ticked: Collection[int], cadences: Mapping[int, str]
) -> dict[str, list[Choice]]:
    """What the form shows."""
    categories: dict[str, list[Choice]] = {}
    for one in topics:
        cadence = cadences.get(one.id, "immediate")
        digest = "" if cadence == "immediate" else f"{cadence} digest"
        choice = Choice(one.id, one.name, one.description, one.id in ticked, digest)
        categories.setdefault(one.category, []).append(choice)
    return categories
