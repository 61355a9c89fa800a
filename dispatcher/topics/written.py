"""Rules as topics.yaml writes them: terms, lists of terms with a name, what is asked of one field, and a topic's other names.

Every mistake is noted at its place; what comes back has none of what was wrong. Decides nothing: that is for `rules`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from dispatcher.topics import keys, values
from dispatcher.topics.asked import Rule, Term, Where, too_wide
from dispatcher.topics.keys import Keys
from dispatcher.topics.page import FIELDS
from dispatcher.topics.reasons import TYPES
from dispatcher.topics.yaml_nodes import Node

_TERMS = ("any", "all", "none")
_RULE = (*_TERMS, "in", *FIELDS, "sections", "mentions", "type", "everything_from")

# Terms that several rules share, by the name of the list.
Lists = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Name:
    """What a topic was called, or is called too. Found in titles whatever the date, for old notices are quoted for years."""

    name: str
    since: date | None = None
    until: date | None = None


def lists(keys_: Keys) -> dict[str, tuple[str, ...]]:
    """The lists of terms that rules may name."""
    inside = keys_["lists"].named(values.slug) if "lists" in keys_ else {}
    return {name: keys.some(inside, name, values.term) for name in inside}


def names(keys_: Keys) -> tuple[Name, ...]:
    """A topic's other names."""
    return tuple(_name(node) for node in keys.items(keys_, "aliases"))


def _name(node: Node) -> Name:
    if not node.is_block:
        return Name(node.value(values.term, ""))
    inside = node.keys(("name", "since", "until"), required=("name",))
    return Name(
        keys.value(inside, "name", values.term, ""),
        keys.value(inside, "since", values.day, None),
        keys.value(inside, "until", values.day, None),
    )


def rule(node: Node, known: Lists) -> Rule:
    """One rule."""
    mistakes = len(node.found)
    inside = node.keys(_RULE)
    read = Rule(
        any=_any(inside, "any", known),
        all=_all(inside, known),
        none=_any(inside, "none", known),
        fields=keys.some(inside, "in", values.one_of(*FIELDS), ("title", "body")),
        types=keys.some(inside, "type", values.one_of(*TYPES)),
        mentions=keys.flag(inside, "mentions", default=False),
        everything_from=keys.value(inside, "everything_from", values.slug, ""),
        sections=keys.some(inside, "sections", values.section),
        where=tuple(_where(name, inside[name], known) for name in FIELDS if name in inside),
    )
    # One whose terms are wrong has been told so; it need not be called empty as well.
    if len(node.found) == mistakes and (problem := too_wide(read)):
        node.wrong(problem, "any or all with words, sections, or everything_from with a source")
    return read


def _where(name: str, node: Node, known: Lists) -> Where:
    mistakes = len(node.found)
    inside = node.keys(_TERMS)
    if not inside and len(node.found) == mistakes:
        node.wrong("asks nothing", "any, all or none, with words")
    return Where(name, _any(inside, "any", known), _all(inside, known), _any(inside, "none", known))


def _any(inside: Keys, key: str, known: Lists) -> tuple[str, ...]:
    """Terms of which each counts for itself, those of named lists too."""
    return tuple(term for node in keys.items(inside, key) for term in _terms(node, known))


def _all(inside: Keys, known: Lists) -> tuple[Term, ...]:
    """Terms that must all be there; of a list one is enough."""
    found = ((node.is_block, _terms(node, known)) for node in keys.items(inside, "all"))
    return tuple(terms if is_list else terms[0] for is_list, terms in found if terms)


def _terms(node: Node, known: Lists) -> tuple[str, ...]:
    """A term, `{list: name}` or `{one_of: [terms]}`."""
    if node.is_list:
        node.wrong("is a list in a list", "{one_of: [words]}, of which one is enough")
        return ()
    if not node.is_block:
        term = node.value(values.term, "")
        return (term,) if term else ()
    mistakes = len(node.found)
    inside = node.keys(("list", "one_of"))
    if len(inside) != 1 and len(node.found) == mistakes:
        node.wrong("is no term", "a word or phrase, {list: its name} or {one_of: [words]}")
    name = keys.value(inside, "list", values.slug, "")
    if name and name not in known:
        inside["list"].wrong(
            f"there is no list {name!r}", f"one of {', '.join(known) or 'lists: at the top'}"
        )
    return (*known.get(name, ()), *keys.some(inside, "one_of", values.term))
