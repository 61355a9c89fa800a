"""The supervisor keeps real processes alive, and ends them in order."""

import os
import signal
import subprocess
import sys
import time

import pytest
from supervised import PARENT, STUBBORN, Stub, Supervised, eventually, lives

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")

FAILS = "import sys; sys.exit(3)"


def test_who_dies_is_started_again_after_longer_and_longer_pauses_each_told() -> None:
    with Supervised({"web": Stub(FAILS)}, pause=0.05, longest_pause=0.2, tick=5) as running:
        for pause in ("0.05", "0.1", "0.2", "0.2"):
            assert running.hears("web") == f"! web ended with exit status 3; it is started again in {pause} s"


def test_a_kill_is_told_by_its_signal_and_the_others_go_on() -> None:
    with Supervised({"web": Stub(), "beat": Stub()}, pause=0.05) as running:
        before = running.up("web", "beat")
        os.kill(before["web"], signal.SIGKILL)
        assert (
            running.hears("! web") == "! web was killed by signal 9 (Killed); it is started again in 0.05 s"
        )
        assert running.up("web")["web"] != before["web"]
        assert lives(before["beat"])


def test_who_has_lived_long_enough_starts_with_the_short_pause_again() -> None:
    with Supervised({"web": Stub()}, pause=0.05, longest_pause=9, steady=0) as running:
        for _ in range(3):
            os.kill(running.up("web")["web"], signal.SIGKILL)
            assert running.hears("! web").endswith("again in 0.05 s")


def test_what_a_dead_child_leaves_behind_is_killed_before_it_is_started_again() -> None:
    with Supervised({"worker": Stub(PARENT)}, pause=0.05) as running:
        worker = running.up("worker")["worker"]
        left = int(running.hears("has ").split()[-1])
        os.kill(worker, signal.SIGKILL)
        running.hears("! worker")
        assert eventually(lambda: not lives(left))


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_end_they_end_in_their_order(asked: signal.Signals) -> None:
    stubs = {"valkey": Stub(stop=3), "worker": Stub(stop=2), "beat": Stub(stop=1), "web": Stub(stop=1)}
    with Supervised(stubs) as running:
        running.up(*stubs)
        running.process.send_signal(asked)
        assert running.ends() == 0
        order = [line.split()[0] for line in running.heard if line.endswith("is ending")]
        assert (set(order[:2]), order[2:]) == ({"beat", "web"}, ["worker", "valkey"])
        assert [line for line in running.heard if line.startswith("ending")] == [
            "ending beat, web (within 90 s)", "ending worker (within 90 s)", "ending valkey (within 90 s)",
        ]  # fmt: skip


def test_under_nohup_a_terminal_that_closes_ends_nothing() -> None:
    with Supervised({"web": Stub()}, under=("nohup",), pause=0.05) as running:
        web = running.up("web")["web"]
        running.process.send_signal(signal.SIGHUP)
        os.kill(web, signal.SIGKILL)
        running.up("web")


def test_ctrl_c_reaches_the_supervisor_alone() -> None:
    with Supervised({"worker": Stub()}) as running:
        running.up("worker")
        os.killpg(running.process.pid, signal.SIGINT)  # what a terminal does
        assert running.ends() == 0
        assert "worker was interrupted" not in running.heard


def test_who_does_not_end_in_time_is_killed_and_named_and_the_next_has_its_own_time() -> None:
    with Supervised({"worker": Stub(STUBBORN, stop=1), "valkey": Stub(stop=2)}, grace=0.3) as running:
        running.up("worker", "valkey")
        running.process.terminate()
        assert running.ends() == 1
        assert "! worker did not end in time: killed" in running.heard
        assert "valkey is ending" in running.heard


def test_asked_twice_it_hurries() -> None:
    with Supervised({"worker": Stub(STUBBORN)}, hurry=0.2) as running:
        running.up("worker")
        running.process.send_signal(signal.SIGINT)
        running.hears("worker is ending")
        began = time.monotonic()
        running.process.send_signal(signal.SIGINT)
        assert running.ends() == 1
        assert time.monotonic() - began < 5
        assert "hurrying: what has not ended in 0.2 s is killed" in running.heard


def test_a_child_that_waits_for_its_next_start_holds_up_no_end() -> None:
    with Supervised({"web": Stub(FAILS), "worker": Stub()}, pause=60) as running:
        running.up("worker")
        running.process.terminate()
        assert running.ends() == 0


@linux
def test_the_children_of_a_killed_supervisor_are_gone_at_once() -> None:
    with Supervised({"worker": Stub(), "web": Stub(STUBBORN)}) as running:
        children = running.up("worker", "web").values()
        running.process.kill()
        assert eventually(lambda: not any(map(lives, children)), within=2)


def test_a_child_whose_parent_died_first_does_not_begin() -> None:
    nobody = "0"
    command = [sys.executable, "-m", "dispatcher.management.up.child", nobody, "echo", "it began"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b""
