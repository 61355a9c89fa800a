"""The floors as pyproject.toml draws them, and the modules that the folders hold."""

import tomllib
from typing import Any

from house.tree import ROOT


def contract(name: str) -> dict[str, Any]:
    """One of import-linter's contracts."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return next(one for one in contracts if one["name"] == name)


def floors() -> list[list[str]]:
    """High to low; those that come later, too."""
    return [
        [one.strip(" ()") for one in floor.split("|")] for floor in contract("Floors, high to low")["layers"]
    ]


def stages() -> list[str]:
    """The floor of the path."""
    return next(floor for floor in floors() if "dispatcher.sources" in floor)


def pure() -> list[str]:
    """Modules, and packages of modules, that have no contact with the outside."""
    return contract("Pure modules stay pure")["source_modules"]


def modules(package: str) -> set[str]:
    """The modules directly in a package."""
    folder = ROOT / package.replace(".", "/")
    found = {file.stem for file in folder.glob("*.py") if file.stem != "__init__"}
    found |= {file.parent.name for file in folder.glob("*/__init__.py")}
    return {f"{package}.{name}" for name in found}
