"""Decides which topics a document concerns, and keeps the words that say so.

A topic is concerned if the document cites one of its sections or if one of its rules holds; whatever holds is evidence, not the
first find alone. Plain yes or no, never a score. Works on plain values: never reads a row, the catalog file or a clock.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dispatcher.formats.index import Index
from dispatcher.formats.sections import Reference, Section, accepts
from dispatcher.formats.words import phrase
from dispatcher.topics import reasons
from dispatcher.topics.asked import Rule, TopicRules, Want, Where, too_wide, vetoes, wanted
from dispatcher.topics.page import Document, Page
from dispatcher.topics.reasons import Evidence

__all__ = ["Matcher", "Outcome", "Rule", "TopicRules", "Where", "compile_rules"]

Span = tuple[int, int]  # from letter to letter of the folded page


@dataclass(frozen=True, slots=True)
class Outcome:
    """The topics concerned, in the order of the catalog, each with its evidence; and every section the document cites."""

    topics: tuple[tuple[str, tuple[Evidence, ...]], ...]
    sections: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule taken apart: each of `wanted` must be there, none of `vetoes`."""

    name: str
    rule: Rule
    wanted: tuple[Want, ...]
    vetoes: tuple[Want, ...]


@dataclass(frozen=True, slots=True)
class ReadyTopic:
    """A topic whose rules can be asked."""

    slug: str
    sections: tuple[Section, ...]
    counts_mentions: bool
    rules: tuple[ReadyRule, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A page, and where the terms of all rules stand in it. `names`: where names of topics do, without those within longer ones."""

    page: Page
    finds: Mapping[str, Sequence[Span]]
    names: Mapping[str, Sequence[Span]]

    def first(self, want: Want, *, linked: bool) -> Span | None:
        """Where one of the terms first stands. Titles come before bodies: they are the better reason.

        `linked`: what is wanted of the text may stand in a document that it links to.
        """
        fields = (*want.fields, "document") if linked and "body" in want.fields else want.fields
        finds = self.names if want.are_names else self.finds
        there = (one for term in want.terms for one in finds.get(term, ()))
        return min((one for one in there if self.page.field(one[0]) in fields), default=None)

    def all_of(self, ready: ReadyRule, *, linked: bool) -> list[Span] | None:
        """A place for each want of the rule; None if one has none, or if a veto stands there."""
        found = [self.first(want, linked=linked) for want in ready.wanted]
        if any(self.first(veto, linked=linked) for veto in ready.vetoes):
            return None
        there = [one for one in found if one]
        return there if len(there) == len(found) else None


@dataclass(frozen=True, slots=True)
class Matcher:
    """The rules of all topics, made ready by `compile_rules`; may be kept and used for any number of documents.

    Only topics that a term, a cited number or the source speaks for are asked, however many there are.
    """

    topics: tuple[ReadyTopic, ...]
    index: Index[str]
    names: frozenset[str]
    by_term: Mapping[str, Sequence[int]]
    by_number: Mapping[str, Sequence[int]]
    by_source: Mapping[str, Sequence[int]]

    def match(self, document: Document | Page) -> Outcome:
        """The topics that this document concerns."""
        seen = self.look(document)
        judged = ((topic.slug, _evidence(topic, seen)) for topic in self._spoken_for(seen))
        return Outcome(tuple((slug, evidence) for slug, evidence in judged if evidence), seen.page.cited)

    def look(self, document: Document | Page) -> Seen:
        """The document read, and every term that stands in it."""
        page = document if isinstance(document, Page) else Page(document)
        finds = self.index.find(page.folded)
        return Seen(page, finds, _outermost({term: finds[term] for term in self.names & finds.keys()}))

    def _spoken_for(self, seen: Seen) -> Iterator[ReadyTopic]:
        numbers = {one.number for one in (*seen.page.cited, *seen.page.counted)}
        found = {topic for term in seen.finds for topic in self.by_term.get(term, ())}
        found.update(topic for number in numbers for topic in self.by_number.get(number, ()))
        found.update(self.by_source.get(seen.page.document.source, ()))
        return (self.topics[number] for number in sorted(found))


def compile_rules(topics: Sequence[TopicRules]) -> Matcher:
    """Make the rules ready. Raises ValueError, naming topic and rule, for one that matches everything or can match nothing."""
    ready = tuple(_topic(one) for one in topics)
    terms = {
        term
        for topic in ready
        for rule in topic.rules
        for want in (*rule.wanted, *rule.vetoes)
        for term in want.terms
    }
    return Matcher(
        ready,
        Index({term: term for term in sorted(terms)}),
        frozenset(
            term for topic in ready for rule in topic.rules if rule.rule.are_names for term in rule.rule.any
        ),
        _speakers(
            ready, lambda topic: (term for rule in topic.rules for want in rule.wanted for term in want.terms)
        ),
        _speakers(ready, lambda topic: (one.number for one in _sections(topic))),
        _speakers(
            ready, lambda topic: (one.rule.everything_from for one in topic.rules if one.rule.everything_from)
        ),
    )


def _speakers(
    topics: Sequence[ReadyTopic], names: Callable[[ReadyTopic], Iterable[str]]
) -> dict[str, tuple[int, ...]]:
    """Which topics, by their place in the catalog, each name speaks for."""
    found: dict[str, dict[int, None]] = {}
    for number, topic in enumerate(topics):
        for name in names(topic):
            found.setdefault(name, {})[number] = None
    return {name: tuple(numbers) for name, numbers in found.items()}


def _topic(topic: TopicRules) -> ReadyTopic:
    rules = tuple(
        _rule(topic.slug, rule.name or f"rule {number}", rule) for number, rule in enumerate(topic.rules, 1)
    )
    counts_mentions = any(rule.mentions and not rule.sections for rule in topic.rules)
    return ReadyTopic(topic.slug, topic.sections, counts_mentions, rules)


def _rule(slug: str, name: str, rule: Rule) -> ReadyRule:
    if problem := too_wide(rule):
        raise ValueError(f"topic {slug}, {name}: {problem}")
    ready = ReadyRule(name, rule, wanted(rule), vetoes(rule))
    for want in (*ready.wanted, *ready.vetoes):
        for term in want.terms:
            try:
                phrase(term)
            except ValueError as wrong:
                raise ValueError(f"topic {slug}, {name}: “{term}” cannot be looked for: {wrong}") from None
    return ready


def _sections(topic: ReadyTopic) -> Iterator[Section]:
    yield from topic.sections
    for rule in topic.rules:
        yield from rule.rule.sections


def _outermost(finds: Mapping[str, Sequence[Span]]) -> dict[str, list[Span]]:
    """“Hospital Services” is no name in “Psychiatric Hospital Services”, which is another topic's."""
    every = [span for spans in finds.values() for span in spans]
    return {
        term: [one for one in spans if not any(_is_within(one, other) for other in every)]
        for term, spans in finds.items()
    }


def _is_within(span: Span, other: Span) -> bool:
    return other[0] <= span[0] and span[1] <= other[1] and span != other


def _evidence(topic: ReadyTopic, seen: Seen) -> tuple[Evidence, ...]:
    page = seen.page
    counted = _counted(page, mentions=topic.counts_mentions)
    cited = ((section, _first_cited((section,), counted)) for section in topic.sections)
    by_sections = (reasons.cites(reasons.named(section), page, one) for section, one in cited if one)
    return (*by_sections, *(one for rule in topic.rules for one in by_rule(rule, seen)))


def by_rule(ready: ReadyRule, seen: Seen) -> tuple[Evidence, ...]:
    """Nothing if the rule does not hold; else its source, its section, one find of `any`, and one for each of `all`."""
    rule, page = ready.rule, seen.page
    if not applies(rule, page.document):
        return ()
    cited = _first_cited(rule.sections, _counted(page, mentions=rule.mentions))
    spans = seen.all_of(ready, linked=False)
    if spans is None and page.document.linked:
        spans = seen.all_of(ready, linked=True)
    if spans is None or (rule.sections and not cited):
        return ()
    of_type = page.document.type if rule.types else ""
    source = rule.everything_from
    return (
        *([reasons.comes_from(ready.name, source, of_type)] if source else []),
        *([reasons.cites(ready.name, page, cited, of_type)] if cited else []),
        *(reasons.says(ready.name, page, page.spot(*span), of_type) for span in spans),
    )


def applies(rule: Rule, document: Document) -> bool:
    """Is the document of the type, and from the source, that the rule wants?"""
    is_of_type = not rule.types or document.type in rule.types
    return is_of_type and rule.everything_from in {"", document.source}


def _counted(page: Page, *, mentions: bool) -> tuple[Reference, ...]:
    """Subjects first: they are the better reason."""
    return (*page.counted, *page.cited) if mentions else page.counted


def _first_cited(sections: Collection[Section], counted: Iterable[Reference]) -> Reference | None:
    return next((one for one in counted if any(accepts(section, one) for section in sections)), None)
