"""What is allowed in topics.yaml and still unwise: warnings on a good catalog. Refuses nothing, and reads neither mail nor rows."""

from collections.abc import Iterator

from dispatcher.formats.contact import Contact
from dispatcher.topics import overlap
from dispatcher.topics.catalog import CatalogFile, TopicEntry

Warned = tuple[str, str, str]  # place, problem, remedy: as in a mistake

UNCONFIRMED = "is not confirmed"  # no mail may go out while anything is; see `dispatcher check`
_SHORTEST = 3  # letters and digits; "ED" and "IV" are found in too many places


def lint(catalog: CatalogFile) -> list[Warned]:
    """Everything unwise, in the order of the file; then what only shows when topics are seen together."""
    disabled = {source.slug for source in catalog.sources if not source.enabled}
    found = [(f"agency.{key}", UNCONFIRMED, needed) for key, needed in catalog.agency.unconfirmed]
    for index, topic in enumerate(catalog.topics):
        place = f"topics[{index}] ({topic.slug})"
        found += _bare(place, topic)
        found += _replaced(place, topic)
        found += _short_terms(place, topic)
        found += _silent(place, topic, disabled)
    return [*found, *overlap.warnings(catalog.topics)]


def _bare(place: str, topic: TopicEntry) -> Iterator[Warned]:
    """What a living topic should have."""
    for key, needed in topic.unconfirmed:
        yield f"{place}.{key}", UNCONFIRMED, needed
    if topic.retired:
        return
    if not topic.description:
        yield place, "has no description", "say in one sentence what people get who follow it"
    if topic.contact == Contact() and not topic.unconfirmed:
        yield place, "has no contact", "say who answers questions about it"
    elif not topic.contact.reachable and not topic.unconfirmed:
        yield (
            place,
            "names a contact whom nobody can reach",
            "an e-mail address, a telephone number or a page",
        )
    if not topic.sections and not topic.rules:
        yield (
            place,
            "has neither sections nor rules",
            "nothing will match; only staff can write to its followers",
        )


def _replaced(place: str, topic: TopicEntry) -> Iterator[Warned]:
    if topic.replaced_by and not topic.retired:
        yield (
            place,
            f"is replaced by {', '.join(topic.replaced_by)} but still in use",
            "retired: the day it ends",
        )


def _short_terms(place: str, topic: TopicEntry) -> Iterator[Warned]:
    for index, rule in enumerate(topic.rules):
        for key, term in rule.terms():
            if sum(char.isalnum() for char in term) < _SHORTEST:
                problem = f"{term!r} is short and will be found in many places"
                yield f"{place}.rules[{index}].{key}", problem, f"a term of {_SHORTEST} letters or more"


def _silent(place: str, topic: TopicEntry, disabled: set[str]) -> Iterator[Warned]:
    for index, rule in enumerate(topic.rules):
        if rule.everything_from in disabled:
            remedy = "enable the source, or leave the rule out"
            yield (
                f"{place}.rules[{index}]",
                f"takes everything from {rule.everything_from}, which is disabled",
                remedy,
            )
