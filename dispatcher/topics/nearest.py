"""The topics nearest to a bulletin that matched none, each with what speaks for it: a hint for the person who decides, never a match."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dispatcher.formats import words
from dispatcher.formats.sections import accepts
from dispatcher.topics.page import Document, Page
from dispatcher.topics.rules import TopicRules

_SHOWN = 3
_TITLE = 3  # times what a word in the text counts: a notice is about its title
_SHORTEST = 4  # letters; shorter words stand everywhere
# Words that tell MaineCare's topics apart as little as "the" does.
_EVERYWHERE = frozenset(
    [
        "also",
        "benefits",
        "chapter",
        "from",
        "general",
        "home",
        "manual",
        "maine",
        "mainecare",
        "medicaid",
        "notice",
        "office",
        "program",
        "programs",
        "provider",
        "providers",
        "rule",
        "rules",
        "section",
        "sections",
        "service",
        "services",
        "that",
        "this",
        "with",
    ]
)


@dataclass(frozen=True, slots=True)
class Near:
    """One topic, the words of its name and rules that the notice has too, and the sections of it that are only mentioned."""

    slug: str
    words: tuple[str, ...]
    mentioned: tuple[str, ...]

    @property
    def told(self) -> str:
        """In words: what there is, and so what was missing."""
        said = [f"mentions section {one}, but is about another" for one in self.mentioned]
        return "; ".join(
            [*said, *([f"has {', '.join(self.words)}, but no rule holds"] if self.words else [])]
        )


def nearest(document: Document, topics: Iterable[tuple[str, TopicRules]]) -> Sequence[Near]:
    """The few topics with the most in common, each given with its name; none where nothing is."""
    page = Page(document)
    title, body = _vocabulary([document.title]), _vocabulary(document.body)
    found = []
    for name, topic in topics:
        own = _vocabulary([name, *_terms(topic)])
        shared = own & (title | body)
        mentioned = [str(one) for one in topic.sections if any(accepts(one, cited) for cited in page.cited)]
        weight = _TITLE * len(own & title) + len(own & body) + 2 * _TITLE * len(mentioned)
        if weight:
            found.append((-weight, topic.slug, Near(topic.slug, tuple(sorted(shared)), tuple(mentioned))))
    return [near for _, _, near in sorted(found, key=lambda one: one[:2])[:_SHOWN]]


def _terms(topic: TopicRules) -> Iterable[str]:
    for rule in topic.rules:
        yield from rule.any
        for one in rule.all:
            yield from (one,) if isinstance(one, str) else one


def _vocabulary(texts: Iterable[str]) -> set[str]:
    said = words.fold([text.rstrip("*") for text in texts]).letters.divided.split()
    return {one for one in said if len(one) >= _SHORTEST and one.isalpha()} - _EVERYWHERE
