"""People come and go, in real processes: a link asked for arrives whatever happens to the bell, and who left has left, come what may."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import asking
import factories as make
import pytest
from asking import ANN, live
from calling import set_environment
from crowd import WITHIN, topic_list
from relay import Smtpd
from supervised import eventually
from website import Website
from works import Works

from dispatcher import config
from dispatcher.failpoints import Failpoint
from dispatcher.formats import tickets
from dispatcher.formats.tickets import Purpose
from dispatcher.mailings import fan_out
from dispatcher.management.commands import run
from dispatcher.models import Topic
from dispatcher.subscribers import preferences, sign_up

pytestmark = pytest.mark.slow

_LEAVE = """
import sys, django
django.setup()
from dispatcher.subscribers import preferences
preferences.unsubscribe(int(sys.argv[1]), "")
"""


def mailed_link(relay: Smtpd) -> int:
    """The delivery that the ticket in Ann's mail names."""
    [mail] = [one for one in relay.messages if one.recipient == ANN]
    found = re.search(rb"/confirm/([\w-]{28})", mail.content.replace(b"=\r\n", b""))
    assert found
    return tickets.verify(Purpose.CONFIRM, found[1].decode(), [config.current().secret_key])


def test_without_workers_one_run_answers_and_mails(
    db: str, tmp_path: Path, relay: Smtpd, site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = topic_list(tmp_path, site.url("/feed"))
    set_environment(monkeypatch, TOPICS=str(topics), SMTP_URL=relay.url, SEND="on")
    asking.ask(ANN, Topic.objects.get(slug="pharmacy"))
    assert run.once(poll_all=False, as_json=True) == 0
    sign_up.confirm(mailed_link(relay))
    assert live() == {("pharmacy", "immediate")}


@pytest.mark.xdist_group("workers")
def test_a_link_arrives_though_nobody_rang_and_the_broker_forgot(works: Works, relay: Smtpd) -> None:
    asking.ask(ANN, Topic.objects.get(slug="pharmacy"))
    works.bell.flush()
    works.worker()
    works.beat()
    assert eventually(lambda: len(relay.messages) == 1, WITHIN)
    assert [one.recipient for one in relay.messages] == [ANN]


def test_killed_as_soon_as_it_is_committed_they_have_left_all_the_same(db: str) -> None:
    topic = make.topic("pharmacy")
    make.subscription(make.subscriber(ANN), topic)
    delivery = asking.written_out(fan_out.begin(make.bulletin(topic).id)).deliveries.get()
    done = subprocess.run(
        [sys.executable, "-c", _LEAVE, str(delivery.id)],
        env=_environment(db), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("cancelled", "unsubscribed")
    again = preferences.unsubscribe(delivery.id, "")
    assert again is not None
    assert not again.live
    assert [verb for verb, _ in asking.journal()] == ["unsubscribe"]


def _environment(database: str) -> dict[str, str]:
    return {
        "PATH": "",
        "DJANGO_SETTINGS_MODULE": "dispatcher.settings",
        "DISPATCHER_DATABASE_URL": database,
        "DISPATCHER_DATA_DIR": str(config.current().data_dir),
        "DISPATCHER_SECRET_KEY": config.current().secret_key,
        "DISPATCHER_FAILPOINT": f"{Failpoint.AFTER_UNSUBSCRIBE_COMMIT}:1",
    }
