"""The fair write gate: a writer that commits back to back starves nobody, and a dead one blocks nobody."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import factories as make
import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.transaction import TransactionManagementError

from dispatcher.database.gate import Gate
from dispatcher.errors import Busy
from dispatcher.models import Subscriber


def test_one_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        gate = Gate(tmp_path / "db", timeout=10)
        for _ in range(30):
            gate.enter()
            inside += 1
            most = max(most, inside)
            inside -= 1
            gate.leave()
        gate.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_who_waits_passes_before_the_one_who_just_left(tmp_path: Path) -> None:
    greedy, patient = Gate(tmp_path / "db", timeout=10), Gate(tmp_path / "db", timeout=10)
    order: list[str] = []
    greedy.enter()

    def wait() -> None:
        patient.enter()
        order.append("patient")
        patient.leave()

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not _turnstile_held(tmp_path):
        time.sleep(0.001)
    greedy.leave()
    greedy.enter()
    order.append("greedy")
    greedy.leave()
    waiting.join()
    assert order == ["patient", "greedy"]


def _turnstile_held(folder: Path) -> bool:
    with (folder / "db.turnstile").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_waiting_ends_with_a_word(tmp_path: Path) -> None:
    holder, late = Gate(tmp_path / "db", timeout=1), Gate(tmp_path / "db", timeout=0.05)
    holder.enter()
    with pytest.raises(Busy, match="no turn to write"):
        late.enter()
    holder.leave()
    late.enter()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from dispatcher.database.gate import Gate;"
        "g = Gate(Path(sys.argv[1]), timeout=1); g.enter(); print('in', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "db")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"in\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    Gate(tmp_path / "db", timeout=1).enter()


def test_a_transaction_passes_the_gate_and_leaves_it_on_commit_and_on_rollback(sqlite_db: str) -> None:
    gate = Gate(Path(connection.settings_dict["NAME"]), timeout=0.05)
    with transaction.atomic():
        make.subscriber()
        with pytest.raises(Busy):
            gate.enter()
    gate.enter()
    gate.leave()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError
    gate.enter()
    gate.leave()


def test_a_gate_that_never_opens_is_a_database_error_that_may_be_tried_again(sqlite_db: str) -> None:
    connection.settings_dict["OPTIONS"]["timeout"] = 0.05
    connection.close()
    holder = Gate(Path(connection.settings_dict["NAME"]), timeout=1)
    holder.enter()
    try:
        with pytest.raises(OperationalError, match="no turn"), transaction.atomic():
            make.subscriber()
    finally:
        holder.leave()
        connection.settings_dict["OPTIONS"]["timeout"] = 30
    with transaction.atomic():
        make.subscriber()


def test_small_writes_get_through_while_a_sender_commits_back_to_back(sqlite_db: str) -> None:
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            with transaction.atomic():
                Subscriber.objects.filter(id=0).update(address="x")
        connections.close_all()

    sender = threading.Thread(target=send)
    sender.start()
    for _ in range(20):
        with transaction.atomic():
            make.subscriber()
    stop.set()
    sender.join()
    assert Subscriber.objects.count() == 20


def test_the_database_is_durable_and_keeps_its_triggers_from_being_slipped_past(sqlite_db: str) -> None:
    with connection.cursor() as cursor:
        facts = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "recursive_triggers", "foreign_keys")
        }
    assert facts == {"journal_mode": "wal", "synchronous": 2, "recursive_triggers": 1, "foreign_keys": 1}


def test_a_transaction_past_django_is_undone_by_an_error_in_it_and_leaves_the_gate_either_way(
    sqlite_db: str,
) -> None:
    make.subscriber("ann@example.com")
    gate = Gate(Path(connection.settings_dict["NAME"]), timeout=0.05)

    def rename(*statements: str) -> None:
        with connections["default"].written() as raw:
            for one in statements:
                raw.execute(one)
            with pytest.raises(Busy):
                gate.enter()

    rename("UPDATE dispatcher_subscriber SET address = 'kept'")
    with pytest.raises(OperationalError, match="nowhere"):
        rename("UPDATE dispatcher_subscriber SET address = 'lost'", "DELETE FROM nowhere")
    gate.enter()
    gate.leave()
    assert Subscriber.objects.get().address == "kept"


def test_no_transaction_past_django_begins_inside_another(sqlite_db: str) -> None:
    with (
        pytest.raises(TransactionManagementError),
        transaction.atomic(),
        connections["default"].written() as raw,
    ):
        raw.execute("SELECT 1")
    make.subscriber()


def test_a_gate_whose_files_cannot_be_opened_is_a_database_that_is_away(sqlite_db: str) -> None:
    connections.close_all()
    database = Path(connection.settings_dict["NAME"])
    turnstile = database.with_name(f"{database.name}.turnstile")
    turnstile.unlink(missing_ok=True)
    turnstile.mkdir()  # as on a disk that can only be read: root may open any file
    with pytest.raises(OperationalError, match="turnstile"), transaction.atomic():
        pass
    turnstile.rmdir()
    make.subscriber()
