"""Why a document does not concern a topic: its nearest rule, what spoke for it, and what was missing. Never a match, nor half of one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dispatcher.formats.sections import Section, accepts
from dispatcher.topics import reasons
from dispatcher.topics.asked import Want
from dispatcher.topics.page import Document, Page
from dispatcher.topics.reasons import IN, TYPES, Evidence
from dispatcher.topics.rules import Matcher, ReadyRule, ReadyTopic, Seen

_SHOWN = 3  # topics
_NAMED = 4  # terms of which one was missing


@dataclass(frozen=True, slots=True)
class Lack:
    """The rule of a topic that lacked least. `found`: what spoke for it; `missing`: what it wanted too, or what forbade it."""

    slug: str
    rule: str
    found: tuple[Evidence, ...]
    missing: tuple[str, ...]


def nearest(matcher: Matcher, document: Document | Page, slug: str = "") -> Sequence[Lack]:
    """For one topic, or for the few that came nearest. Nothing for a topic that is reached."""
    seen = matcher.look(document)
    reached = {one for one, _ in matcher.match(seen.page).topics}
    lacks = [
        _least(list(_lacks(topic, seen)), always=bool(slug))
        for topic in matcher.topics
        if slug in {"", topic.slug} and topic.slug not in reached
    ]
    return sorted((one for one in lacks if one), key=_distance)[:_SHOWN]


def _least(lacks: Sequence[Lack], *, always: bool) -> Lack | None:
    near = [one for one in lacks if one.found]
    return min(near or (lacks if always else []), key=_distance, default=None)


def _distance(lack: Lack) -> tuple[int, int]:
    return len(lack.missing), -len(lack.found)


def _lacks(topic: ReadyTopic, seen: Seen) -> Iterator[Lack]:
    for section in topic.sections:
        yield _of_section(topic.slug, section, seen.page)
    for rule in topic.rules:
        yield _of_rule(topic.slug, rule, seen)


def _of_section(slug: str, section: Section, page: Page) -> Lack:
    """A section is not cited at all, in another chapter, or in passing only."""
    name = reasons.named(section)
    if passing := next((one for one in page.cited if accepts(section, one)), None):
        found = (reasons.cites(name, page, passing),)
        return Lack(slug, name, found, ("it is cited in passing, and the notice is about another section",))
    if other := next((one for one in page.cited if one.number == section.number), None):
        found = (reasons.cites(name, page, other),)
        return Lack(slug, name, found, (f"the topic wants {section}: another chapter or appendix is cited",))
    return Lack(slug, name, (), (f"section {section} is not cited",))


def _of_rule(slug: str, ready: ReadyRule, seen: Seen) -> Lack:
    rule, page = ready.rule, seen.page
    found: list[Evidence] = []
    missing = list(_circumstances(ready, page.document))
    for want in ready.wanted:
        if span := seen.first(want, linked=True):
            found.append(reasons.says(ready.name, page, page.spot(*span)))
        else:
            missing.append(_wanted(want, seen))
    if rule.sections:
        counted = page.cited if rule.mentions else page.counted
        cited = next(
            (one for one in counted if any(accepts(section, one) for section in rule.sections)), None
        )
        if cited:
            found.append(reasons.cites(ready.name, page, cited))
        else:
            missing.append(f"it does not cite {_either([str(one) for one in rule.sections])}")
    missing += [f"the rule has no use for what {told}" for told in _forbidden(ready, seen)]
    return Lack(slug, ready.name, tuple(found), tuple(missing))


def _circumstances(ready: ReadyRule, document: Document) -> Iterator[str]:
    rule = ready.rule
    if rule.types and document.type not in rule.types:
        is_type = TYPES.get(document.type, document.type)
        yield f"it is {is_type}, and the rule wants {_either([TYPES[one] for one in rule.types])}"
    if rule.everything_from not in {"", document.source}:
        yield f"it is not from the source “{rule.everything_from}”"


def _wanted(want: Want, seen: Seen) -> str:
    """What was looked for, and where it stands instead."""
    where = _either([IN[one] for one in want.fields])
    elsewhere = next((one for term in want.terms for one in seen.finds.get(term, ())), None)
    if elsewhere:
        spot = seen.page.spot(*elsewhere)
        written = f"“{seen.page.written(spot)}” stands {IN[spot.field]}"
        if spot.field in want.fields:
            return f"{written}, but only as part of another topic's longer name"
        return f"{written}, but the rule looks {where}"
    return f"it does not say {_either([f'“{term}”' for term in want.terms])} {where}"


def _forbidden(ready: ReadyRule, seen: Seen) -> Iterator[str]:
    for veto in ready.vetoes:
        if span := seen.first(veto, linked=True):
            spot = seen.page.spot(*span)
            yield f"says “{seen.page.written(spot)}” {IN[spot.field]}"


def _either(words: Sequence[str]) -> str:
    shown = [*words[:_NAMED], *([f"{len(words) - _NAMED} more"] if len(words) > _NAMED else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
