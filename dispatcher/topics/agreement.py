"""Mistakes of topics.yaml that show only when its entries are seen together. Each is told at its place; nothing is mended."""

from collections.abc import Collection, Mapping, Sequence

from dispatcher.topics.entries import Preset, TopicEntry
from dispatcher.topics.yaml_nodes import Node


def check_successors(nodes: Sequence[Node], topics: Sequence[TopicEntry]) -> None:
    """What takes a topic's place exists, does not lead back, and is written to people only if some are moved."""
    successors = {topic.slug: topic.replaced_by for topic in topics}
    for node, topic in zip(nodes, topics, strict=True):
        place = node.at("replaced_by")
        circle = _circle(topic.slug, successors)
        if circle:
            place.wrong(f"leads back to itself: {' → '.join(circle)}", "a topic that is in use")
        for one in topic.replaced_by:
            if one not in successors:
                place.wrong(f"there is no topic {one!r}", _one_of(successors))
        if topic.letter and not (topic.retired and topic.replaced_by):
            node.at("letter").wrong(
                "is for people who are moved, and nobody is", "with retired: and replaced_by:, or not at all"
            )


def _circle(start: str, successors: Mapping[str, Sequence[str]]) -> list[str]:
    """The way from a topic over its successors back to one that stands on it already; empty if every way ends."""
    ways = [[start]]
    while ways:
        way = ways.pop()
        for following in successors.get(way[-1], ()):
            if following in way:
                return [*way, following]
            ways.append([*way, following])
    return []


def check_everything_from(
    nodes: Sequence[Node], topics: Sequence[TopicEntry], sources: Collection[str]
) -> None:
    """A rule takes everything from a source that there is."""
    for node, topic in zip(nodes, topics, strict=True):
        for index, rule in enumerate(topic.rules):
            if rule.everything_from and rule.everything_from not in sources:
                place = node.at("rules", index, "everything_from")
                place.wrong(f"there is no source {rule.everything_from!r}", _one_of(sources))


def check_presets(nodes: Sequence[Node], presets: Sequence[Preset], topics: Sequence[TopicEntry]) -> None:
    """What a kind of provider follows is there to be followed."""
    in_use = [topic.slug for topic in topics if not topic.retired]
    for node, preset in zip(nodes, presets, strict=True):
        for index, one in enumerate(preset.topics):
            if one not in in_use:
                node.at("topics", index).wrong(f"there is no topic {one!r} in use", _one_of(in_use))


def _one_of(slugs: Collection[str]) -> str:
    return f"one of {', '.join(slug for slug in slugs if slug)}"
