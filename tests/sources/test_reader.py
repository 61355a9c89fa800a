"""The reader and its real child: one child for many documents, a fresh one after any that hurt it, and nothing of ours inside it."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile import DOCUMENT, FEED, PAGE, filled, rss

from dispatcher.errors import BadInput, Unreadable
from dispatcher.formats.selectors import Select
from dispatcher.sources import child, reader
from dispatcher.sources.questions import Question
from dispatcher.sources.reader import Reader
from dispatcher.sources.reading import Document, Reading

GOOD = rss(b"<link>https://a.example/1</link>")


@pytest.fixture
def own() -> Iterator[Reader]:
    own = Reader(seconds=10)
    yield own
    own.close()


def proc(pid: int | None, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text("utf-8", "replace")


def gone(pid: int | None) -> bool:
    """Ended, if perhaps not yet buried by whoever inherited it."""
    try:
        return proc(pid, "stat").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def until_gone(pid: int | None) -> None:
    deadline = time.monotonic() + 20
    while not gone(pid):
        assert time.monotonic() < deadline, f"{pid} is still there"
        time.sleep(0.01)


def test_one_child_reads_document_after_document(own):
    pids = set()
    for _ in range(3):
        found = own.ask(FEED, GOOD)
        assert isinstance(found, Reading)
        assert found.records[0].link == "https://a.example/1"
        pids.add(own.pid)
    assert len(pids) == 1


def test_a_json_feed_is_known_by_its_content(own):
    found = own.ask(FEED, b'{"version":"https://jsonfeed.org/version/1","items":[{"id":7}]}')
    assert isinstance(found, Reading)
    assert found.records[0].guid == "7"


def test_what_is_wrong_with_a_document_or_a_selector_costs_no_child(own):
    with pytest.raises(Unreadable, match="no feed"):
        own.ask(FEED, b"<html></html>")
    pid = own.pid
    with pytest.raises(BadInput, match=r"select\.record"):
        own.ask(Question("page", select=Select(record="h3[[")), b"<h3>x</h3>")
    assert own.pid == pid


def test_a_question_of_no_kind_is_told_with_its_trace(own, caplog):
    with pytest.raises(Unreadable, match="reading it failed: KeyError"):
        own.ask(Question("none"), b"")
    assert "child.py" in caplog.records[0].trace


def test_a_document_that_hangs_is_broken_off_and_the_next_is_read():
    own = Reader(seconds=0.5)
    own.ask(FEED, GOOD)
    pid, began = own.pid, time.monotonic()
    with pytest.raises(Unreadable, match=r"took more than 0\.5 s"):
        own.ask(FEED, rss(filled(b"<a ", 2_000_000)))
    assert time.monotonic() - began < 5
    until_gone(pid)
    assert isinstance(own.ask(FEED, GOOD), Reading)
    assert own.pid != pid
    own.close()


def test_a_document_that_eats_memory_gets_a_fresh_child_for_the_next(own):
    with pytest.raises(Unreadable, match="more memory"):
        own.ask(PAGE, b"<h3>x" + filled(b"<p>"))
    assert own.pid is None
    assert isinstance(own.ask(FEED, GOOD), Reading)


def test_a_child_that_died_while_idle_costs_nobody_anything(own):
    own.ask(FEED, GOOD)
    os.kill(own.pid, signal.SIGKILL)
    until_gone(own.pid)
    assert isinstance(own.ask(FEED, GOOD), Reading)


def test_a_child_killed_at_work_fails_that_document_alone(own):
    own.ask(FEED, GOOD)
    threading.Timer(0.2, os.kill, (own.pid, signal.SIGKILL)).start()
    with pytest.raises(Unreadable, match=r"ended the process that reads documents \(signal 9\)"):
        own.ask(FEED, rss(filled(b"<a ", 3_000_000)))
    assert isinstance(own.ask(FEED, GOOD), Reading)


def test_a_child_that_stopped_is_not_waited_for():
    own = Reader(seconds=0.3)
    own.ask(FEED, GOOD)
    os.kill(own.pid, signal.SIGSTOP)
    with pytest.raises(Unreadable, match="took more than"):
        own.ask(FEED, rss(filled(b" ")))  # more than the pipe holds
    assert isinstance(own.ask(FEED, GOOD), Reading)
    own.close()


def test_a_full_document_of_the_usual_kind_needs_no_more_memory_than_there_is():
    own = Reader(seconds=60)  # a busy machine takes long over 4 MB
    item = b"<item><guid>%d</guid><description>%s</description></item>"
    body = b"".join(item % (number, b"&lt;p&gt;words and more&lt;/p&gt; " * 250) for number in range(500))
    found = own.ask(FEED, b'<rss version="2.0"><channel>' + body + b"</channel></rss>")
    assert isinstance(found, Reading)
    assert len(found.records) == 500
    own.close()


class TestConfined:
    def test_nothing_of_our_environment_goes_in(self, own, monkeypatch):
        monkeypatch.setenv("DISPATCHER_SECRET_KEY", "s" * 40)
        monkeypatch.setenv("SOMEBODY_ELSES_TOKEN", "t")
        own.ask(FEED, GOOD)
        names = {one.partition("=")[0] for one in proc(own.pid, "environ").split("\0") if one}
        assert names <= {"PYTHONPATH", "LD_LIBRARY_PATH"}

    def test_memory_files_and_cores_are_limited(self, own):
        own.ask(FEED, GOOD)
        most, _ = resource.prlimit(own.pid, resource.RLIMIT_AS)
        assert child.MEMORY < most < child.MEMORY + 150 * 1024 * 1024
        assert resource.prlimit(own.pid, resource.RLIMIT_FSIZE) == (0, 0)
        assert resource.prlimit(own.pid, resource.RLIMIT_CORE) == (0, 0)
        assert 0 < resource.prlimit(own.pid, resource.RLIMIT_CPU)[0] < 60

    def test_it_has_two_pipes_and_nowhere_else_to_write(self, own):
        own.ask(FEED, GOOD)
        files = {str(one.readlink()) for one in Path(f"/proc/{own.pid}/fd").iterdir()}
        assert {one.partition(":")[0] for one in files} <= {"pipe", "/dev/null", "/dev/urandom"}

    def test_it_loads_neither_tables_nor_network(self):
        told = "import sys, dispatcher.sources.child; print([m for m in ('django', 'aiohttp', 'asyncio') if m in sys.modules])"
        done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


class TestEnding:
    def test_it_ends_with_its_reader(self, own):
        own.ask(FEED, GOOD)
        pid = own.pid
        own.close()
        until_gone(pid)

    def test_it_ends_when_nobody_holds_the_reader_any_more(self):
        own = Reader()
        own.ask(FEED, GOOD)
        pid = own.pid
        del own
        until_gone(pid)

    @pytest.mark.parametrize("ending", ["sys.exit()", "os.kill(os.getpid(), 9)", "os._exit(0)"])
    def test_it_ends_with_its_parent_however_that_ends(self, ending):
        told = f"import os, sys; from dispatcher.sources import reader; reader.text(b'x'); print(reader._own.reader.pid, flush=True); {ending}"
        done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
        assert done.stderr == ""
        until_gone(int(done.stdout))

    def test_each_thread_has_its_own_and_takes_it_along(self):
        pids = []

        def work() -> None:
            reader.text(b"x")
            pids.append(reader._own.reader.pid)

        for _ in range(2):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        reader.text(b"x")
        assert len({*pids, reader._own.reader.pid}) == 3
        for pid in pids:
            until_gone(pid)

    def test_after_a_fork_each_side_has_its_own(self):
        told = (
            "import os\nfrom dispatcher.sources import reader\nreader.text(b'x')\nmine = reader._own.reader.pid\n"
            "if not (fork := os.fork()):\n    reader.text(b'x')\n    print(reader._own.reader.pid not in (mine, None), flush=True)\n    raise SystemExit\n"
            "assert os.waitpid(fork, 0)[1] == 0\nprint(reader.text(b'x').note[:6], reader._own.reader.pid == mine)"
        )
        done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
        assert done.stdout.split("\n")[:2] == ["True", "no PDF True"]


def test_a_document_is_never_a_failure():
    assert reader.text(b"%PDF-1.4 and then rubbish").note.startswith("broken")
    assert isinstance(Reader().ask(DOCUMENT, b""), Document)


def test_what_is_no_feed_or_page_has_no_records():
    with pytest.raises(Unreadable, match="as text"):
        reader.read(DOCUMENT, b"x")
