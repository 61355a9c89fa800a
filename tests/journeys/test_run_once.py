"""The whole path in real processes: feeds over HTTP in, mail at a real SMTP server out, and a SIGKILL at every place that matters.

The relay lives in the test's own process and is never killed; it says what really arrived.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path

import factories as make
import pytest
from relay import Smtpd
from website import Page, Website

from dispatcher.failpoints import Failpoint
from dispatcher.models import Bulletin, Delivery, Mailing, Told

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
    """A deployment of its own: database, topic list, relay, site; commands run as processes."""

    def __init__(self, home: Path, database: str, relay: Smtpd, site: Website) -> None:
        topics = home / "topics.yaml"
        topics.write_text(TOPICS.format(url=site.url("/feed")), encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
        self.environment = kept | {
            "DISPATCHER_DATA_DIR": str(home),
            "DISPATCHER_DATABASE_URL": database,
            "DISPATCHER_TOPICS": str(topics),
            "DISPATCHER_SMTP_URL": relay.url,
            "DISPATCHER_SEND": "on",
            "DISPATCHER_FROM": "MaineCare <notices@example.gov>",
            "DISPATCHER_SECRET_KEY": "journeys-0123456789-abcdefghijklmnopqrstuv",
            "DISPATCHER_LEASE_SECONDS": "2",
            "DISPATCHER_SMTP_CONNECTIONS": str(CONNECTIONS),
            "DISPATCHER_SLICE_SIZE": "10",
            "DISPATCHER_CLAIM_SIZE": "20",
        }

    def run(self, *arguments: str, code: int = 0, **extra: str) -> str:
        command = [sys.executable, "-m", "dispatcher", *arguments]
        done = subprocess.run(
            command, env=self.environment | extra, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def subscribe(self, people: list[str], home: Path) -> None:
        file = home / "people.csv"
        file.write_text(
            "email,topics,cadence,consent\n" + "".join(f"{one},pharmacy,immediate,test\n" for one in people)
        )
        self.run("subscribers", "import", str(file))


def copies(relay: Smtpd) -> dict[str, set[tuple[str, bytes]]]:
    """For each person the different messages that arrived: Message-ID and bytes."""
    found: dict[str, set[tuple[str, bytes]]] = {}
    for one in relay.messages:
        mail = message_from_bytes(one.content, policy=policy.default)
        found.setdefault(one.recipient, set()).add((str(mail["Message-ID"]), one.content))
    return found


def doubled(relay: Smtpd) -> int:
    return sum(count - 1 for count in Counter(one.recipient for one in relay.messages).values())


def test_a_second_run_repeats_nothing(db: str, tmp_path: Path) -> None:
    with Smtpd() as relay, Website() as site:
        here = Deployment(tmp_path, db, relay, site)
        here.subscribe(PEOPLE, tmp_path)
        site.pages["/feed"] = feed(OLD)
        here.run("run", "--once", "--all")
        assert relay.messages == []
        site.pages["/feed"] = feed(NEW, OLD)
        here.run("run", "--once", "--all")
        here.run("run", "--once", "--all")
        assert json.loads(here.run("run", "--once", "--json"))["deliveries"] == {}
        assert sorted(one.recipient for one in relay.messages) == sorted(PEOPLE)
        assert json.loads(here.run("bulletins", "list", "--json"))[0]["state"] == "mailed"


def test_without_a_network_everything_is_told_and_nothing_is_lost(db: str, tmp_path: Path) -> None:
    with Smtpd() as relay, Website() as site:
        here = Deployment(tmp_path, db, relay, site)
        here.subscribe(PEOPLE[:3], tmp_path)
        site.pages["/feed"] = feed(OLD)
        here.run("run", "--once", "--all")
        site.pages["/feed"] = feed(NEW, OLD)
        relay.stop()
        out = here.run("run", "--once", "--all", code=1)
        assert "relay is in trouble" in out
        status = json.loads(here.run("status", "--json", code=1))
        assert not status["healthy"]
        assert any(one["where"].startswith("relay") for one in status["problems"])
    out = here.run("run", "--once", "--all", code=1)
    assert "policy-rules" in out
    assert Counter(Delivery.objects.values_list("state", flat=True)) == {"pending": 3}


ONLY_RECOVERY = {Failpoint.IN_RECOVER}


@pytest.mark.parametrize("place", [one for one in Failpoint if one not in ONLY_RECOVERY])
@pytest.mark.parametrize("arrival", [1, 2])
def test_killed_anywhere_and_run_again_nothing_is_lost(
    sqlite_db: str, tmp_path: Path, place: Failpoint, arrival: int
) -> None:
    killed_and_run_again(sqlite_db, tmp_path, place, arrival)


@pytest.mark.parametrize(
    "place", [Failpoint.MID_SLICE, Failpoint.AFTER_SENDING_MARK, Failpoint.AFTER_DOT_BEFORE_250]
)
def test_killed_and_run_again_on_postgresql_too(db: str, tmp_path: Path, place: Failpoint) -> None:
    killed_and_run_again(db, tmp_path, place, 1)


def killed_and_run_again(database: str, home: Path, place: Failpoint, arrival: int) -> None:
    with Smtpd() as relay, Website() as site:
        here = Deployment(home, database, relay, site)
        here.subscribe(PEOPLE, home)
        site.pages["/feed"] = feed(OLD)
        here.run("run", "--once", "--all")
        site.pages["/feed"] = feed(NEW, OLD)
        reached = run_until_killed(here, place, arrival)
        kills = int(reached)
        if reached:
            time.sleep(2.2)  # the lease that the dead process held
            kills += run_until_killed(here, Failpoint.IN_RECOVER, 1)
            here.run("run", "--once", "--all")
        check(relay, kills)


def run_until_killed(here: Deployment, place: Failpoint, arrival: int) -> bool:
    """Run with the failpoint armed. False if the path passed it fewer times than that; the run has then simply ended well."""
    command = [sys.executable, "-m", "dispatcher", "run", "--once", "--all"]
    armed = here.environment | {"DISPATCHER_FAILPOINT": f"{place}:{arrival}"}
    done = subprocess.run(command, env=armed, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in {0, -signal.SIGKILL}, done.stdout + done.stderr
    assert arrival > 1 or done.returncode, f"the path never passed {place}"
    return done.returncode != 0


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
