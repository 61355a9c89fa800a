"""The project as the rules of this folder read it: its files, their syntax trees, and the breaches that a rule finds in them."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file; a test of a rule makes one from a string."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def functions(self) -> list[Definition]:
        return [node for node in self.nodes if isinstance(node, Definition)]

    def around(self, node: ast.AST) -> str:
        """The innermost function that a node stands in, or `<module>`."""
        line = getattr(node, "lineno", 0)
        holding = [one for one in self.functions if one.lineno <= line <= (one.end_lineno or one.lineno)]
        return max(holding, key=lambda one: one.lineno).name if holding else "<module>"


@dataclass(frozen=True, slots=True)
class Breach:
    """One place that breaks a rule. `excuse`: the key under which a list of exceptions would name it."""

    path: str
    line: int
    problem: str
    excuse: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.problem}"


def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file below these folders, but for migrations, which Django writes."""
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return tuple(_source(file) for file in files if "migrations" not in file.parts)


@cache
def _source(file: Path) -> Source:
    return Source(str(file.relative_to(ROOT)), file.read_text())


def product() -> tuple[Source, ...]:
    """What ships."""
    return sources("dispatcher", "tasks")


def dotted(node: ast.AST) -> str:
    """`a.b.c` as written; nothing for what is no plain name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""


def calls(source: Source) -> Iterator[tuple[ast.Call, str]]:
    """Every call, with the name of what is called."""
    for node in source.nodes:
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def told(found: Iterable[Breach], excuses: Mapping[str, str], remedy: str) -> str:
    """What to do, for each breach without an excuse and each excuse that nothing needs any more. Empty if all is well."""
    breaches = list(found)
    lines = [f"{one} → {remedy}" for one in breaches if one.excuse not in excuses]
    needed = {one.excuse for one in breaches}
    lines += [
        f"{key}: its exception is not needed any more → take it off the list"
        for key in excuses
        if key not in needed
    ]
    return "\n".join(lines)
