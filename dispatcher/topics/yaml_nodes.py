"""A YAML text as nodes that know their file, line and path, so that every mistake can be told at once and found again.

Nothing is built from tags, no alias is followed, no file is opened: what stands in the text is all there is. What the text may
say is no business of this module.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar

import yaml

from dispatcher.errors import BadInput, Mistakes

LARGEST = 1_048_576  # bytes; a list of a few hundred topics takes a tenth of it
DEEPEST = 10  # levels; a thousand nested brackets would exhaust the stack of whoever composes them

_NOT_TEXT = {"tag:yaml.org,2002:null": "empty", "tag:yaml.org,2002:bool": "yes or no"}
_KINDS = {yaml.MappingNode: "a block of keys", yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Node:
    """One place in the file. Reading it as what it is not notes a mistake and goes on with something harmless."""

    file: str
    path: str
    raw: yaml.Node
    line: int
    found: list[BadInput] = field(repr=False)

    @property
    def place(self) -> str:
        """As it stands in a mistake: `topics.yaml:12 topics[3].rules[0].any`."""
        return f"{self.file}:{self.line} {self.path}".rstrip()

    def wrong(self, problem: str, remedy: str) -> None:
        """Note a mistake of this place."""
        self.found.append(BadInput(self.place, problem, remedy))

    def value(self, parse: Callable[[str], T], default: T) -> T:
        """One value as it is written. `parse` raises ValueError saying what it wanted."""
        text = self._text()
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError as wanted:
            self.wrong(f"{_shown(text)} will not do", f"wanted: {wanted}")
            return default

    def values(self, parse: Callable[[str], T]) -> tuple[T, ...]:
        """A list of such values, without those that are wrong."""
        found: list[T] = []
        for item in self.items():
            item.value(lambda text: found.append(parse(text)), None)
        return tuple(found)

    def flag(self, *, default: bool) -> bool:
        """A yes or a no, in any of YAML's spellings."""
        if self.raw.tag != "tag:yaml.org,2002:bool":
            self.wrong("is neither true nor false", "write true or false, without quotes")
            return default
        return bool(yaml.SafeLoader.bool_values[self.raw.value.lower()])

    def items(self) -> list["Node"]:
        """The items of a list."""
        if not isinstance(self.raw, yaml.SequenceNode):
            self.wrong(
                f"is {self._kind()}, not a list", "one item a line, each behind a dash; or [one, another]"
            )
            return []
        return [self._child(index, item) for index, item in enumerate(self.raw.value)]

    def keys(self, allowed: Sequence[str], required: Sequence[str] = ()) -> dict[str, "Node"]:
        """What stands under each key of a block; keys that are unknown, written twice or missing are mistakes."""
        if not isinstance(self.raw, yaml.MappingNode):
            self.wrong(f"is {self._kind()}, not a block of keys", f"keys: {', '.join(allowed)}")
            return {}
        children: dict[str, Node] = {}
        for key, value in self.raw.value:
            self._add(children, key, value, allowed)
        for name in required:
            if name not in children:
                self._under(name, self.raw, self.line).wrong(
                    "is missing", f"needed here: {', '.join(required)}"
                )
        return children

    def named(self, parse: Callable[[str], str]) -> dict[str, "Node"]:
        """What stands under each key of a block whose keys are names that its writer chose."""
        if not isinstance(self.raw, yaml.MappingNode):
            self.wrong(f"is {self._kind()}, not a block of keys", "one name a line, and what it stands for")
            return {}
        children: dict[str, Node] = {}
        for key, value in self.raw.value:
            name = self._under(str(key.value), key, _line(key)).value(parse, "")
            if name:
                self._add(children, key, value, (name,))
        return children

    def at(self, *steps: str | int) -> "Node":
        """The place of something read before, to note a mistake that shows only beside others; as near as it exists."""
        here = self
        for step in steps:
            here = here.step(step) or here
        return here

    def has(self, *steps: str | int) -> bool:
        """Does anything stand there?"""
        here: Node | None = self
        for step in steps:
            here = here.step(step) if here else None
        return here is not None

    def step(self, step: str | int) -> "Node | None":
        """One key or index deeper."""
        if isinstance(step, int):
            items = self.raw.value if isinstance(self.raw, yaml.SequenceNode) else []
            return self._child(step, items[step]) if step < len(items) else None
        pairs = self.raw.value if isinstance(self.raw, yaml.MappingNode) else []
        for key, value in pairs:
            if key.value == step:
                return self._under(step, value, _line(key))
        return None

    @property
    def is_empty_list(self) -> bool:
        """Is it a list without items?"""
        return isinstance(self.raw, yaml.SequenceNode) and not self.raw.value

    @property
    def is_list(self) -> bool:
        """Are there items in it?"""
        return isinstance(self.raw, yaml.SequenceNode)

    @property
    def is_block(self) -> bool:
        """Are there keys under it?"""
        return isinstance(self.raw, yaml.MappingNode)

    def _text(self) -> str | None:
        if not isinstance(self.raw, yaml.ScalarNode):
            self.wrong(
                f"is {self._kind()}, not a single value",
                "one value; quotes around it if it begins with [ or {",
            )
        elif self.raw.tag in _NOT_TEXT:
            self.wrong(
                f"is {_NOT_TEXT[self.raw.tag]}, not text",
                "a text (in quotes, if that is meant), or no such key",
            )
        elif not self.raw.value.strip():
            self.wrong("is empty", "a text, or no such key")
        else:
            return str(self.raw.value)
        return None

    def _kind(self) -> str:
        return _KINDS[type(self.raw)]

    def _add(
        self, children: dict[str, "Node"], key: yaml.Node, value: yaml.Node, allowed: Sequence[str]
    ) -> None:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        child = self._under(name, value, _line(key))
        if name not in allowed:
            near = get_close_matches(name, allowed, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            child.wrong("is not a known key", f"{meant}Allowed here: {', '.join(allowed)}")
        elif name in children:
            child.wrong(f"stands here twice (first in line {children[name].line})", "keep one of the two")
        else:
            children[name] = child

    def _under(self, key: str, value: yaml.Node, line: int) -> "Node":
        return Node(self.file, f"{self.path}.{key}".lstrip("."), value, line, self.found)

    def _child(self, index: int, value: yaml.Node) -> "Node":
        return Node(self.file, f"{self.path}[{index}]", value, _line(value), self.found)


def read(text: str, name: str) -> Node:
    """The outermost node. Raises Mistakes for a text that is no YAML, or YAML of a kind that we refuse."""
    if len(text.encode("utf-8", "replace")) > LARGEST:
        raise Mistakes(name, [BadInput(name, "is larger than 1 MiB", "a shorter file")])
    try:
        _refuse_cunning(text, name)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        raise Mistakes(name, [_no_yaml(name, line, wrong.problem or "cannot be read")]) from None
    except yaml.reader.ReaderError as wrong:
        line = text.count("\n", 0, wrong.position) + 1
        raise Mistakes(
            name, [_no_yaml(name, line, f"holds the character U+{int(wrong.character):04X}")]
        ) from None
    if root is None:
        raise Mistakes(name, [BadInput(name, "is empty", "a topic list")])
    return Node(name, "", root, _line(root), [])


def _refuse_cunning(text: str, name: str) -> None:
    # Looks at events, one by one, before anything is composed: an alias can make a few lines into gigabytes, a tag can ask
    # for any Python object, and deep nesting overflows the stack of the composer.
    found: list[BadInput] = []
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        place = f"{name}:{_line(event)}"
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Mistakes(name, [*found, BadInput(place, "is nested too deeply", "fewer brackets")])
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            found.append(
                BadInput(
                    place,
                    "has an anchor or alias (& or *)",
                    'write it out; "quotes" around a text that begins so',
                )
            )
        if getattr(event, "tag", None):
            found.append(
                BadInput(place, "has a YAML tag (!)", 'no tags; "quotes" around a text that begins so')
            )
    if found:
        raise Mistakes(name, found)


def _no_yaml(name: str, line: int, problem: str) -> BadInput:
    return BadInput(
        f"{name}:{line}", f"is not YAML: {problem}", "look at the indentation, the colons and the quotes"
    )


def _line(of: yaml.Node | yaml.Event) -> int:
    return of.start_mark.line + 1 if of.start_mark else 1


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")
