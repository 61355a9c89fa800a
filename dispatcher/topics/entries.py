"""What a good topics.yaml holds, as plain values, and as the plain JSON that rows keep of it. Checks nothing: `catalog` did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from dispatcher.formats.contact import Contact
from dispatcher.formats.sections import Section
from dispatcher.formats.selectors import Patterns, Select
from dispatcher.topics.rules import Rule, TopicRules, Where
from dispatcher.topics.written import Name

# (key, what is needed and from whom) of each value that nobody has confirmed.
Needed = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Agency:
    """Who speaks. What is not confirmed is empty here and named in `unconfirmed`."""

    name: str
    address: str
    contact: Contact
    reply_to: str
    from_: str
    time_zone: str
    website: str
    unconfirmed: Needed

    def as_json(self) -> dict[str, Any]:
        """As the row of the catalog keeps it, with the keys of the file."""
        plain = asdict(self)
        plain["from"] = plain.pop("from_")
        return plain | {"unconfirmed": dict(self.unconfirmed)}


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A feed or page to poll, and how."""

    slug: str
    name: str
    kind: str
    url: str
    enabled: bool
    reason: str
    official: bool
    allow_private: bool
    every_minutes: int
    late_after_days: int
    user_agent: str
    select: Select
    patterns: Patterns
    dated_only: bool
    minimum_records: int

    def as_json(self) -> dict[str, Any]:
        """As the source's row keeps it: every key, defaults filled in."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StaticSubscriber:
    """An address that the agency itself put on a topic's list."""

    address: str
    cadence: str


@dataclass(frozen=True, slots=True)
class TopicEntry:
    """One entry of the e-message topic list. `letter`: what its followers are told when `replaced_by` moves them."""

    slug: str
    name: str
    category: str
    group: str
    aliases: tuple[Name, ...]
    description: str
    contact: Contact
    unconfirmed: Needed
    sections: tuple[Section, ...]
    rules: tuple[Rule, ...]
    subscribers: tuple[StaticSubscriber, ...]
    retired: date | None
    replaced_by: tuple[str, ...]
    letter: str
    must_deliver: bool

    def to_rules(self) -> TopicRules:
        """What the matcher needs of it."""
        return TopicRules(self.slug, self.sections, (*self.rules, *self._names()))

    def sections_as_json(self) -> list[dict[str, str | None]]:
        """As the topic's row keeps them."""
        return [asdict(one) for one in self.sections]

    def rules_as_json(self) -> list[dict[str, Any]]:
        """As the topic's row keeps them."""
        return [asdict(one) for one in self.to_rules().rules]

    def aliases_as_json(self) -> list[dict[str, str | None]]:
        """As the topic's row keeps them."""
        return [
            {
                "name": one.name,
                "since": one.since.isoformat() if one.since else None,
                "until": one.until.isoformat() if one.until else None,
            }
            for one in self.aliases
        ]

    def _names(self) -> Iterator[Rule]:
        """A title that calls the topic by a name is about it; the text may name it in passing."""
        if self.aliases:
            yield Rule(
                any=tuple(one.name for one in self.aliases), fields=("title",), name="name", are_names=True
            )


@dataclass(frozen=True, slots=True)
class Preset:
    """What a kind of provider mostly follows: a choice to begin with on the sign-up page."""

    slug: str
    name: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """A whole file without a mistake. `hash` is the SHA-256 of its text."""

    agency: Agency
    sources: tuple[SourceEntry, ...]
    topics: tuple[TopicEntry, ...]
    presets: tuple[Preset, ...]
    hash: str


def rules_from_json(
    slug: str, sections: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]]
) -> TopicRules:
    """A topic's rules as its row keeps them, for the matcher."""
    return TopicRules(slug, tuple(Section(**one) for one in sections), tuple(_rule(one) for one in rules))


def _rule(kept: Mapping[str, Any]) -> Rule:
    values = {key: _frozen(value) for key, value in kept.items()}
    values["sections"] = tuple(Section(**one) for one in kept.get("sections", ()))
    values["where"] = tuple(
        Where(**{key: _frozen(value) for key, value in one.items()}) for one in kept.get("where", ())
    )
    return Rule(**values)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value
