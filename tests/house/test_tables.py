"""The migrated database keeps what the glossary promises, on both kinds: doing it twice is harmless because a key says so."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping

import pytest
from django.core.management import call_command
from django.db import connection
from house.tree import Breach, Source, sources, told

from dispatcher.models import migrations

Key = tuple[frozenset[str], str]  # its columns, and the condition of a partial one

# The last column of the glossary, and the keys that only tables know.
KEYS: dict[str, list[tuple[str, ...]]] = {
    "source": [("slug",)],
    "item": [("source_id", "identity")],
    "alias": [("source_id", "identity")],
    "waiting": [("source_id", "identity")],
    "hostturn": [("host_group",)],
    "linkeddocument": [("bulletin_id", "position")],
    "revision": [("item_id", "number")],
    "origin": [("item_id", "revision", "part")],
    "trait": [("number", "origin_id")],
    "titled": [("origin_id",)],
    "bulletin": [("submission_key",)],
    "topic": [("slug",)],
    "catalog": [("hash",)],
    "match": [("bulletin_id", "topic_id")],
    "subscriber": [("folded",)],
    "mailing": [("key",)],
    "carried": [("mailing_id", "bulletin_id")],
    "message": [("mailing_id", "variant")],
    "relay": [("name",)],
    "breaker": [("domain",)],
    "delivery": [("mailing_id", "subscriber_id")],
    "told": [("subscriber_id", "bulletin_id")],
    "arrival": [("hash",)],
    "event": [("delivery_id", "provider_event_id")],
    "suppression": [("folded",)],
    "staff": [("name",)],
    "approval": [("bulletin_id", "content_hash", "approver_id")],
    "journal": [("hash",)],
    "pulse": [("lane",)],
    "turn": [("verb",)],
    "tally": [("what", "hour")],
    "linkrequest": [("mailing_id",)],
    "keyword": [("subscription_id", "folded")],
    "keywordfound": [("bulletin_id", "folded")],
    "passedover": [("mailing_id", "subscription_id", "bulletin_id")],
    "move": [("mailing_id",)],
    "topic_successors": [("from_topic_id", "to_topic_id")],
    "moved": [("ended_id", "begun_id")],
    "catalogplace": [("place",)],
    "submission": [("bulletin_id", "number")],
}
# Unique among some rows only: table → columns and the condition.
AMONG = {"subscription": (("subscriber_id", "topic_id"), "ended_at is null")}


def missing(found: Mapping[str, set[Key]]) -> list[str]:
    """The promised keys that the database does not hold."""
    wanted = [(table, columns, "") for table, keys in KEYS.items() for columns in keys]
    wanted += [(table, columns, condition) for table, (columns, condition) in AMONG.items()]
    return [
        f"{table}: no unique key ({', '.join(columns)}){' where ' + condition if condition else ''}"
        for table, columns, condition in wanted
        if (frozenset(columns), condition) not in found.get(table, set())
    ]


def unique_keys() -> dict[str, set[Key]]:
    """Every unique index of our tables, as the database itself describes it."""
    query = _SQLITE_KEYS if connection.vendor == "sqlite" else _POSTGRESQL_KEYS
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows = cursor.fetchall()
    found: dict[str, set[Key]] = {}
    for table, columns, definition in rows:
        _, _, condition = (definition or "").lower().partition(" where ")
        key = (frozenset(columns.split(",")), re.sub(r'["()]', "", condition).strip())
        found.setdefault(table.removeprefix("dispatcher_"), set()).add(key)
    return found


_SQLITE_KEYS = """
    SELECT m.name, (SELECT group_concat(c.name) FROM pragma_index_info(i.name) c),
        (SELECT sql FROM sqlite_master WHERE type = 'index' AND name = i.name)
    FROM sqlite_master m, pragma_index_list(m.name) i
    WHERE m.type = 'table' AND m.name LIKE 'dispatcher%' AND i."unique" = 1
"""
_POSTGRESQL_KEYS = """
    SELECT t.relname, string_agg(a.attname, ','), min(pg_get_indexdef(i.indexrelid))
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
    WHERE t.relname LIKE 'dispatcher%' AND i.indisunique GROUP BY t.relname, i.indexrelid
"""


def test_every_natural_key_is_unique(db: str) -> None:
    gone = missing(unique_keys())
    assert not gone, (
        "\n".join(gone) + "\n→ give the model a UniqueConstraint: inserting or ignoring rests on it"
    )


def test_a_key_that_was_lost_is_named(sqlite_db: str) -> None:
    found = unique_keys()
    found["delivery"].remove((frozenset({"mailing_id", "subscriber_id"}), ""))
    found["subscription"] = {(columns, "") for columns, _ in found["subscription"]}
    assert missing(found) == [
        "delivery: no unique key (mailing_id, subscriber_id)",
        "subscription: no unique key (subscriber_id, topic_id) where ended_at is null",
    ]


def test_every_table_of_ours_has_its_key(sqlite_db: str) -> None:
    tables = {
        name.removeprefix("dispatcher_")
        for name in connection.introspection.table_names()
        if name.startswith("dispatcher_")
    }
    keyless = tables - KEYS.keys() - AMONG.keys()
    assert keyless == {"attempt"}, "→ name the natural key in KEYS; attempts are a log: two may say the same"


def test_the_migrations_are_complete(sqlite_db: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        call_command("makemigrations", check_changes=True, dry_run=True, verbosity=1)
    except SystemExit:
        pytest.fail(
            f"models changed without a migration → `python -m django makemigrations`\n{capsys.readouterr().out}"
        )


def test_a_model_that_changed_without_a_migration_is_seen(
    sqlite_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dispatcher.models import Relay

    monkeypatch.setattr(Relay._meta.get_field("name"), "max_length", 301)
    with pytest.raises(SystemExit):
        call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def declared_triggers() -> set[tuple[str, str]]:
    """What migrations create by hand, from their lists of statements: (trigger, table)."""
    found: set[tuple[str, str]] = set()
    for one in pkgutil.iter_modules(migrations.__path__):
        migration = importlib.import_module(f"{migrations.__name__}.{one.name}")
        for statement in getattr(migration, connection.vendor.upper(), []):
            found |= set(re.findall(r"^CREATE TRIGGER (\w+)\s.*?\sON (\w+)", statement, re.DOTALL))
    return found


def triggers() -> set[tuple[str, str]]:
    """What the database holds."""
    sqlite = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    postgresql = "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(sqlite if connection.vendor == "sqlite" else postgresql)
        return {(name, table) for name, table in cursor.fetchall()}


def test_every_trigger_is_there_after_the_last_migration(db: str) -> None:
    assert len(declared_triggers()) >= 5
    lost = declared_triggers() - triggers()
    assert not lost, (
        f"{sorted(lost)} → a migration remade the table: create its triggers again at the end of that migration"
    )


def test_a_trigger_that_was_lost_is_seen(db: str) -> None:
    with connection.cursor() as cursor:
        on = "" if connection.vendor == "sqlite" else " ON dispatcher_journal"
        cursor.execute(f"DROP TRIGGER journal_no_delete{on}")
    assert declared_triggers() - triggers() == {("journal_no_delete", "dispatcher_journal")}


# Tests of rows that run on SQLite alone.
ONE_DATABASE = {
    "tests/models/test_journal.py:test_replacing_an_entry_does_not_slip_past_the_delete_trigger": "only SQLite has INSERT OR REPLACE",
    "tests/delivery/test_one_click_meanwhile.py:test_one_click_is_answered_soon_while_a_mailing_goes_out": "only SQLite has one writer at a time",
    "tests/delivery/test_one_click_meanwhile.py": "as its one test",
}  # fmt: skip


def one_database(source: Source) -> Iterator[Breach]:
    """Tests that ask for SQLite alone, and modules of tests that use rows and never ask for both."""
    arguments = {(one.name, arg.arg): arg.lineno for one in source.functions for arg in one.args.args}
    for (function, argument), line in arguments.items():
        if argument == "sqlite_db":
            yield Breach(source.path, line, f"{function} runs on SQLite alone", f"{source.path}:{function}")
    uses_rows = re.search(r"^(from|import) (dispatcher\.models|factories)\b", source.text, re.MULTILINE)
    if uses_rows and "db" not in {argument for _, argument in arguments}:
        yield Breach(source.path, 1, "uses rows and never asks for `db`", source.path)
    if re.search(r"""["']sqlite_db["']""", source.text):
        yield Breach(source.path, 1, "asks for sqlite_db by its name in a string", source.path)


def test_what_takes_rows_is_tested_on_both_databases() -> None:
    folders = ("tests/models", "tests/mailings", "tests/delivery", "tests/bounces")
    found = (one for source in sources(*folders) for one in one_database(source))
    problems = told(
        found,
        ONE_DATABASE,
        "take the fixture `db`; if only SQLite can do it, give the reason in ONE_DATABASE",
    )
    assert not problems, problems


@pytest.mark.parametrize(
    ("text", "excuse"),
    [
        ("def test_x(sqlite_db): ...", "sample.py:test_x"),
        ("from dispatcher.models import Delivery\ndef test_x(): ...", "sample.py"),
        ("@pytest.mark.usefixtures('sqlite_db')\ndef test_x(): ...", "sample.py"),
    ],
)
def test_a_test_on_one_database_is_seen(text: str, excuse: str) -> None:
    assert [one.excuse for one in one_database(Source("sample.py", text))] == [excuse]


def test_a_test_on_both_is_left_alone() -> None:
    text = "from dispatcher.models import Delivery\ndef test_x(db): ...\ndef test_y(): ..."
    assert not list(one_database(Source("sample.py", text)))
