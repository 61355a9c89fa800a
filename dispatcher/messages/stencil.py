"""Stencils: a message composed once and addressed many times. Joins ready bytes; never renders, folds or signs anything.

A stencil is a list of segments: `Fixed` bytes, the same for all; a `Slot`, filled with one of the person's values; a `Choice`,
filled with those of its ready fragments that concern the person. In a body every segment begins and ends at the start of a line
(see `formats.quoted`), so whatever is spliced, nothing has to be encoded again and no line outgrows its limit.
"""

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeAlias, TypeVar

from dispatcher.errors import BadInput, Unreadable
from dispatcher.formats import quoted

_VERSION = 1
# Plane 16, for private use: no font claims it. (Word's bullets, which feeds are full of, sit in the private use of plane 0.)
_OPEN, _CLOSE = "\U0010fffa", "\U0010fffb"
_MARK = re.compile(f"{_OPEN}([a-z_]+){_CLOSE}")
_SOFT_BREAK = b"=\r\n"

_is_visible = re.compile(r"[!-~]{1,320}").fullmatch
_is_token = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,69}").fullmatch
_is_literal = re.compile(
    r"[!-\-/-<>-~][!-<>-~]{0,69}"
).fullmatch  # one line of quoted-printable as it is: no `=`, no dot first
_is_plain = re.compile(
    r"[A-Za-z0-9_.@+-]+"
).fullmatch  # the same in HTML: escaping costs three times this look
_has_control = re.compile(r"[\x00-\x1f\x7f]").search


class Encoding(StrEnum):
    """How a value is written where its slot stands."""

    HEADER = "header"  # as it is: visible ASCII
    LINK = "link"  # in a body, where it must need no encoding whatever surrounds it: a ticket
    TEXT = "text"  # any characters, in the text part
    HTML = "html"  # any characters, in the HTML part


@dataclass(frozen=True, slots=True)
class Fixed:
    """Bytes that are the same for all."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the person's values."""

    name: str
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class Choice:
    """Ready fragments by key; each person has a sequence of keys for this name."""

    name: str
    fragments: Mapping[str, tuple[Fixed | Slot, ...]]


Segment: TypeAlias = Fixed | Slot | Choice
_Known = TypeVar("_Known", Slot, Slot | Choice)


class Stencil:
    """All segments of a message, in order, and how to fill them quickly."""

    __slots__ = ("_slots", "_values", "segments")

    def __init__(self, segments: Iterable[Segment]) -> None:
        self.segments = _joined(segments)
        leaves = list(_leaves(self.segments))
        if any(isinstance(one, Fixed) and _begins_a_line_with_a_dot(one.content) for one in leaves):
            raise BadInput("message", "a line of it begins with a dot", "encode it: `=2E`")
        self._slots = {
            slot: at for at, slot in enumerate(dict.fromkeys(one for one in leaves if isinstance(one, Slot)))
        }
        self._values = [(slot.name, _ENCODERS[slot.encoding]) for slot in self._slots]

    def splice(self, values: Mapping[str, str], choices: Mapping[str, tuple[str, ...]]) -> bytes:
        """One person's message, no line of which begins with a dot."""
        return self.layout(choices).splice(values)

    def layout(self, choices: Mapping[str, tuple[str, ...]]) -> "Layout":
        """The message for all who have these choices; it remains to put in their values."""
        try:
            flat = list(_flat(self.segments, choices))
        except KeyError as missing:
            raise _nothing_for(missing) from None
        return Layout(
            pieces=[one.content if isinstance(one, Fixed) else b"" for one in flat],
            holes=[(at, self._slots[one]) for at, one in enumerate(flat) if isinstance(one, Slot)],
            values=self._values,
        )

    def keys(self, choice: str) -> tuple[str, ...]:
        """The keys that this choice has fragments for, in the order of composing."""
        named = (one for one in self.segments if isinstance(one, Choice) and one.name == choice)
        return next((tuple(one.fragments) for one in named), ())

    def dumps(self) -> bytes:
        """For the database: JSON, since everything in a message is ASCII by now."""
        packed = {"version": _VERSION, "segments": [_packed(one) for one in self.segments]}
        return json.dumps(packed, separators=(",", ":")).encode("ascii")

    @classmethod
    def loads(cls, stored: bytes) -> Self:
        """What `dumps` made. Raises Unreadable for anything else."""
        try:
            match json.loads(stored):
                case {"version": 1, "segments": [*segments]}:
                    return cls(_unpacked(one) for one in segments)
        except (ValueError, TypeError):
            pass
        raise Unreadable("no stencil of a version that we know")


def mark(name: str) -> str:
    """What stands for a slot or a choice in rendered text until `cut` finds it."""
    return f"{_OPEN}{name}{_CLOSE}"


def unmarked(text: str) -> str:
    """Text of others, without what would pass for our marks."""
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def named(marked: str, shown: Mapping[str, str]) -> str:
    """Rendered text for people to look at: something readable in place of each mark."""
    return _MARK.sub(lambda found: shown[found[1]], marked)


def cut(marked: str, known: Mapping[str, _Known], expected: Mapping[str, int]) -> tuple[Fixed | _Known, ...]:
    """The segments of a rendered body. Refused unless each mark stands in it exactly as often as expected, and none besides."""
    pieces = _MARK.split(marked)
    found = Counter(pieces[1::2])
    stray = sum(piece.count(sign) for piece in pieces[::2] for sign in (_OPEN, _CLOSE))
    if stray or found != Counter(expected) or not found.keys() <= known.keys():
        problem = f"slots found: {dict(found)}, and {stray} stray marks; wanted: {dict(expected)}"
        raise BadInput(
            "message",
            problem,
            "the marks U+10FFFA and U+10FFFB come from slot() and choice() only, each of them once",
        )
    return tuple(known[piece] if at % 2 else Fixed(quoted.encode(piece)) for at, piece in enumerate(pieces))


def _header(value: str) -> bytes:
    if not _is_visible(value):
        raise BadInput(
            "header",
            "a value holds what cannot stand there",
            "ASCII without white space, of a sensible length",
        )
    return value.encode("ascii")


def _link(value: str) -> bytes:
    if not _is_token(value):
        raise BadInput(
            "link",
            "a value holds what would need encoding",
            "at most 70 of A-Z a-z 0-9 _ - and, not first, a dot",
        )
    return value.encode("ascii") + _SOFT_BREAK


def _text(value: str) -> bytes:
    if _is_literal(value):
        return value.encode("ascii") + _SOFT_BREAK
    if not value or _has_control(value):
        raise BadInput("body", "a value is empty or holds control characters", "visible characters")
    return quoted.encode(value)


def _html(value: str) -> bytes:
    return _text(value if _is_plain(value) else html.escape(value))


_ENCODERS = {Encoding.HEADER: _header, Encoding.LINK: _link, Encoding.TEXT: _text, Encoding.HTML: _html}


def _joined(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    joined: list[Segment] = []
    for one in segments:
        before = joined[-1] if joined else None
        if isinstance(one, Fixed) and isinstance(before, Fixed):
            joined[-1] = Fixed(before.content + one.content)
        else:
            joined.append(one)
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class Layout:
    """The pieces for one set of choices, with empty ones where slots are. The bytes are shared by all layouts of a stencil."""

    pieces: list[bytes]
    holes: list[tuple[int, int]]
    values: Sequence[tuple[str, Callable[[str], bytes]]]

    def splice(self, values: Mapping[str, str]) -> bytes:
        """One person's message, in 4 µs: each value is encoded once, wherever it stands."""
        try:
            encoded = [encode(values[name]) for name, encode in self.values]
        except KeyError as missing:
            raise _nothing_for(missing) from None
        pieces = self.pieces.copy()
        for at, slot in self.holes:
            pieces[at] = encoded[slot]
        return b"".join(pieces)


def _nothing_for(missing: KeyError) -> BadInput:
    remedy = "a value for each slot, known keys for each choice"
    return BadInput("message", f"nothing to put in for {missing}", remedy)


def _flat(segments: Iterable[Segment], choices: Mapping[str, tuple[str, ...]]) -> Iterator[Fixed | Slot]:
    for one in segments:
        if isinstance(one, Choice):
            for key in choices[one.name]:
                yield from one.fragments[key]
        else:
            yield one


def _leaves(segments: Iterable[Segment]) -> Iterator[Fixed | Slot]:
    """Of all choices, whoever has made them."""
    for one in segments:
        if isinstance(one, Choice):
            for fragment in one.fragments.values():
                yield from fragment
        else:
            yield one


def _begins_a_line_with_a_dot(content: bytes) -> bool:
    return content.startswith(b".") or b"\n." in content


_Packed: TypeAlias = str | list[str] | dict[str, object]


def _packed(segment: Segment) -> _Packed:
    if isinstance(segment, Fixed):
        return segment.content.decode("ascii")
    if isinstance(segment, Slot):
        return [segment.name, segment.encoding]
    fragments = {key: [_packed(one) for one in fragment] for key, fragment in segment.fragments.items()}
    return {"choice": segment.name, "fragments": fragments}


def _unpacked(packed: object) -> Segment:
    match packed:
        case {"choice": str(name), "fragments": dict(fragments)}:
            return Choice(
                name, {key: tuple(_plain(one) for one in fragment) for key, fragment in fragments.items()}
            )
    return _plain(packed)


def _plain(packed: object) -> Fixed | Slot:
    match packed:
        case str(content):
            return Fixed(content.encode("ascii"))
        case [str(name), str(encoding)]:
            return Slot(name, Encoding(encoding))
    raise ValueError("not a segment")
