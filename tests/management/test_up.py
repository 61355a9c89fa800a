"""What `dispatcher up` stands on: one start a data folder, ports, the Valkey from the wheel, and what the children are told."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from supervised import eventually

from dispatcher import config
from dispatcher.errors import BadInput, Busy
from dispatcher.management.up import folder, ports, shell, valkey
from dispatcher.management.up.machine import Machine


def test_a_second_start_on_a_data_folder_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with (
        folder.held(tmp_path),
        pytest.raises(Busy, match=f"process {os.getpid()} → end it"),
        folder.held(tmp_path),
    ):
        pass
    with folder.held(tmp_path):
        assert (tmp_path / "up.lock").read_text() == str(os.getpid())


def test_a_killed_process_holds_no_folder(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from dispatcher.management.up import folder\n"
        "with folder.held(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match=str(holder.pid)), folder.held(tmp_path):
            pass
        holder.kill()
        holder.wait()
    with folder.held(tmp_path):
        pass


def test_a_port_in_use_is_told_with_one_that_is_free() -> None:
    with ports_taken() as taken, pytest.raises(Busy, match=f"port {taken} is in use") as told:
        ports.check(taken)
    other = int(str(told.value).rpartition("--port ")[2].rstrip("`"))
    assert other > taken
    ports.check(other)


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_a_port_that_does_not_exist_is_refused(port: int) -> None:
    with pytest.raises(BadInput, match=f"no port {port}"):
        ports.check(port)


@contextmanager
def ports_taken() -> Iterator[int]:
    with socket.create_server((ports.HOST, 0)) as server:
        yield server.getsockname()[1]


def test_valkey_comes_out_of_the_wheel_answers_keeps_its_word_and_ends(tmp_path: Path) -> None:
    port = ports.free(valkey.FIRST_PORT + 500)
    assert not valkey.answers(port)
    with subprocess.Popen(valkey.command(tmp_path / "valkey", port)) as server:
        assert eventually(lambda: valkey.answers(port))
        assert asked(port, "CONFIG GET maxmemory-policy")[-1] == "noeviction"
        assert asked(port, "CONFIG GET appendonly")[-1] == "yes"
        assert asked(port, "CONFIG GET bind")[-1] == ports.HOST
        asked(port, "LPUSH upkeep ring")
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
    assert not valkey.answers(port)
    with subprocess.Popen(valkey.command(tmp_path / "valkey", port)) as server:
        assert eventually(lambda: valkey.answers(port))
        assert asked(port, "LLEN upkeep") == [":1"]
        server.terminate()


def asked(port: int, command: str) -> list[str]:
    """The lines of an answer."""
    with socket.create_connection((ports.HOST, port), timeout=5) as line:
        line.sendall(f"{command}\r\n".encode())
        return line.recv(4096).decode().splitlines()


def machine(given: dict[str, str] | None = None, **changed: object) -> Machine:
    usual = {
        "given": given or {}, "data_dir": Path("/data"), "port": 8123, "workers": None, "valkey_port": 16379,
        "smtp_url": "smtp://127.0.0.1:2525", "has_sender": False,
    }  # fmt: skip
    return Machine(**usual | changed)


def test_with_nothing_named_the_children_use_what_this_machine_brings_along() -> None:
    assert machine().environment == {
        "DISPATCHER_DATA_DIR": "/data",
        "DISPATCHER_PUBLIC_URL": "http://127.0.0.1:8123",
        "DISPATCHER_REDIS_URL": "redis://127.0.0.1:16379/0",
        "DISPATCHER_SMTP_URL": "smtp://127.0.0.1:2525",
        "DISPATCHER_SEND": "on",
        "DISPATCHER_FROM": "MaineCare (local) <local@notices.example.gov>",
    }
    assert config.load(machine().environment).send.everybody


def test_what_was_named_is_left_as_it_is() -> None:
    given = {
        "DISPATCHER_PUBLIC_URL": "https://notices.example.gov",
        "DISPATCHER_SMTP_URL": "smtp://relay",
        "PATH": "/bin",
    }
    told = machine(given, valkey_port=None, smtp_url=None).environment
    assert told == given | {"DISPATCHER_DATA_DIR": "/data"}, (
        "least of all is SEND switched on for somebody's relay"
    )


def test_an_empty_variable_names_nothing() -> None:
    assert machine({"DISPATCHER_SEND": "", "DISPATCHER_SMTP_URL": ""}).environment["DISPATCHER_SEND"] == "on"


def test_a_sender_that_topics_yaml_confirms_is_not_replaced() -> None:
    assert "DISPATCHER_FROM" not in machine(has_sender=True).environment


def test_the_pages_show_our_own_mailbox_and_only_on_this_machine() -> None:
    def web(one: Machine) -> dict[str, str]:
        (found,) = (child for child in one.others() if child.name == "web")
        return dict(found.env)

    assert web(machine())["DISPATCHER_MAILBOX"] == "/data/mailbox"
    assert "DISPATCHER_MAILBOX" not in web(machine(smtp_url=None))
    assert "DISPATCHER_MAILBOX" not in web(machine({"DISPATCHER_PUBLIC_URL": "https://notices.example.gov"}))


def test_every_lane_has_a_worker_and_one_serves_only_mail_that_somebody_waits_for() -> None:
    from tasks.app import LANES

    workers = [child for child in machine(workers=5).others() if child.name.startswith("worker")]
    serving = [child.argv[child.argv.index("--lanes") + 1].split(",") for child in workers]
    assert sorted(lane for lanes in serving for lane in lanes) == sorted(LANES)
    assert ["system", "immediate"] in serving
    assert [child.argv[-2:] for child in workers if "--concurrency" in child.argv] == [("--concurrency", "5")]


def test_a_shell_that_reads_the_file_sees_what_the_workers_see(tmp_path: Path) -> None:
    given = {"DISPATCHER_FROM": "It's us <us@example.gov>", "DISPATCHER_TOPICS": "topics.yaml", "HOME": "/"}
    told = machine(given, data_dir=tmp_path).environment
    file = tmp_path / "environment"
    file.write_text("export OLD=1\n")
    file.chmod(0o644)
    assert shell.write(tmp_path, told) == file
    assert file.stat().st_mode & 0o777 == 0o600
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    line = f". {shlex.quote(str(file))}; exec {shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    done = subprocess.run(
        ["/bin/sh", "-c", line], env={}, cwd="/", capture_output=True, text=True, check=True
    )
    heard = json.loads(done.stdout)
    wanted = {name: value for name, value in told.items() if name.startswith("DISPATCHER_")}
    wanted["DISPATCHER_TOPICS"] = str(Path("topics.yaml").resolve())
    assert {name: value for name, value in heard.items() if name.startswith("DISPATCHER_")} == wanted
    assert "OLD" not in heard


@pytest.mark.parametrize(
    ("called", "told"),
    [(".venv/bin/dispatcher", ".venv/bin/dispatcher"), ("/a b/dispatcher", "'/a b/dispatcher'"),
     ("/src/dispatcher/__main__.py", f"{sys.executable} -m dispatcher")],
)  # fmt: skip
def test_the_line_to_copy_calls_the_program_as_it_was_called(
    called: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "up"])
    assert shell.program() == told


def test_workers_say_nothing_about_root_and_keep_other_filters() -> None:
    def filters(given: dict[str, str]) -> str:
        (found,) = (child for child in machine(given).others() if child.name == "worker-mail")
        return found.env["PYTHONWARNINGS"]

    assert filters({}) == "ignore:::celery.platforms"
    assert filters({"PYTHONWARNINGS": "error"}) == "error,ignore:::celery.platforms"
    code = "from celery.platforms import check_privileges; check_privileges(['json'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONWARNINGS": filters({})}, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert done.stderr == ""
