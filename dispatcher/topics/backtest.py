"""Backtest: what other rules would have made of the bulletins that we keep, and who would have got more mail, or less. Pure; changes nothing."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from dispatcher.topics.page import Document, Page
from dispatcher.topics.rules import Matcher

MANY = 8  # topics; whoever follows a few of so many gets a mail that hardly concerns them
Followers = Callable[[str], AbstractSet[int]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A bulletin as it was."""

    id: int
    title: str
    document: Document


@dataclass(frozen=True, slots=True)
class Named:
    """A bulletin in a report."""

    id: int
    title: str


@dataclass(slots=True)
class TopicEffect:
    """What changes for one topic: bulletins that it gains and loses, and how many stay."""

    gained: list[Named] = field(default_factory=list)
    lost: list[Named] = field(default_factory=list)
    same: int = 0


@dataclass(slots=True)
class Effect:
    """What changes for people: those who would have got more (less) mail, and how many mails that is."""

    people: set[int] = field(default_factory=set)
    mails: int = 0

    def add(self, people: AbstractSet[int]) -> None:
        """One bulletin that these people would have got, or not."""
        self.people |= people
        self.mails += len(people)


@dataclass(slots=True)
class Rehearsal:
    """All of it. `silent`: topics of the candidate that match nothing kept; `unmatched`, `many`: bulletins with no topic, or with very many."""

    bulletins: int = 0
    topics: dict[str, TopicEffect] = field(default_factory=dict)
    more: Effect = field(default_factory=Effect)
    less: Effect = field(default_factory=Effect)
    unmatched: list[Named] = field(default_factory=list)
    many: list[tuple[Named, tuple[str, ...]]] = field(default_factory=list)

    @property
    def silent(self) -> list[str]:
        """Topics that match nothing."""
        return [slug for slug, one in self.topics.items() if not one.gained and not one.same]


def rehearse(kept: Iterable[Kept], now: Matcher, candidate: Matcher, followers: Followers) -> Rehearsal:
    """Hold each bulletin against both. A person is counted once a bulletin, however many of its topics they follow."""
    done = Rehearsal(topics={topic.slug: TopicEffect() for topic in (*candidate.topics, *now.topics)})
    for one in kept:
        page = Page(one.document)
        before, after = _topics(now, page), _topics(candidate, page)
        _tell_topics(done, Named(one.id, one.title), before, after)
        if before != after:
            had, gets = (_people(topics, followers) for topics in (before, after))
            done.more.add(gets - had)
            done.less.add(had - gets)
    return done


def _topics(matcher: Matcher, page: Page) -> tuple[str, ...]:
    return tuple(slug for slug, _ in matcher.match(page).topics)


def _people(topics: Iterable[str], followers: Followers) -> set[int]:
    return set().union(*(followers(slug) for slug in topics))


def _tell_topics(done: Rehearsal, bulletin: Named, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    done.bulletins += 1
    for slug in after:
        if slug in before:
            done.topics[slug].same += 1
        else:
            done.topics[slug].gained.append(bulletin)
    for slug in before:
        if slug not in after:
            done.topics[slug].lost.append(bulletin)
    if not after:
        done.unmatched.append(bulletin)
    if len(after) >= MANY:
        done.many.append((bulletin, after))
