"""The routes as Django knows them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse


@dataclass(frozen=True, slots=True)
class Route:
    """One route: how it is written, its name, the parts of it that vary, and who answers."""

    written: str
    name: str
    parts: frozenset[str]
    view: Callable[..., object]

    def address(self, **values: object) -> str:
        """An address that it answers to; of the values those are taken that it has parts for."""
        return reverse(self.name, kwargs={part: values[part] for part in self.parts})


def every_route(resolver: URLResolver | None = None, before: str = "") -> Iterator[Route]:
    """All of them, those of included lists too."""
    for one in (resolver or get_resolver()).url_patterns:
        written = f"{before}{one.pattern}"
        if isinstance(one, URLPattern):
            yield Route(written, one.name or "", frozenset(one.pattern.converters), one.callback)
        else:
            yield from every_route(one, written)
