"""What in topics.yaml says the same twice: topics that claim the same, rules and terms that add nothing. Warnings on a good catalog."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from dispatcher.formats import words
from dispatcher.formats.sections import Section
from dispatcher.topics.asked import Rule
from dispatcher.topics.entries import TopicEntry

Warned = tuple[str, str, str]
_Group = tuple[str, ...]  # of these terms one is enough


def warnings(topics: Sequence[TopicEntry]) -> Iterator[Warned]:
    """Between topics first, then within each."""
    living = [(f"topics[{index}] ({one.slug})", one) for index, one in enumerate(topics) if not one.retired]
    yield from _same_sections(living)
    yield from _same_terms(living)
    for place, topic in living:
        yield from _shadowed(place, topic)
        yield from _idle_terms(place, topic)


def _same_sections(living: Sequence[tuple[str, TopicEntry]]) -> Iterator[Warned]:
    for (_, one), (place, other) in combinations(living, 2):
        shared = [str(b) for a in one.sections for b in other.sections if _meet(a, b)]
        if shared:
            remedy = "fine if both shall have it; else narrow one of the two by chapter or appendix"
            yield f"{place}.sections", f"{', '.join(shared)} is claimed by {one.slug} too", remedy


def _meet(one: Section, other: Section) -> bool:
    if one.number != other.number:
        return False
    chapters, appendices = {one.chapter, other.chapter} - {None}, {one.appendix, other.appendix} - {None}
    return len(chapters) < 2 and len(appendices) < 2


def _same_terms(living: Sequence[tuple[str, TopicEntry]]) -> Iterator[Warned]:
    """A term that alone is enough for two topics: whoever follows one of them gets what is the other's."""
    first: dict[tuple[str, str], str] = {}
    for place, topic in living:
        mine = {(where, _folded(term)): (index, term) for index, rule in enumerate(topic.rules) if _is_plain(rule)
                for term in rule.any for where in rule.fields}  # fmt: skip
        told: set[str] = set()
        for key, (index, term) in mine.items():
            taken = first.setdefault(key, topic.slug)
            if taken != topic.slug and term not in told:
                told.add(term)
                remedy = "fine if both shall have it; else ask for something beside it"
                yield f"{place}.rules[{index}].any", f"{term!r} alone is enough for {taken} too", remedy


def _is_plain(rule: Rule) -> bool:
    return not (rule.all or rule.types or rule.where or rule.sections or rule.everything_from)


def _shadowed(place: str, topic: TopicEntry) -> Iterator[Warned]:
    for number, rule in enumerate(topic.rules):
        for other_number, other in enumerate(topic.rules):
            if (
                number != other_number
                and _implies(rule, other)
                and not (_implies(other, rule) and number < other_number)
            ):
                problem = f"adds nothing: whatever it finds, rules[{other_number}] finds"
                yield f"{place}.rules[{number}]", problem, "leave it out, or make the other narrower"
                break


def _implies(narrow: Rule, wide: Rule) -> bool:
    """Does the wide rule hold wherever the narrow one does?"""
    if wide.none or wide.where or wide.sections or wide.everything_from or not _groups(wide):
        return False
    types = not wide.types or (narrow.types and set(narrow.types) <= set(wide.types))
    fields = set(narrow.fields) <= set(wide.fields)
    return bool(types and fields) and all(
        any(_covered(group, wanted) for group in _groups(narrow)) for wanted in _groups(wide)
    )


def _groups(rule: Rule) -> list[_Group]:
    groups = [(one,) if isinstance(one, str) else one for one in rule.all]
    return [*groups, rule.any] if rule.any else groups


def _covered(group: _Group, wanted: _Group) -> bool:
    return all(any(_is_in(found, term) for found in wanted) for term in group)


def _idle_terms(place: str, topic: TopicEntry) -> Iterator[Warned]:
    for index, rule in enumerate(topic.rules):
        for number, term in enumerate(rule.any):
            for other in (*rule.any[:number], *rule.any[number + 1 :]):
                if _is_in(other, term) and (_folded(other) != _folded(term) or other in rule.any[:number]):
                    yield (
                        f"{place}.rules[{index}].any",
                        f"{term!r} adds nothing beside {other!r}",
                        "leave it out",
                    )
                    break


def _is_in(short: str, long: str) -> bool:
    """Is the short term found wherever the long one is?"""
    wanted, said = f" {_folded(short)}", f" {_folded(long)} "
    return wanted.removesuffix("*") in said if wanted.endswith("*") else f"{wanted} " in said


def _folded(term: str) -> str:
    return words.phrase(term).letters.divided + "*" * term.rstrip().endswith("*")
