"""What one person's copy of a message about several bulletins contains: which ready fragments, in which order. Renders nothing.

Each of the person's bulletins is told with the reasons of that person; the first ones with their text, as many as a copy has room for:
mail programs hide the end of a large message, and with it the way to leave. Of the others the copy says where their text is, and if even
that is too much, their titles lead there.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from dispatcher.messages.stencil import Choice, Fixed, Segment, Stencil

# Gmail shows 102 KB of a message. An address and some tickets are spliced in and not counted here: the rest up to there is for them.
_LARGEST = 92_000
MOST_TEXTS = 20
HEADING = "heading"  # of what else stood in an e-mail message

Choices = dict[str, tuple[str, ...]]


def text_key(bulletin: int | str) -> str:
    """The fragment that holds a bulletin's text."""
    return f"f{bulletin}"


def brief_key(bulletin: int | str) -> str:
    """The fragment that says where its text is."""
    return f"b{bulletin}"


def reason_key(bulletin: int | str, topic: int | str) -> str:
    """The fragment that says why a reader of this topic gets it."""
    return f"r{bulletin}.{topic}"


def topic_key(topic: int | str) -> str:
    """The heading of a topic, where bulletins stand under their topics."""
    return f"t{topic}"


@dataclass(frozen=True, slots=True)
class _Told:
    """A bulletin in a copy, with the fragments that go with it."""

    bulletin: str
    heading: Sequence[str]
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a stencil has fragments for. `topics` and `bulletins` in the order of composing; `sizes`: bytes by choice and key."""

    topics: tuple[str, ...]
    bulletins: tuple[str, ...]
    others: tuple[str, ...]
    lists: tuple[str, ...]
    frame: int
    sizes: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, stencil: Stencil) -> Self:
        """Of a message about one bulletin there is none to choose among."""
        sizes: Counter[tuple[str, str]] = Counter()
        for segment in stencil.segments:
            if isinstance(segment, Choice):
                sizes.update({(segment.name, key): _size(one) for key, one in segment.fragments.items()})
        told = tuple(key[1:] for key in stencil.keys("news") if key == text_key(key[1:]))
        others = tuple(key for key in stencil.keys("also") if key != HEADING)
        return cls(stencil.keys("reason"), told, others, stencil.keys("list"), _size(stencil.segments), sizes)

    def choose(self, bulletins: Collection[str], topics: Collection[str]) -> Choices:
        """The choices of a copy that tells a follower of these topics of these bulletins."""
        mine = tuple(one for one in self.topics if one in topics)
        told = self._arranged([one for one in self.bulletins if one in bulletins], mine)
        others = tuple(one for one in self.others if one not in bulletins)
        choices = {
            "list": self.lists if len(self.lists) == 1 else mine[:1],
            "title": tuple(one.bulletin for one in told),
            "also": (HEADING, *others) if others else (),
            "reason": mine,
            "contact": mine,
        }
        sizes = (self.sizes.get((name, key), 0) for name, keys in choices.items() for key in keys)
        return {**choices, "news": tuple(self._news(told, _LARGEST - self.frame - sum(sizes)))}

    def _has(self, key: str) -> bool:
        return ("news", key) in self.sizes

    def _size(self, *keys: str) -> int:
        return sum(self.sizes["news", key] for key in keys)

    def _arranged(self, bulletins: Sequence[str], mine: Sequence[str]) -> list[_Told]:
        """Under the first of the person's topics that each concerns, in the order of the topic list; or as they come, if topics have no headings."""
        first = {one: next((t for t in mine if self._has(reason_key(one, t))), "") for one in bulletins}
        if any(self._has(topic_key(topic)) for topic in mine):
            bulletins = sorted(bulletins, key=lambda one: mine.index(first[one]) if first[one] else len(mine))
        headed = {topic: bulletin for bulletin, topic in reversed([(one, first[one]) for one in bulletins])}
        return [
            _Told(
                bulletin=one,
                heading=[
                    key for key in [topic_key(first[one])] if self._has(key) and headed[first[one]] == one
                ],
                reasons=[key for topic in mine if self._has(key := reason_key(one, topic))],
            )
            for one in bulletins
        ]

    def _news(self, told: Sequence[_Told], room: int) -> Iterator[str]:
        """Of all that they are there, then the texts of the first ones, as far as there is room."""
        brief = list(told)
        while brief and self._brief(brief) > room and self._has_titles:
            brief.pop()
        room -= self._brief(brief)
        for place, one in enumerate(brief):
            more = self._size(text_key(one.bulletin)) - self._size(brief_key(one.bulletin))
            whole = place < MOST_TEXTS and more <= room
            room -= more * whole
            yield from one.heading
            yield text_key(one.bulletin) if whole else brief_key(one.bulletin)
            yield from one.reasons

    def _brief(self, told: Sequence[_Told]) -> int:
        return sum(self._size(*one.heading, brief_key(one.bulletin), *one.reasons) for one in told)

    @property
    def _has_titles(self) -> bool:
        return any(choice == "title" for choice, _ in self.sizes)


def _size(segments: Sequence[Segment]) -> int:
    return sum(len(one.content) for one in segments if isinstance(one, Fixed))
