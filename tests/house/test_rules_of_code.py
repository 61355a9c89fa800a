"""Rules about how code is written, each held by reading its syntax: time, errors, settings, sizes, and what tests stand on."""

import ast
import builtins
from collections.abc import Iterator

import pytest
from house.floors import modules, pure
from house.tree import Breach, Source, calls, dotted, product, sources, told

CLOCKS = {
    "now",
    "utcnow",
    "today",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "time_ns",
    "localtime",
    "gmtime",
}
NAIVE = {"datetime.today", "date.today", "datetime.utcnow", "datetime.utcfromtimestamp"}


def clocks(source: Source) -> Iterator[Breach]:
    """Calls that ask what time it is."""
    for call, name in calls(source):
        if name.rpartition(".")[2] in CLOCKS or name == "time.time":
            yield Breach(source.path, call.lineno, f"{name}() in a pure module")


def naive_times(source: Source) -> Iterator[Breach]:
    """Times that do not say where they hold."""
    for call, name in calls(source):
        short = ".".join(name.split(".")[-2:])
        without_zone = {"datetime.now": 0, "datetime.fromtimestamp": 1}.get(short, -1)
        if short in NAIVE or (len(call.args) == without_zone and not call.keywords):
            yield Breach(source.path, call.lineno, f"{name}() gives a time without a zone")


def test_no_pure_module_looks_at_a_clock() -> None:
    names = {module for one in pure() for module in (modules(one) or {one})}
    files = {name.replace(".", "/") + ".py" for name in names}
    judged = [source for source in product() if source.path in files]
    assert len(judged) == len(files)
    problems = told((one for source in judged for one in clocks(source)), {}, "take `now` as an argument")
    assert not problems, problems


def test_no_time_is_naive() -> None:
    found = (one for source in sources("dispatcher", "tasks", "tests") for one in naive_times(source))
    problems = told(found, {}, "datetime.now(UTC), or database_now()")
    assert not problems, problems


@pytest.mark.parametrize(
    "line",
    ["datetime.now(UTC)", "datetime.datetime.utcnow()", "time.time()", "time.monotonic()", "date.today()"],
)
def test_a_clock_is_seen(line: str) -> None:
    assert len(list(clocks(Source("sample.py", line)))) == 1


@pytest.mark.parametrize(
    "line", ["datetime.now()", "datetime.fromtimestamp(3)", "datetime.utcnow()", "dt.date.today()"]
)
def test_a_naive_time_is_seen(line: str) -> None:
    assert len(list(naive_times(Source("sample.py", line)))) == 1


@pytest.mark.parametrize(
    "line", ["datetime.now(UTC)", "datetime.now(tz=UTC)", "datetime.fromtimestamp(3, UTC)", "moment.time()"]
)
def test_a_time_with_its_zone_is_left_alone(line: str) -> None:
    assert not list(naive_times(Source("sample.py", line)))


ROOTS = {"DispatcherError", "Transient", "Permanent"}


def strays(source: Source, tree: set[str]) -> Iterator[Breach]:
    """Classes of errors that do not say whether trying again helps; `tree` grows by those that do."""
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef) or node.name in ROOTS:
            continue
        bases = {dotted(base).rpartition(".")[2] for base in node.bases}
        if bases & tree:
            tree.add(node.name)
        elif any(_is_error(base) for base in bases):
            yield Breach(source.path, node.lineno, f"{node.name} is an error outside the tree")


def _is_error(name: str) -> bool:
    known = getattr(builtins, name, None)
    return name.endswith(("Error", "Exception")) or (
        isinstance(known, type) and issubclass(known, BaseException)
    )


def test_every_error_says_whether_trying_again_helps() -> None:
    tree = {"Transient", "Permanent"}
    in_order = sorted(product(), key=lambda source: source.path != "dispatcher/errors.py")
    found = [one for source in in_order for one in strays(source, tree)]
    problems = told(found, {}, "derive it from Transient or Permanent, or from a class below them")
    assert not problems, problems


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("class Odd(ValueError): ...", ["Odd"]),
        ("class Odd(DispatcherError): ...", ["Odd"]),
        ("class Fine(errors.Refused): ...\nclass Finer(Fine, OSError): ...", []),
        ("class Row(models.Model): ...", []),
    ],
)
def test_an_error_outside_the_tree_is_seen(text: str, names: list[str]) -> None:
    found = [one.problem for one in strays(Source("sample.py", text), {"Transient", "Permanent", "Refused"})]
    assert found == [f"{name} is an error outside the tree" for name in names]


# Where one failure, whatever it is, must not end the work on others; each records what it caught.
BROAD = {
    "dispatcher/bounces/mail.py:read": "a mail that no reader can read is kept and told as that; strangers wrote it",
    "dispatcher/bounces/webhooks.py:read": "a post that is not what its provider documents is kept and told as that",
    "dispatcher/bounces/settle.py:settle": "one arrival that breaks us must not stand before all others; it is kept, logged and shown",
    "dispatcher/management/commands/bounces.py:_ingest": "whatever goes wrong, the mail server must hear “come again”: else a bounce is lost",
    "dispatcher/delivery/claims.py:_made": "a message that cannot be composed pauses its own mailing, not the others",
    "dispatcher/delivery/queue.py:_one_claim": "messages on their way to a relay are finished first; it is raised at the end",
    "dispatcher/delivery/sending.py:_addressed": "one poisoned copy must not take the round with it; its row records it",
    "dispatcher/mailings/digest.py:_begin_or_wait": "a digest that cannot begin stays due and stands in `status`; other mail goes on",
    "dispatcher/mailings/fan_out.py:_begin_or_hold": "a bulletin whose mailing cannot begin is held for a person, the others go on",
    "dispatcher/mailings/fan_out.py:_write_out_or_pause": "a mailing that cannot be written out is paused with the reason, the others go on",
    "dispatcher/mailings/start.py:_start_or_send_back": "a blast that cannot begin goes back with the reason, bulletins and others go on",
    "dispatcher/management/doctor/findings.py:_look": "a check that breaks must not hide what the others find; it is told as a finding",
    "dispatcher/sources/child.py:_answer": "a document that breaks its reader is told to the parent, with the trace",
    "dispatcher/sources/documents.py:text": "a broken PDF is a note, whatever it does to the library; memory is raised",
    "dispatcher/sources/documents.py:_written": "a broken page costs us that page, and is counted in the note",
    "dispatcher/sources/poll.py:_settled": "an answer that cannot be saved fails its own source, not the others",
    "dispatcher/sources/poll.py:_read": "a document that breaks its reader fails its own source, not the others",
    "tasks/timetable.py:apply_entry": "one odd entry must not end the timetable; it is logged",
    "dispatcher/topics/match.py:match": "a bulletin that breaks the rules' code is held for a person, the others go on",
    "dispatcher/sources/fetch.py:_settled": "one odd server must not cost the answers of all others; it is logged and told as a failure",
}


def broad_excepts(source: Source) -> Iterator[Breach]:
    """Handlers that catch everything and go on. Those that tidy up and raise again hide nothing."""
    for node in source.nodes:
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        names = {dotted(one) if one else "everything" for one in caught}
        goes_on = not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
        if "everything" in names or (goes_on and names & {"Exception", "BaseException"}):
            where = source.around(node)
            yield Breach(
                source.path,
                node.lineno,
                f"{where} catches {', '.join(sorted(names))}",
                f"{source.path}:{where}",
            )


def test_broad_excepts_stand_on_a_list() -> None:
    found = (one for source in product() for one in broad_excepts(source))
    problems = told(
        found,
        BROAD,
        "name the errors you expect; if it must outlive any, record the failure and give the reason in BROAD",
    )
    assert not problems, problems


@pytest.mark.parametrize(
    ("handler", "seen"),
    [
        ("except:\n  raise", True),
        ("except Exception:\n  pass", True),
        ("except (OSError, Exception) as e:\n  print(e)", True),
        ("except BaseException:\n  close()\n  raise", False),
        ("except Exception as e:\n  raise Refused from e", True),
        ("except OSError:\n  pass", False),
    ],
)
def test_a_broad_except_is_seen(handler: str, seen: bool) -> None:
    found = list(broad_excepts(Source("sample.py", f"def work():\n try:\n  go()\n {handler}")))
    assert bool(found) == seen
    assert all(one.excuse == "sample.py:work" for one in found)


# Only `config` reads settings. These touch the environment for another reason.
ENVIRONMENT = {
    "dispatcher/config.py": "here it is read",
    "dispatcher/__main__.py": "tells Django the name of its settings module",
    "dispatcher/wsgi.py": "as above",
    "tasks/app.py": "tells Django the name of its settings module, when Celery loads the app by its name",
    "dispatcher/management/commands/check.py": "hands all names to config.unknown, which finds slips of the pen",
    "dispatcher/sources/reader.py": "hands on what the interpreter needs to start, and nothing else",
    "dispatcher/management/commands/up.py": "hands the environment on to the processes that it starts",
    "dispatcher/management/demo/play.py": "hands the environment on to the processes that it starts",
}


def environment(source: Source) -> Iterator[Breach]:
    """Where os.environ or os.getenv is used, however imported."""
    for node in source.nodes:
        names = (
            [one.name for one in node.names]
            if isinstance(node, ast.ImportFrom) and node.module == "os"
            else []
        )
        if dotted(node) in {"os.environ", "os.getenv", "os.environb", "os.putenv"} or {
            "environ",
            "getenv",
        } & set(names):
            yield Breach(source.path, node.lineno, "reads the environment", source.path)


def test_only_config_reads_the_environment() -> None:
    found = (one for source in product() for one in environment(source))
    problems = told(found, ENVIRONMENT, "make it a field of config.Config and take it as an argument")
    assert not problems, problems


@pytest.mark.parametrize("line", ["os.environ['A']", "os.getenv('A')", "from os import environ"])
def test_a_look_at_the_environment_is_seen(line: str) -> None:
    assert list(environment(Source("sample.py", line)))


def mocks(source: Source) -> Iterator[Breach]:
    """Imports of a mocking library, or its fixture."""
    for node in source.nodes:
        imported = [one.name for one in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        imported += [f"{node.module}.{one}" for one in imported] if isinstance(node, ast.ImportFrom) else []
        arguments = [one.arg for one in node.args.args] if isinstance(node, ast.FunctionDef) else []
        if (
            any(name.startswith(("unittest.mock", "mock", "pytest_mock")) for name in imported)
            or "mocker" in arguments
        ):
            yield Breach(source.path, node.lineno, "a mock")


def test_no_test_uses_a_mock() -> None:
    found = (one for source in sources("tests") for one in mocks(source))
    problems = told(found, {}, "use a real counterpart in process, or pass a small function as the argument")
    assert not problems, problems


@pytest.mark.parametrize(
    "line",
    [
        "from unittest import mock",
        "import unittest.mock",
        "from unittest.mock import patch",
        "def f(mocker): ...",
    ],
)
def test_a_mock_is_seen(line: str) -> None:
    assert list(mocks(Source("sample.py", line)))
