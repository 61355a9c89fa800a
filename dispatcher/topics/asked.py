"""What a rule asks of a document: plain values, and the same taken apart into what must stand there and what may not."""

from collections.abc import Iterator
from dataclasses import dataclass

from dispatcher.formats.sections import Section

# What a source or its labels say may narrow a rule. Alone it would be "everything", which has a word of its own.
_NARROW = frozenset({"category", "source"})

# A term, or several of which one is enough.
Term = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """What must stand in one field, beside what the rule asks of all."""

    field: str
    any: tuple[str, ...] = ()
    all: tuple[Term, ...] = ()
    none: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold of a document: everything that is given here. Terms are words, phrases in order or `prefix*`.

    `any`: at least one of them; `all`: each, wherever in the fields; `none`: not one, a veto of this rule alone. `sections`: one
    of them is cited. `mentions` lets passing mentions count, of the rule's sections or, if it has none, of the topic's.
    `are_names`: what `any` has are names of the topic; one that is part of another topic's longer name does not count.
    """

    any: tuple[str, ...] = ()
    all: tuple[Term, ...] = ()
    none: tuple[str, ...] = ()
    fields: tuple[str, ...] = ("title", "body")
    types: tuple[str, ...] = ()
    mentions: bool = False
    everything_from: str = ""
    sections: tuple[Section, ...] = ()
    where: tuple[Where, ...] = ()
    name: str = ""  # in evidence; empty: its number
    are_names: bool = False

    def terms(self) -> Iterator[tuple[str, str]]:
        """Everything it looks for, each with the key that it stands under: `any`, `title.none`."""
        for part, prefix in [(self, ""), *((one, f"{one.field}.") for one in self.where)]:
            for key in ("any", "all", "none"):
                for one in getattr(part, key):
                    yield from (
                        (f"{prefix}{key}", term) for term in (one if isinstance(one, tuple) else (one,))
                    )


@dataclass(frozen=True, slots=True)
class TopicRules:
    """What makes a document the topic's: any of these sections, or any of these rules."""

    slug: str
    sections: tuple[Section, ...] = ()
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Want:
    """Terms of which one must stand in these fields; as a veto, none may."""

    terms: tuple[str, ...]
    fields: tuple[str, ...]
    are_names: bool = False


def too_wide(rule: Rule) -> str:
    """Why the rule would let too much through; empty if it would not."""
    asks = wanted(rule)
    if not (asks or rule.sections or rule.everything_from):
        return "it has nothing positive and would match everything"
    if not (rule.sections or rule.everything_from) and all(set(one.fields) <= _NARROW for one in asks):
        return "a source or its labels may narrow a rule, but not be all of it"
    return ""


def wanted(rule: Rule) -> tuple[Want, ...]:
    wants: list[Want] = []
    for part, fields in _parts(rule):
        if part.any:
            wants.append(Want(part.any, fields, rule.are_names))
        wants += [Want(one if isinstance(one, tuple) else (one,), fields) for one in part.all]
    return tuple(wants)


def vetoes(rule: Rule) -> tuple[Want, ...]:
    return tuple(Want(part.none, fields) for part, fields in _parts(rule) if part.none)


def _parts(rule: Rule) -> Iterator[tuple[Rule | Where, tuple[str, ...]]]:
    yield rule, rule.fields
    for where in rule.where:
        yield where, (where.field,)
