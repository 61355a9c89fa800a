"""One word for a thing, everywhere; and no word that only one machine understands."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from house.tree import ROOT, Breach, Source, told

# A second word for a thing is a bug: what to say instead.
SYNONYMS = {
    r"campaigns?": "mailing; a blast if staff wrote it",
    r"newsletters?": "bulletin, or digest",
    r"(recipient|mailing|distribution)[ _-]lists?": "audience of a mailing, or topic",
    r"utils?": "name the module by what it does",
    r"helpers?": "name it by what it does",
}
# In code alone: in prose, somebody may well be a manager.
IN_CODE = {r"\w*[a-z]Manager": "name it by what it does", r"(?<!\.)Manager": "name it by what it does"}
# Words of others, in their place.
FOREIGN = r"\b(email|django\.db|django)\.utils\b|\b(Base)?(User|Staff)Manager\b|\b\w*ContextManager\b"

TEXTS = {".py", ".html", ".txt", ".css", ".md"}


def words(source: Source) -> Iterator[Breach]:
    """Forbidden words; a word inside a longer name counts too."""
    forbidden = SYNONYMS | (IN_CODE if source.path.endswith(".py") else {})
    for number, line in enumerate(source.text.splitlines(), 1):
        ours = re.sub(FOREIGN, "", line)
        for pattern, instead in forbidden.items():
            exactly = re.NOFLAG if pattern in IN_CODE else re.IGNORECASE
            if found := re.search(rf"(?<![A-Za-z])(?:{pattern})(?![a-z])", ours, exactly):
                yield Breach(source.path, number, f"“{found[0]}”: say {instead}")


def texts(*places: str) -> Iterator[Source]:
    """Text files at or below these places; samples are the words of others."""
    for place in places:
        found = sorted((ROOT / place).rglob("*")) if (ROOT / place).is_dir() else [ROOT / place]
        for file in found:
            if file.suffix in TEXTS and "samples" not in file.parts:
                yield Source(str(file.relative_to(ROOT)), file.read_text())


def test_there_is_one_word_for_a_thing() -> None:
    found = (
        one for source in texts("dispatcher", "tasks", "templates", "README.md") for one in words(source)
    )
    problems = told(found, {}, "the glossary in README.md has the words")
    assert not problems, problems


@pytest.mark.parametrize(
    "line",
    [
        "campaign_id = 1",
        "import myutils.utils",
        "# a helper",
        "class DeliveryManager:",
        "the Newsletter",
        "a recipient list",
        "Manager()",
    ],
)
def test_a_second_word_is_seen(line: str) -> None:
    assert list(words(Source("sample.py", line)))


@pytest.mark.parametrize(
    "line",
    [
        "from email.utils import parseaddr",
        "objects: models.Manager[Row]",
        "class StaffManager(BaseUserManager):",
    ],
)
def test_words_of_others_are_left_alone(line: str) -> None:
    assert not list(words(Source("sample.py", line)))


# Written so that this file does not break its own rule.
PLACES = r"(?<![\w.~-])/(?:work|home|root|Users|opt|mnt)/[\w.-]+"
REGISTRIES = r"\b(?:[\w-]+\.)*(?:pypi|pythonhosted|npmjs|anaconda)\.(?:org|com|io)\b"


def of_one_machine(source: Source) -> Iterator[Breach]:
    """Paths of the machine it was written on, and where that machine has its packages from."""
    here = re.escape(str(ROOT)) + r"\b"
    for number, line in enumerate(source.text.splitlines(), 1):
        for what, pattern in {
            "a path of one machine": f"{PLACES}|{here}",
            "the host of a package registry": REGISTRIES,
        }.items():
            if found := re.search(pattern, line):
                yield Breach(source.path, number, f"{what}, {found[0]}")


def tracked() -> Iterator[Source]:
    """Every text file that is, or is about to be, under version control."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout: there is nothing tracked")
    for name in filter(None, listed.stdout.split("\0")):
        file = ROOT / name
        if file.is_file() and b"\0" not in file.read_bytes()[:1000]:
            yield Source(name, file.read_text(errors="replace"))


def test_nothing_tracked_speaks_of_one_machine() -> None:
    found = (
        one
        for source in tracked()
        if "samples" not in Path(source.path).parts
        for one in of_one_machine(source)
    )
    problems = told(found, {}, "a path relative to the project, a folder the user names, or nothing")
    assert not problems, problems


@pytest.mark.parametrize(
    "line", [f"see {ROOT}/x", "cd /" + "home/ann/x", "--index-url https://files.python" + "hosted.org/simple"]
)
def test_what_only_one_machine_understands_is_seen(line: str) -> None:
    assert list(of_one_machine(Source("sample.md", line)))


@pytest.mark.parametrize(
    "line",
    ["/usr/lib/postgresql", "~/.local/share", "sqlite:////path/to/file", "https://www.example.gov/home/page"],
)
def test_common_places_are_left_alone(line: str) -> None:
    assert not list(of_one_machine(Source("sample.md", line)))
