"""What stands under a key of a block of topics.yaml, or what holds where the key is not written."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from dispatcher.topics.yaml_nodes import Node

T = TypeVar("T")
Keys = Mapping[str, Node]


def value(keys: Keys, key: str, parse: Callable[[str], T], default: T) -> T:
    """One value."""
    return keys[key].value(parse, default) if key in keys else default


def flag(keys: Keys, key: str, *, default: bool) -> bool:
    """A yes or a no."""
    return keys[key].flag(default=default) if key in keys else default


def items(keys: Keys, key: str) -> list[Node]:
    """The items of a list. One that is written and has none is a mistake."""
    if key not in keys:
        return []
    if keys[key].is_empty_list:
        keys[key].wrong("is an empty list", "at least one item, or no such key")
    return keys[key].items()


def some(keys: Keys, key: str, parse: Callable[[str], T], default: tuple[T, ...] = ()) -> tuple[T, ...]:
    """A list of values, at least one."""
    found: list[T] = []
    for item in items(keys, key):
        item.value(lambda text: found.append(parse(text)), None)
    return tuple(found) if key in keys else default
