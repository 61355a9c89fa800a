"""The database goes away while mail goes out: what relays said is kept until it is back, nobody is lost, and nobody gets a second copy."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import sample

import factories as make
import pytest
from acts import On
from django.db import OperationalError, connection, connections
from owing import accepted
from relay import Smtpd
from sending import owe, run, states
from supervised import eventually

from dispatcher.delivery import leases, ledger
from dispatcher.delivery.committer import Committer
from dispatcher.delivery.statements import Mark, Outcome
from dispatcher.models import Attempt, Delivery, Lane

PEOPLE = [f"person{n}@example.com" for n in range(40)]
_CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@contextmanager
def sending(relay: Smtpd) -> Iterator[None]:
    """A round on a worker of its own."""

    def work() -> None:
        try:
            run(relay)
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    yield
    worker.join()


def cut_off() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_CUT_OFF)


# SQLite is a file: it has no connections that break.
@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_what_relays_said_while_all_connections_broke_is_written_and_nobody_gets_two(db: str) -> None:
    mailing = owe(*PEOPLE)
    answering = threading.Event()
    with Smtpd(script=[On("content", until=answering)]) as relay:
        with sending(relay):
            # Each connection has one message at the relay and one marked ahead.
            assert eventually(lambda: Delivery.objects.filter(state="sending").count() >= 4, 20)
            time.sleep(0.2)
            cut_off()
            answering.set()
        assert states() == {"accepted": len(PEOPLE)}
        assert sorted(one.recipient for one in relay.messages) == sorted(PEOPLE)
    assert not Attempt.objects.exists()
    assert set(Delivery.objects.values_list("doubts", "recovered")) == {(0, 0)}
    make.assert_sums(mailing.id)


async def write(outcome: Outcome) -> None:
    async with Committer("worker", timedelta(seconds=1)) as committer:
        committer.record(outcome)
        await committer.settled()
        await asyncio.sleep(0.3)  # a renewal
        assert not any(one.done() for one in committer._tasks)


def test_what_relays_said_while_the_database_could_only_be_read_is_written_afterwards(
    db: str, caplog: pytest.LogCaptureFixture
) -> None:
    owe("ann@example.com")
    (row,) = ledger.claim(Lane.IMMEDIATE, "worker", 1, timedelta(minutes=2))
    ledger.commit([], [Mark(row.id, row.attempt)])
    with read_only():
        for refused in (lambda: leases.renew("worker", timedelta(minutes=2)), leases.recover):
            with pytest.raises(OperationalError):
                refused()
        asyncio.run(write(accepted(row)))
    assert states() == {"accepted": 1}
    assert "the database cannot be written; sending waits" in caplog.text
    assert [one for one in caplog.messages if "cannot be written" in one][1:] == []


@contextmanager
def read_only() -> Iterator[None]:
    """For a second, or on SQLite until somebody connects anew."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = ON")
        yield
        return
    setting = f'ALTER DATABASE "{connection.settings_dict["NAME"]}" SET default_transaction_read_only = '
    with connection.cursor() as cursor:
        cursor.execute(f"{setting} on")
        cursor.execute("SET default_transaction_read_only = on")  # the database's is for new connections

        def end() -> None:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(f"{setting} off")

        timer = threading.Timer(1, end)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            end()


# One writer at a time is SQLite's way.
@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_leases_are_renewed_while_their_rows_are_written_in_any_order(
    db: str, caplog: pytest.LogCaptureFixture
) -> None:
    owe(*[f"person{n}@example.com" for n in range(300)])
    rows = ledger.claim(Lane.IMMEDIATE, "worker", 300, timedelta(minutes=2))
    assert len(rows) == 300

    async def busy() -> None:
        async with Committer("worker", timedelta(seconds=0.4)) as committer:
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                some = sample(rows, 32)
                marked = await asyncio.gather(*(committer.mark(Mark(one.id, one.attempt)) for one in some))
                assert all(marked)

    asyncio.run(busy())
    assert "cannot be written" not in caplog.text
