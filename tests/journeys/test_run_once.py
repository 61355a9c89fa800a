"""The whole path in real processes: feeds over HTTP in, mail at a real SMTP server out, and a SIGKILL at every place that matters.

The relay lives in the test's own process and is never killed; it says what really arrived.
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import factories as make
import pytest
from relay import Smtpd
from website import Page, Website

from dispatcher import config
from dispatcher.failpoints import Failpoint
from dispatcher.management.commands import run
from dispatcher.models import Bulletin, Cadence, Delivery, Mailing, Source, Told
from dispatcher.subscribers import imports
from dispatcher.topics import load

pytestmark = pytest.mark.slow

PEOPLE = [f"person{n}@example.com" for n in range(1, 26)]
CONNECTIONS = 4

TOPICS = """
agency:
  name: MaineCare Services
  address: {{unconfirmed: "the postal address"}}
  contact: {{email: {{unconfirmed: "a mailbox"}}}}
  reply_to: {{unconfirmed: "a mailbox"}}
  from: {{unconfirmed: "a sender"}}
  time_zone: America/New_York
sources:
  - {{slug: policy-rules, name: Policy and rules, kind: feed, url: "{url}", allow_private: true, late_after_days: 0}}
topics:
  - {{slug: pharmacy, name: Pharmacy, category: MaineCare Stakeholders, description: Pharmacies, sections: [II-80]}}
"""

OLD = "<item><title>Notice about forms</title><link>https://www.maine.gov/tools/whatsnew/index.php?id=1&amp;v=article</link></item>"
NEW = (
    "<item><title>Notice of Agency Rule-making Adoption: Chapter II, Section 80, Pharmacy Services</title>"
    "<link>https://www.maine.gov/tools/whatsnew/index.php?id=2&amp;v=article</link>"
    "<description>The Department adopts changes to Section 80.</description></item>"
)


def feed(*entries: str) -> Page:
    return Page(
        f'<rss version="2.0"><channel><title>Policy</title>{"".join(entries)}</channel></rss>'.encode()
    )


class Deployment:
    """A deployment of its own. What is to be killed runs as a process; what prepares or mends runs here, which is quicker."""

    def __init__(
        self, home: Path, database: str, relay: Smtpd, site: Website, patch: pytest.MonkeyPatch
    ) -> None:
        topics = home / "topics.yaml"
        topics.write_text(TOPICS.format(url=site.url("/feed")), encoding="utf-8")
        self.settings = {
            "DISPATCHER_DATA_DIR": str(home),
            "DISPATCHER_DATABASE_URL": database,
            "DISPATCHER_TOPICS": str(topics),
            "DISPATCHER_SMTP_URL": relay.url,
            "DISPATCHER_SEND": "on",
            "DISPATCHER_FROM": "MaineCare <notices@example.gov>",
            "DISPATCHER_SECRET_KEY": "journeys-0123456789-abcdefghijklmnopqrstuv",
            "DISPATCHER_SMTP_CONNECTIONS": str(CONNECTIONS),
            "DISPATCHER_SLICE_SIZE": "10",
            "DISPATCHER_CLAIM_SIZE": "20",
        }
        for name, value in self.settings.items():
            patch.setenv(name, value)
        config.current.cache_clear()

    def run(self, *arguments: str, code: int = 0, **extra: str) -> str:
        """A command as a process."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
        done = subprocess.run(
            [sys.executable, "-m", "dispatcher", *arguments],
            env=kept | self.settings | extra, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def once(self) -> int:
        """The whole path, in this process."""
        return run.once(poll_all=True, as_json=True)

    def subscribe(self, people: list[str]) -> None:
        load.refresh(config.current().topics)
        imports.add(
            [imports.Entry(one, ("pharmacy",), Cadence.IMMEDIATE, "test") for one in people],
            actor="test",
            door="shell",
        )


@pytest.fixture
def relay() -> Iterator[Smtpd]:
    with Smtpd() as running:
        yield running


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as running:
        running.pages["/feed"] = feed(OLD)
        yield running


@pytest.fixture
def here(db: str, tmp_path: Path, relay: Smtpd, site: Website, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """People have subscribed, the first poll has been made, and something new stands in the feed."""
    deployment = Deployment(tmp_path, db, relay, site, monkeypatch)
    deployment.subscribe(PEOPLE)
    assert deployment.once() == 0
    assert relay.messages == []
    site.pages["/feed"] = feed(NEW, OLD)
    return deployment


def copies(relay: Smtpd) -> dict[str, set[tuple[str, bytes]]]:
    """For each person the different messages that arrived: Message-ID and bytes."""
    found: dict[str, set[tuple[str, bytes]]] = {}
    for one in relay.messages:
        mail = message_from_bytes(one.content, policy=policy.default)
        found.setdefault(one.recipient, set()).add((str(mail["Message-ID"]), one.content))
    return found


def doubled(relay: Smtpd) -> int:
    return sum(count - 1 for count in Counter(one.recipient for one in relay.messages).values())


def test_a_second_run_repeats_nothing(here: Deployment, relay: Smtpd) -> None:
    here.run("run", "--once", "--all")
    here.run("run", "--once", "--all")
    assert json.loads(here.run("run", "--once", "--json"))["deliveries"] == {}
    assert sorted(one.recipient for one in relay.messages) == sorted(PEOPLE)
    assert json.loads(here.run("bulletins", "list", "--json"))[0]["state"] == "mailed"


def test_without_a_network_everything_is_told_and_nothing_is_lost(
    here: Deployment, relay: Smtpd, site: Website
) -> None:
    relay.stop()
    assert "relay is in trouble" in here.run("run", "--once", "--all", code=1)
    status = json.loads(here.run("status", "--json", code=1))
    assert any(one["where"].startswith("relay") for one in status["problems"])
    site.pages.clear()
    assert "policy-rules" in here.run("run", "--once", "--all", code=1)
    assert Counter(Delivery.objects.values_list("state", flat=True)) == {"pending": len(PEOPLE)}


# Reached through doors, or by workers alone; their own journeys die there.
ELSEWHERE = {
    Failpoint.AFTER_UNSUBSCRIBE_COMMIT,
    Failpoint.AFTER_EVENT_STORED,
    Failpoint.AFTER_COMMIT_BEFORE_ACK,
}


@pytest.mark.parametrize("place", [one for one in Failpoint if one not in ELSEWHERE])
def test_killed_anywhere_and_run_again_nothing_is_lost(
    here: Deployment, relay: Smtpd, place: Failpoint
) -> None:
    kill_at(here, place)
    expire_leases()
    assert here.once() == 0
    check(relay, kills=1)


def test_killed_again_and_again_on_the_way(here: Deployment, relay: Smtpd) -> None:
    for place in (
        Failpoint.MID_SLICE,
        Failpoint.AFTER_DOT_BEFORE_250,
        Failpoint.AFTER_SENDING_MARK,
        Failpoint.IN_RECOVER,
    ):
        kill_at(here, place)
        expire_leases()
    assert here.once() == 0
    check(relay, kills=4)


def kill_at(here: Deployment, place: Failpoint) -> None:
    here.run("run", "--once", "--all", code=-signal.SIGKILL, DISPATCHER_FAILPOINT=f"{place}:1")


def expire_leases() -> None:
    """As if the dead process had been silent for longer than its leases."""
    Source.objects.update(lease_until=None)
    Delivery.objects.filter(lease_until__isnull=False).update(lease_until=make.LONG_AGO)


def check(relay: Smtpd, kills: int) -> None:
    found = copies(relay)
    assert sorted(found) == sorted(PEOPLE), "somebody was lost"
    assert all(len(different) == 1 for different in found.values()), "a second copy differed from the first"
    assert doubled(relay) <= CONNECTIONS * kills
    mailing = Mailing.objects.get()
    assert make.assert_sums(mailing.id)["accepted"] == len(PEOPLE)
    assert mailing.state == "done"
    assert Bulletin.objects.count() == 2
    assert Told.objects.count() == len(PEOPLE)
