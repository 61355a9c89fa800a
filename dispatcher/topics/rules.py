"""Decides which topics a document concerns, and keeps the words that say so.

A topic is concerned if the document cites one of its sections or if one of its rules holds; whatever holds is evidence, not the
first find alone. Works on plain values: never reads a row, the catalog file or a clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dispatcher.formats.sections import Reference, Section, accepts, references
from dispatcher.formats.words import Block, Phrase, block, find, phrase, quote

FIELDS = ("title", "body", "category", "source", "link")

_IN = {
    "title": "in the title",
    "body": "in the text",
    "category": "in its category",
    "source": "in the name of its source",
    "link": "in its link",
}
_TYPES = {
    "notice": "a notice",
    "proposed": "a proposed rule",
    "adopted": "an adopted rule",
    "emergency": "an emergency rule",
    "methodology": "a reimbursement methodology notice",
    "waiver": "a waiver notice",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What must stand in a document: everything that is given here must hold. Terms are words, phrases in order or `prefix*`.

    `any`: at least one of them; `all`: each, wherever in the fields; `none`: not one, a veto of this rule alone. `mentions` lets
    passing mentions of the topic's sections count.
    """

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    fields: tuple[str, ...] = ("title", "body")
    types: tuple[str, ...] = ()
    mentions: bool = False
    everything_from: str = ""


@dataclass(frozen=True, slots=True)
class TopicRules:
    """What makes a document the topic's: any of these sections, or any of these rules."""

    slug: str
    sections: tuple[Section, ...] = ()
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """What the rules read: one bulletin, its body cut into blocks of plain text."""

    title: str
    body: tuple[str, ...]
    type: str = "notice"
    categories: tuple[str, ...] = ()
    source: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for a topic: by which rule, in which field, the words as written, and a reason for readers."""

    rule: str
    field: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The topics concerned, in the order of the catalog, each with its evidence; and every section the document cites."""

    topics: tuple[tuple[str, tuple[Evidence, ...]], ...]
    sections: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    """A rule whose terms can be looked for: one of each `wanted` group must stand, none of `none` may."""

    name: str
    rule: Rule
    wanted: tuple[tuple[Phrase, ...], ...]
    none: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class _CompiledTopic:
    slug: str
    sections: tuple[Section, ...]
    counts_mentions: bool
    rules: tuple[_CompiledRule, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    """One field, cut into blocks; `letters` are those of all blocks, each on a line."""

    blocks: tuple[Block, ...]
    letters: str


@dataclass(frozen=True, slots=True)
class _Page:
    """A document folded once for all rules. `counted`: the citations that make it a section's business, subjects first."""

    document: Document
    fields: Mapping[str, _Field]
    cited: tuple[Reference, ...]
    counted: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class _Find:
    """Something that speaks for a rule. `does` is what a reason says of the document."""

    field: str
    text: str
    does: str


@dataclass(frozen=True, slots=True)
class Matcher:
    """The rules of all topics, compiled. Made by `compile_rules`; may be kept and used for any number of documents."""

    topics: tuple[_CompiledTopic, ...]

    def match(self, document: Document) -> Outcome:
        """The topics that this document concerns."""
        page = _read(document)
        judged = ((topic.slug, _evidence(topic, page)) for topic in self.topics)
        return Outcome(tuple((slug, evidence) for slug, evidence in judged if evidence), page.cited)


def compile_rules(topics: Sequence[TopicRules]) -> Matcher:
    """Make the rules ready. Raises ValueError, naming topic and rule, for one that matches everything or can match nothing."""
    return Matcher(tuple(_compiled_topic(topic) for topic in topics))


def _compiled_topic(topic: TopicRules) -> _CompiledTopic:
    rules = tuple(
        _compiled_rule(topic.slug, number, rule) for number, rule in enumerate(topic.rules, start=1)
    )
    return _CompiledTopic(topic.slug, topic.sections, any(rule.mentions for rule in topic.rules), rules)


def _compiled_rule(slug: str, number: int, rule: Rule) -> _CompiledRule:
    name = f"rule {number}"
    place = f"topic {slug}, {name}"
    if not (rule.any or rule.all or rule.everything_from):
        raise ValueError(f"{place}: it would match everything; it needs any, all or everything_from")
    groups = (rule.any, *((term,) for term in rule.all))
    wanted = tuple(_phrases(terms, place) for terms in groups if terms)
    return _CompiledRule(name, rule, wanted, _phrases(rule.none, place))


def _phrases(terms: Sequence[str], place: str) -> tuple[Phrase, ...]:
    return tuple(_phrase(term, place) for term in terms)


def _phrase(term: str, place: str) -> Phrase:
    try:
        return phrase(term)
    except ValueError as wrong:
        raise ValueError(f"{place}: “{term}” cannot be looked for: {wrong}") from None


def _read(document: Document) -> _Page:
    texts = {
        "title": (document.title,),
        "body": document.body,
        "category": document.categories,
        "source": (document.source,),
        "link": (document.link,),
    }
    cited = references(document.title, document.body)
    subjects = tuple(one for one in cited if one.place == "subject")
    fields = {name: _field(texts[name]) for name in FIELDS}
    return _Page(document, fields, cited, subjects or cited)


def _field(texts: Sequence[str]) -> _Field:
    blocks = tuple(block(text) for text in texts)
    return _Field(blocks, "\n".join(one.letters.run for one in blocks))


def _evidence(topic: _CompiledTopic, page: _Page) -> tuple[Evidence, ...]:
    counted = (*page.counted, *page.cited) if topic.counts_mentions else page.counted
    by_sections = (_by_section(section, counted, page.document) for section in topic.sections)
    by_rules = (one for rule in topic.rules for one in _by_rule(rule, page))
    return (*(one for one in by_sections if one), *by_rules)


def _by_section(section: Section, counted: Sequence[Reference], document: Document) -> Evidence | None:
    for one in counted:
        if accepts(section, one):
            field, text = ("body", document.body[one.block - 1]) if one.block else ("title", document.title)
            named = "section " if one.text[0].isdigit() else ""
            reason = f"it cites {named}“{quote(one.text, 0, len(one.text))}” {_IN[field]}"
            return Evidence(f"section {section}", field, quote(text, one.start, one.end), reason)
    return None


def _by_rule(compiled: _CompiledRule, page: _Page) -> tuple[Evidence, ...]:
    """Nothing if the rule does not hold; else its source, one find of `any`, and one for each term of `all`."""
    rule, document = compiled.rule, page.document
    if not _applies(rule, document):
        return ()
    finds = [_first(group, rule.fields, page) for group in compiled.wanted]
    if not all(finds) or _first(compiled.none, rule.fields, page):
        return ()
    also = f"is {_TYPES.get(document.type, document.type)} and " if rule.types else ""
    return tuple(
        Evidence(compiled.name, one.field, one.text, f"it {also}{one.does}")
        for one in (_origin(rule.everything_from), *finds)
        if one
    )


def _applies(rule: Rule, document: Document) -> bool:
    is_of_type = not rule.types or document.type in rule.types
    return is_of_type and rule.everything_from in {"", document.source}


def _origin(source: str) -> _Find | None:
    return _Find("source", source, f"is published by the source “{source}”") if source else None


def _first(phrases: Sequence[Phrase], fields: Sequence[str], page: _Page) -> _Find | None:
    """Titles come before bodies, whatever the order in the rule: they are the better reason."""
    for name in FIELDS:
        if name in fields and (found := _find(phrases, page.fields[name])):
            return _told(name, *found)
    return None


def _find(phrases: Sequence[Phrase], field: _Field) -> tuple[str, int, int] | None:
    # Most terms stand nowhere: asked of all blocks together, 420 terms and 50 blocks take 4 ms, one by one 7.
    likely = [one for one in phrases if one.letters.run in field.letters]
    for place in field.blocks:
        for one in likely:
            if span := find(one, place):
                return (place.text, *span)
    return None


def _told(field: str, text: str, start: int, end: int) -> _Find:
    written = text[start:end]
    return _Find(field, quote(text, start, end), f"says “{quote(written, 0, len(written))}” {_IN[field]}")
