"""Score: how well the rules agree with what people labelled. Pure.

Precision: of what they brought, how much was right; recall: of what was right, how much they brought.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dispatcher.formats.sections import Section
from dispatcher.topics.labelled import Labelled
from dispatcher.topics.rules import Matcher


@dataclass(slots=True)
class Tally:
    """Pairs of notice and topic: right, brought though wrong, missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """1 where nothing was brought: nothing of it was wrong."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """1 where nothing was to be brought: nothing of it is missing."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A notice of which rules and people think differently."""

    place: str
    title: str
    wrong: tuple[str, ...]
    missed: tuple[str, ...]


@dataclass(slots=True)
class Score:
    """Over all, by topic, and of the topics whose section a notice is about: these may never be missed."""

    notices: int = 0
    overall: Tally = field(default_factory=Tally)
    cited: Tally = field(default_factory=Tally)
    topics: dict[str, Tally] = field(default_factory=dict)
    disagreements: list[Disagreement] = field(default_factory=list)


def score(labelled: Iterable[Labelled], matcher: Matcher) -> Score:
    """Hold every notice against the rules, and what they say against the labels."""
    done = Score(topics={topic.slug: Tally() for topic in matcher.topics})
    sections = {topic.slug: topic.sections for topic in matcher.topics}
    for one in labelled:
        found = {slug for slug, _ in matcher.match(one.document).topics}
        done.notices += 1
        for slug in found | one.topics:
            tally = done.topics.setdefault(slug, Tally())
            _count(tally, found=slug in found, true=slug in one.topics)
            _count(done.overall, found=slug in found, true=slug in one.topics)
            if slug in one.topics and _is_about(one, sections.get(slug, ())):
                _count(done.cited, found=slug in found, true=True)
        if found != one.topics:
            wrong, missed = sorted(found - one.topics), sorted(one.topics - found)
            done.disagreements.append(Disagreement(one.place, one.title, tuple(wrong), tuple(missed)))
    return done


def _count(tally: Tally, *, found: bool, true: bool) -> None:
    tally.right += found and true
    tally.wrong += found and not true
    tally.missed += true and not found


def _is_about(one: Labelled, sections: Iterable[Section]) -> bool:
    """As the grammar has it, a section without a chapter is one of Chapter II."""
    return any(
        mine.number == its.number and mine.chapter in {None, its.chapter or "II"}
        for mine in sections
        for its in one.sections
    )
