"""topics.yaml, read and checked as a whole: the agency, the sources, the topics and their rules.

Every mistake is told at once, each with its line, its key and what would be right. A file with one mistake is no catalog: there
is nothing half read. Opens no file and knows no row; what is only unwise, `lint` says.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import TypeVar

from dispatcher.errors import Mistakes
from dispatcher.formats import address
from dispatcher.formats.contact import NOBODY, Contact
from dispatcher.formats.kinds import KINDS, is_list
from dispatcher.formats.selectors import Patterns, Select
from dispatcher.topics import agreement, values, written, yaml_nodes
from dispatcher.topics.entries import (
    Agency,
    CatalogFile,
    Needed,
    Preset,
    SourceEntry,
    StaticSubscriber,
    TopicEntry,
    rules_from_json,
)
from dispatcher.topics.yaml_nodes import Node

__all__ = [
    "Agency",
    "CatalogFile",
    "SourceEntry",
    "StaticSubscriber",
    "TopicEntry",
    "parse",
    "rules_from_json",
]

CADENCES = ("immediate", "daily", "weekly")

_AGENCY = ("name", "address", "contact", "reply_to", "from", "time_zone", "website")
_CONTACT: Mapping[str, Callable[[str], str]] = {
    "name": values.line(200),
    "email": values.mailbox,
    "telephone": values.telephone,
    "tty": values.telephone,
    "website": values.web_address(any_port=False),
}
_SOURCE = tuple(one.name for one in fields(SourceEntry))
_SELECT = tuple(one.name for one in fields(Select))
_PATTERNS = tuple(one.name for one in fields(Patterns))
_ONLY_PAGES = ("select", "patterns", "dated_only", "minimum_records")
_TOPIC = ("slug", "name", "group", "aliases", "category", "description", "contact", "sections", "rules", "subscribers", "retired", "replaced_by", "letter", "must_deliver")  # fmt: skip

T = TypeVar("T")
Keys = Mapping[str, Node]


def parse(text: str, name: str) -> CatalogFile:
    """The catalog that a file holds. Raises Mistakes with every one of them; `name` is how the file is called in them."""
    root = yaml_nodes.read(text, name)
    keys = root.keys(("agency", "sources", "lists", "topics", "presets"), required=("agency", "topics"))
    agency = _agency(keys["agency"].keys(_AGENCY, required=("name",)) if "agency" in keys else {})
    source_nodes, topic_nodes = _items(keys, "sources"), _items(keys, "topics")
    sources = tuple(_source(node) for node in source_nodes)
    lists = written.lists(keys)
    topics = tuple(_topic(node, lists) for node in topic_nodes)
    preset_nodes = _items(keys, "presets")
    presets = tuple(_preset(node) for node in preset_nodes)
    _check_once(source_nodes, "slug", [source.slug for source in sources])
    _check_once(topic_nodes, "slug", [topic.slug for topic in topics])
    _check_once(preset_nodes, "slug", [preset.slug for preset in presets])
    agreement.check_successors(topic_nodes, topics)
    agreement.check_presets(preset_nodes, presets, topics)
    agreement.check_everything_from(topic_nodes, topics, [source.slug for source in sources])
    if root.found:
        raise Mistakes(name, root.found)
    return CatalogFile(agency, sources, topics, presets, hashlib.sha256(text.encode()).hexdigest())


def _agency(keys: Keys) -> Agency:
    needed: list[tuple[str, str]] = []
    agency = Agency(
        name=_value(keys, "name", values.line(200), ""),
        address=_confirmed(keys, "address", values.prose, needed),
        contact=_contact(keys, needed),
        reply_to=_confirmed(keys, "reply_to", values.sender, needed),
        from_=_confirmed(keys, "from", values.sender, needed),
        time_zone=_value(keys, "time_zone", values.time_zone, "America/New_York"),
        website=_confirmed(keys, "website", values.web_address(any_port=False), needed),
        unconfirmed=(),
    )
    return replace(
        agency, unconfirmed=(*needed, *_unwritten(agency, {key.partition(".")[0] for key, _ in needed}))
    )


def _unwritten(agency: Agency, named: Collection[str]) -> Needed:
    """What no message can do without and the file does not even call unconfirmed."""
    written = {
        "address": agency.address,
        "contact": agency.contact != NOBODY,
        "reply_to": agency.reply_to,
        "from": agency.from_,
    }
    missing = (key for key, value in written.items() if not value and key not in named)
    return tuple((key, "nothing is written yet: ask the agency") for key in missing)


def _contact(keys: Keys, needed: list[tuple[str, str]]) -> Contact:
    """A block, or just an address, a link or a name. The whole or any line of it may be unconfirmed."""
    node = keys.get("contact")
    if node is None:
        return NOBODY
    if not node.is_block:
        return node.value(_short_contact, NOBODY)
    inside = node.keys((*_CONTACT, "unconfirmed"))
    if "unconfirmed" in inside:
        _confirmed(keys, "contact", values.prose, needed)
        return NOBODY
    deeper: list[tuple[str, str]] = []
    contact = Contact(**{key: _confirmed(inside, key, parse, deeper) for key, parse in _CONTACT.items()})
    needed += [(f"contact.{key}", what) for key, what in deeper]
    return contact


def _short_contact(text: str) -> Contact:
    if "@" in text:
        return Contact(email=values.mailbox(text))
    if "://" in text:
        return Contact(website=_CONTACT["website"](text))
    return Contact(name=_CONTACT["name"](text))


def _source(node: Node) -> SourceEntry:
    keys = node.keys(_SOURCE, required=("slug", "name", "kind", "url"))
    kind = _value(keys, "kind", values.one_of(*KINDS), "")
    own_server = _flag(keys, "allow_private", default=False)
    _check_kind(node, keys, kind)
    usual = KINDS.get(kind, KINDS["feed"])
    source = SourceEntry(
        slug=_value(keys, "slug", values.slug, ""),
        name=_value(keys, "name", values.line(200), ""),
        kind=kind,
        url=_value(keys, "url", values.web_address(any_port=own_server), ""),
        enabled=_flag(keys, "enabled", default=True),
        reason=_value(keys, "reason", values.prose, ""),
        official=_flag(keys, "official", default=False),
        allow_private=own_server,
        every_minutes=_value(keys, "every_minutes", values.count(10, 1_440), usual.every_minutes),
        late_after_days=_value(keys, "late_after_days", values.count(0, 3_650), usual.late_after_days),
        user_agent=_value(keys, "user_agent", values.header, ""),
        select=Select(**_block(keys, "select", _SELECT, values.selector)),
        patterns=Patterns(**_block(keys, "patterns", _PATTERNS, values.pattern)),
        dated_only=_flag(keys, "dated_only", default=False),
        minimum_records=_value(keys, "minimum_records", values.count(0, 500), int(usual.is_list)),
    )
    if not source.enabled and "reason" not in keys:
        node.at("enabled").wrong(
            "is false without a reason", "reason: what has to be known or done before it is polled"
        )
    return source


def _check_kind(node: Node, keys: Keys, kind: str) -> None:
    if is_list(kind) and not node.has("select", "record"):
        node.at("select").wrong(
            "does not say where the page keeps its records", "select: {record: a CSS selector}"
        )
    for key in _ONLY_PAGES:
        if key in keys and kind in KINDS and not is_list(kind):
            keys[key].wrong(f"means nothing for a source of kind {kind}", "only with kind: page")


def _topic(node: Node, lists: written.Lists) -> TopicEntry:
    keys = node.keys(_TOPIC, required=("slug", "name"))
    needed: list[tuple[str, str]] = []
    subscribers = _items(keys, "subscribers")
    topic = TopicEntry(
        slug=_value(keys, "slug", values.slug, ""),
        name=_value(keys, "name", values.line(200), ""),
        category=_value(keys, "category", values.line(100), "Topics"),
        group=_value(keys, "group", values.line(100), ""),
        aliases=written.names(keys),
        description=_value(keys, "description", values.prose, ""),
        contact=_contact(keys, needed),
        unconfirmed=(),
        sections=keys["sections"].values(values.section) if "sections" in keys else (),
        rules=tuple(written.rule(one, lists) for one in _items(keys, "rules")),
        subscribers=tuple(_subscriber(one) for one in subscribers),
        retired=_value(keys, "retired", values.day, None),
        replaced_by=_one_or_some(keys, "replaced_by", values.slug),
        letter=_value(keys, "letter", values.prose, ""),
        must_deliver=_flag(keys, "must_deliver", default=False),
    )
    _check_once(subscribers, "address", [address.fold(one.address) for one in topic.subscribers])
    return replace(topic, unconfirmed=tuple(needed))


def _preset(node: Node) -> Preset:
    keys = node.keys(("slug", "name", "topics"), required=("slug", "name", "topics"))
    return Preset(
        _value(keys, "slug", values.slug, ""),
        _value(keys, "name", values.line(100), ""),
        _some(keys, "topics", values.slug, ()),
    )


def _subscriber(node: Node) -> StaticSubscriber:
    if not node.is_block:
        return StaticSubscriber(node.value(values.mailbox, ""), "immediate")
    keys = node.keys(("address", "cadence"), required=("address",))
    return StaticSubscriber(
        _value(keys, "address", values.mailbox, ""),
        _value(keys, "cadence", values.one_of(*CADENCES), "immediate"),
    )


def _check_once(nodes: Sequence[Node], key: str, names: Sequence[str]) -> None:
    first: dict[str, Node] = {}
    for node, name in zip(nodes, names, strict=True):
        place = node.at(key)
        if name and name in first:
            place.wrong(
                f"{name!r} is taken by line {first[name].line}", f"another {key}, or leave one of the two out"
            )
        first.setdefault(name, place)


def _value(keys: Keys, key: str, parse: Callable[[str], T], default: T) -> T:
    return keys[key].value(parse, default) if key in keys else default


def _confirmed(keys: Keys, key: str, parse: Callable[[str], str], needed: list[tuple[str, str]]) -> str:
    """A value, or nothing where the file says what is needed to know it: `{unconfirmed: "what, from whom"}`."""
    if key not in keys or not keys[key].is_block:
        return _value(keys, key, parse, "")
    inside = keys[key].keys(("unconfirmed",), required=("unconfirmed",))
    needed.append((key, _value(inside, "unconfirmed", values.prose, "")))
    return ""


def _flag(keys: Keys, key: str, *, default: bool) -> bool:
    return keys[key].flag(default=default) if key in keys else default


def _items(keys: Keys, key: str) -> list[Node]:
    return keys[key].items() if key in keys else []


def _some(keys: Keys, key: str, parse: Callable[[str], T], default: tuple[T, ...]) -> tuple[T, ...]:
    if key not in keys:
        return default
    if keys[key].is_empty_list:
        keys[key].wrong("is an empty list", "at least one item, or no such key")
    return keys[key].values(parse)


def _one_or_some(keys: Keys, key: str, parse: Callable[[str], T]) -> tuple[T, ...]:
    """A value, or a list of them."""
    if key not in keys or keys[key].is_list:
        return _some(keys, key, parse, ())
    found: list[T] = []
    keys[key].value(lambda text: found.append(parse(text)), None)
    return tuple(found)


def _block(keys: Keys, key: str, allowed: Sequence[str], parse: Callable[[str], str]) -> dict[str, str]:
    inside = keys[key].keys(allowed) if key in keys else {}
    return {name: node.value(parse, "") for name, node in inside.items()}
