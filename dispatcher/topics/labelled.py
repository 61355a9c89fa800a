"""Labelled notices: a file in which people wrote down which topics a notice concerns, whatever the rules say. docs/labelled.md has the format."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from dispatcher.errors import Mistakes
from dispatcher.formats.sections import Section
from dispatcher.topics import values, yaml_nodes
from dispatcher.topics.page import Document
from dispatcher.topics.reasons import TYPES
from dispatcher.topics.yaml_nodes import Node

_KEYS = ("title", "body", "type", "source", "categories", "sections", "topics", "because")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One notice and the truth about it. `sections`: those that it is about; `place`: where it stands in the file."""

    place: str
    title: str
    document: Document
    topics: frozenset[str]
    sections: tuple[Section, ...]
    because: str


def parse(text: str, name: str, slugs: Collection[str]) -> tuple[Labelled, ...]:
    """The notices of a file. Raises Mistakes with every one of them, among them topics that are not among `slugs`."""
    root = yaml_nodes.read(text, name)
    keys = root.keys(("notices",), required=("notices",))
    notices = tuple(_notice(node, slugs) for node in keys["notices"].items()) if "notices" in keys else ()
    if root.found:
        raise Mistakes(name, root.found)
    return notices


def _notice(node: Node, slugs: Collection[str]) -> Labelled:
    keys = node.keys(_KEYS, required=("title", "topics"))
    title = keys["title"].value(values.line(500), "") if "title" in keys else ""
    body = keys["body"].value(str, "") if "body" in keys else ""
    document = Document(
        title=title,
        body=tuple(line.strip() for line in body.splitlines() if line.strip()),
        type=keys["type"].value(values.one_of(*TYPES), "notice") if "type" in keys else "notice",
        categories=keys["categories"].values(values.line(200)) if "categories" in keys else (),
        source=keys["source"].value(values.slug, "") if "source" in keys else "",
    )
    return Labelled(
        place=node.place,
        title=title,
        document=document,
        topics=frozenset(keys["topics"].values(partial(_known, slugs)) if "topics" in keys else ()),
        sections=keys["sections"].values(values.section) if "sections" in keys else (),
        because=keys["because"].value(values.prose, "") if "because" in keys else "",
    )


def _known(slugs: Collection[str], text: str) -> str:
    if text not in slugs:
        raise ValueError("a slug of the topic list; for nobody's notice an empty list: topics: []")
    return text
