"""`dispatcher up`, as somebody runs it who has nothing else: real Valkey, real workers, real pages, a real mailbox, and a real end."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from pathlib import Path
from urllib.request import urlopen

import pytest
from supervised import eventually, lives
from website import Page, Website

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]

TOPICS = """
agency:
  name: MaineCare Services
  address: 1 Example Street, Augusta, Maine
  contact: {{email: help@example.gov}}
  reply_to: help@example.gov
  from: {{unconfirmed: "a sender"}}
  time_zone: America/New_York
sources:
  - {{slug: policy-rules, name: Policy and rules, kind: feed, url: "{url}", allow_private: true, late_after_days: 0}}
topics:
  - {{slug: pharmacy, name: Pharmacy, category: MaineCare Stakeholders, description: Pharmacies, sections: [II-80]}}
"""
OLD = "<item><title>Notice about forms</title><link>https://www.maine.gov/1</link></item>"
NEW = "<item><title>Adoption: Chapter II, Section 80, Pharmacy Services</title><link>https://www.maine.gov/2</link></item>"
PROJECT = Path(__file__).parents[2]
BLAST = "# New form\n\nFrom January 5, 2027, use the form MC-12.\n"
COMING_UP = 40  # seconds; on an idle machine five
GRACE = 90


def feed(*items: str) -> Page:
    return Page(f'<rss version="2.0"><channel><title>Policy</title>{"".join(items)}</channel></rss>'.encode())


class Up:
    """One data folder, on which `dispatcher up` is started and ended."""

    def __init__(self, home: Path, site: Website) -> None:
        topics = home / "topics.yaml"
        topics.write_text(TOPICS.format(url=site.url("/feed")), encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
        self.data = home / "data"
        self.env = kept | {"DISPATCHER_DATA_DIR": str(self.data), "DISPATCHER_TOPICS": str(topics)}
        self.port = free_port()
        self.log = home / "up.log"

    def start(self) -> None:
        """Start it, and wait until it says that everything runs."""
        with self.log.open("w") as log:
            command = [sys.executable, "-m", "dispatcher", "up", "--port", str(self.port)]
            self.process = subprocess.Popen(
                command, env=self.env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        assert self.says("everything runs"), self.log.read_text()

    def says(self, words: str) -> bool:
        return eventually(lambda: words in self.log.read_text(), COMING_UP)

    def command(self, *arguments: str, code: int = 0, **extra: str) -> str:
        """Another shell."""
        done = subprocess.run(
            [sys.executable, "-m", "dispatcher", *arguments],
            env=self.env | extra, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def shell(self, *arguments: str) -> str:
        """A command as somebody types it who has copied the line that was printed, and knows nothing else."""
        (line,) = (one for one in self.log.read_text().splitlines() if one.startswith("  commands  "))
        read, _, status = line.removeprefix("  commands  ").partition("; ")
        program = status.removesuffix(" status")
        bare = {"PATH": os.environ["PATH"], "HOME": str(self.data.parent)}
        done = subprocess.run(
            ["bash", "-c", f"{read}; {program} {shlex.join(arguments)}"],
            env=bare, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def page(self, path: str) -> str:
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return answer.read().decode()

    def healthy(self) -> bool:
        try:
            return bool(self.page("/healthz"))
        except OSError:  # refused, or accepted by a server that is killed before it answers
            return False

    def mails(self) -> list[Path]:
        return sorted((self.data / "mailbox").glob("*.eml"))

    def recipients(self) -> set[str]:
        mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in self.mails()]
        return {str(mail["To"]) for mail in mails}

    def processes(self) -> dict[int, str]:
        """Who works on this data folder, with its command line, whoever started it."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):  # gone, or somebody else's
                if self._works_here(folder) and lives(int(folder.name)):
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        return found

    def _works_here(self, folder: Path) -> bool:
        # Valkey writes its name over its environment, but stands in its folder.
        told = f"DISPATCHER_DATA_DIR={self.data}".encode() in (folder / "environ").read_bytes().split(b"\0")
        return told or (folder / "cwd").readlink() == self.data / "valkey"

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(GRACE + 10)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as running:
        running.pages["/feed"] = feed(OLD)
        yield running


@pytest.fixture
def up(tmp_path: Path, site: Website) -> Iterator[Up]:
    running = Up(tmp_path, site)
    yield running
    for process in running.processes():
        os.kill(process, signal.SIGKILL)
    running.process.wait()


def test_what_is_new_reaches_the_mailbox_and_sigterm_ends_it_all(up: Up, site: Website) -> None:
    up.start()
    up.command("subscribers", "add", "ann@example.com", "--topics", "pharmacy", "--consent", "test")
    up.command("sources", "poll", "--all")
    site.pages["/feed"] = feed(NEW, OLD)
    up.command("sources", "poll", "--all")
    assert eventually(up.mails, within=150), up.log.read_text()
    (mail,) = up.mails()
    assert "Section 80" in str(message_from_bytes(mail.read_bytes(), policy=policy.default)["Subject"])
    assert "Section 80" in up.page("/mailbox/")
    began = time.monotonic()
    assert up.end() == 0, up.log.read_text()
    assert time.monotonic() - began < GRACE
    assert not up.processes()
    assert "killed" not in up.log.read_text()


def test_a_shell_with_the_line_that_was_printed_can_send_a_blast(up: Up, tmp_path: Path) -> None:
    up.start()
    log = up.log.read_text()
    assert f"  pages     http://127.0.0.1:{up.port}/\n" in log
    assert "superuser" not in log
    draft = tmp_path / "form.md"
    draft.write_text(BLAST)
    up.shell("subscribers", "add", "ann@example.com", "--topics", "pharmacy", "--consent", "test")
    up.shell("staff", "add", "ana", "--role", "author")
    up.shell("staff", "add", "ben", "--role", "approver")
    handed_in = up.shell(
        "blast",
        "submit",
        str(draft),
        "--as",
        "ana",
        "--topics",
        "pharmacy",
        "--test-to",
        "ana@example.com",
        "--json",
    )
    told = json.loads(handed_in)
    assert [one["accepted"] for one in told["test_copies"]] == [True]
    up.shell("blast", "approve", told["id"], "--as", "ben")
    assert eventually(lambda: "ann@example.com" in up.recipients(), within=150), up.shell("mailings", "list")
    assert up.end() == 0


def test_a_second_start_is_refused_and_a_port_in_use_is_told(up: Up) -> None:
    up.start()
    assert f"process {up.process.pid}" in up.command("up", code=1)
    other = str(up.data.with_name("other"))
    refused = up.command("up", "--port", str(up.port), code=1, DISPATCHER_DATA_DIR=other)
    assert "choose another: `dispatcher up --port" in refused
    assert up.end() == 0


def test_who_is_killed_comes_back_and_if_all_are_killed_the_next_start_finds_no_trace(up: Up) -> None:
    up.start()
    for victim in ("gunicorn", "dispatcher beat", "valkey-server", "--name mail"):
        os.kill(min(pid for pid, line in up.processes().items() if victim in line), signal.SIGKILL)
    assert up.says("! valkey was killed by signal 9 (Killed); it is started again in 1 s")
    assert eventually(up.healthy)
    assert up.log.read_text().count("is started again in 1 s") == 4
    assert "In Celery 5.1 we introduced" not in up.log.read_text()
    up.process.kill()
    assert eventually(lambda: not up.processes(), within=2), up.processes()
    up.process.wait()
    up.start()
    assert up.end() == 0
    assert not up.processes()
