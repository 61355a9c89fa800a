"""A blast by two people, from the file to the report, while it is stopped, resumed, and somebody leaves in the middle."""

import json
from pathlib import Path

import pytest
from acts import On
from crowd import PEOPLE, WITHIN, assert_settles, wait_for_the_middle
from inbox import mail, one_click
from relay import Smtpd
from supervised import eventually
from works import Works

from dispatcher.models import Delivery, Mailing

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workers")]

TEXT = """\
---
subject: The portal is closed on January 9
contact: Provider Relations
telephone: 207-555-0134
---
The portal is closed from **6 p.m. on January 9, 2027** until 6 a.m. the next day. Send claims before or after.
"""


def test_two_people_send_a_blast(works_on_both: Works, relay: Smtpd, tmp_path: Path) -> None:
    works = works_on_both
    works.beat()
    works.worker()
    works.web()
    blast, mailing = approved(works, tmp_path)
    wait_for_the_middle(relay)
    relay.script = [On("content", wait=1)]  # a command takes seconds to start where much else is going on
    works.call("mailings", "pause", mailing, "--as", "olga")
    # What is on its way when it is paused arrives; then nothing more.
    assert eventually(lambda: not Delivery.objects.filter(state__in=("claimed", "sending")).exists(), WITHIN)
    stood = len(relay.messages)
    assert stood < PEOPLE
    assert json.loads(works.call("mailings", "report", mailing, "--json").stdout)["even"]
    leaver = Delivery.objects.filter(state="pending").latest("id").subscriber.address
    reached = Delivery.objects.filter(state="accepted").first().subscriber.address
    assert one_click(mail(relay, reached)) == 200
    works.call("subscribers", "add", "late@example.com", "--topics", "pharmacy", "--consent", "by telephone")
    assert len(relay.messages) == stood
    relay.script = ()
    works.call("mailings", "resume", mailing, "--as", "olga")
    assert_settles(relay, doubled_at_most=0)
    recipients = [one.recipient for one in relay.messages]
    assert leaver in recipients
    assert "late@example.com" not in recipients
    report = works.call("mailings", "report", mailing).stdout
    assert "ana" in report
    assert "ben" in report
    assert json.loads(works.call("blast", "show", blast, "--json").stdout)["state"] == "mailed"


def approved(works: Works, folder: Path) -> tuple[str, str]:
    """The ids of the blast and of its mailing."""
    file = folder / "portal.md"
    file.write_text(TEXT, encoding="utf-8")
    for name, role in (("ana", "approver"), ("ben", "approver"), ("olga", "operator")):
        works.call("staff", "add", name, "--role", role)
    submitted = works.call("blast", str(file), "--as", "ana", "--topics", "pharmacy", "--json")
    blast = json.loads(submitted.stdout)["id"]
    assert "somebody else must approve" in works.call("blast", "approve", blast, "--as", "ana", code=1).stderr
    works.call("blast", "approve", blast, "--as", "ben")
    return blast, str(Mailing.objects.get(kind="blast").id)
