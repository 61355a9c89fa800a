"""Mail goes out through a real Postfix, and what Postfix reports comes back by real processes to the right end."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import factories as make
import pytest
from listener import listening
from postfix import Postfix, missing
from returning import ANN, DOMAIN, accepted, filled, of, signed, suppressed
from sending import owe
from supervised import eventually

from dispatcher import config
from dispatcher.config import Config
from dispatcher.delivery import deliver
from dispatcher.failpoints import Failpoint
from dispatcher.mailings import reconcile
from dispatcher.models import Arrival, Delivery, Event
from dispatcher.models.clock import database_now
from dispatcher.parsing import Send, smtp_urls

pytestmark = pytest.mark.slow

WITHIN = 60.0


@pytest.fixture
def home() -> Iterator[Path]:
    """Short: the names of Postfix's sockets have 100 characters at most."""
    if absent := missing():
        if os.environ.get("CI") == "true" and os.geteuid() == 0:
            pytest.fail(f"CI must ask a real Postfix: {absent}")
        pytest.skip(absent)
    with tempfile.TemporaryDirectory(prefix="postfix-") as folder:
        yield Path(folder)


def through(postfix: Postfix) -> Config:
    """Our settings, with this Postfix as the relay."""
    urls = smtp_urls(f"smtp://127.0.0.1:{postfix.port}")
    base = config.load(
        {"DISPATCHER_FROM": "MaineCare <notices@example.gov>", "DISPATCHER_BOUNCE_DOMAIN": DOMAIN}
    )
    key = config.current().secret_key
    return replace(base, smtp_url=urls, secret_key=key, send=Send(everybody=True))


def ingest(database: str, raw: bytes, *arguments: str, code: int = 0, **environment: str) -> str:
    """`dispatcher bounces ingest`, as a mail server calls it."""
    own = {
        "PATH": os.environ["PATH"],
        "DISPATCHER_DATABASE_URL": database,
        "DISPATCHER_DATA_DIR": str(config.current().data_dir),
        "DISPATCHER_SECRET_KEY": config.current().secret_key,
    }
    command = [sys.executable, "-m", "dispatcher", "bounces", "ingest", *arguments]
    done = subprocess.run(
        command, env=own | environment, input=raw, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == code, done.stderr
    return done.stderr.decode()


def test_an_unknown_user_a_full_mailbox_and_a_delay_come_to_their_ends(db: str, home: Path) -> None:
    mailing = owe("nobody@example.com", "full@example.com", ANN, "ben@slow.example")
    with Postfix(home) as postfix:
        assert deliver.pending(through(postfix)).counts == {"accepted": 4}
        assert eventually(lambda: len(postfix.returned) == 3, WITHIN), postfix.told()
        for number, file in enumerate(postfix.returned):
            raw = file.read_bytes()
            address = str(message_from_bytes(raw)["X-Original-To"])
            # As pipe(8) hands it over; and as a mail client would, who knows no more than what stands in it.
            for _ in range(1 if number else 2):  # once more, as after an answer that was lost
                ingest(db, raw, *(["--to", address] if number else []))
    assert Arrival.objects.count() == 3
    news = {
        one.delivery.subscriber.address: (one.kind, one.verdict, one.status, one.proven)
        for one in Event.objects.all()
    }
    assert news == {
        "nobody@example.com": ("bounce", "gone", "5.1.1", True),
        "full@example.com": ("bounce", "bounced", "5.2.2", True),
    }
    assert {one: suppressed(one) for one in ("nobody@example.com", "full@example.com", ANN, "ben@slow.example")} == {
        "nobody@example.com": "gone", "full@example.com": "", ANN: "", "ben@slow.example": "",
    }  # fmt: skip
    assert Arrival.objects.get(outcome="nothing").note.startswith("delayed")
    assert set(Delivery.objects.values_list("state", flat=True)) == {"accepted"}
    sums = reconcile.account(mailing.id, database_now()).sums
    assert {one.name: one.count for one in sums.news} == {
        "complained": 0,
        "bounced later": 2,
        "delivered": 0,
        "no news": 2,
    }
    make.assert_sums(mailing.id)


def test_postfix_hands_its_reports_to_the_listener_and_keeps_them_while_it_is_away(
    db: str, home: Path
) -> None:
    owe("nobody@example.com")
    with listening(db) as (_, lmtp):
        pass  # its port, at which nobody listens for the moment
    with Postfix(home, lmtp) as postfix:
        deliver.pending(through(postfix))
        assert eventually(lambda: "status=deferred" in postfix.told(), WITHIN), postfix.told()
        assert not Arrival.objects.exists()
        with listening(db, lmtp=lmtp):
            assert eventually(lambda: suppressed("nobody@example.com") == "gone", WITHIN), postfix.told()
    assert Event.objects.get().status == "5.1.1"


def test_killed_as_soon_as_it_is_kept_and_handed_in_again_it_is_one_event(db: str) -> None:
    accepted(ANN)
    raw, place = filled("postfix-unknown-user", of()), signed(of().id)
    ingest(
        db, raw, "--to", place, code=-signal.SIGKILL, DISPATCHER_FAILPOINT=f"{Failpoint.AFTER_EVENT_STORED}:1"
    )
    assert Arrival.objects.get().settled_at is None
    ingest(db, raw, "--to", place)
    assert Arrival.objects.count() == Event.objects.count() == 1
    assert suppressed() == "gone"


def test_whatever_keeps_it_from_being_kept_the_mail_server_hears_come_again(db: str) -> None:
    for wrong in (
        {"DISPATCHER_DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3"},
        {"DISPATCHER_CLAIM_SIZE": "many"},
    ):
        assert "dispatcher: " in ingest(db, b"Subject: x\n\n", code=75, **wrong)
    assert "usage" in ingest(db, b"", "--nonsense", code=2)
