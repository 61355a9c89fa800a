"""Every kind of message has its three files, so that nobody gets a mail without a subject or without a text part."""

from pathlib import Path

from house.tree import ROOT

FILES = {"subject.txt", "body.txt", "body.html"}


def incomplete(folder: Path) -> list[str]:
    """Kinds, recognised by a body or a subject of their own, that lack one of the files."""
    found = []
    for kind in sorted(one for one in folder.rglob("*") if one.is_dir()):
        lacking = FILES - {file.name for file in kind.iterdir()}
        if lacking and lacking != FILES:
            found.append(f"{kind.name}: no {', '.join(sorted(lacking))}")
    return found


def test_every_kind_of_message_has_three_files() -> None:
    problems = incomplete(ROOT / "templates" / "messages")
    assert not problems, "\n".join(problems) + "\n→ write it; the text part is for people, not for form"


def test_a_kind_without_a_text_part_is_named(tmp_path: Path) -> None:
    for name in (
        "whole/subject.txt",
        "whole/body.txt",
        "whole/body.html",
        "half/subject.txt",
        "half/body.html",
        "parts/layout.html",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert incomplete(tmp_path) == ["half: no body.txt"]
