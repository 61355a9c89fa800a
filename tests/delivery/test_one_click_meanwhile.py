"""Leaving with one click while a mailing goes out on SQLite, where sender and pages write to one file in turn."""

import sys
import threading
import time

import factories as make
import pytest
from django.db import connections
from django.test import Client
from relay import Smtpd
from sending import owe, run

from dispatcher import config
from dispatcher.formats.tickets import Purpose, sign
from dispatcher.models import Delivery, Subscription

PEOPLE = [f"person{n}@example.com" for n in range(2_000)]
# 0.25 s is what we want of a machine of its own. Here relay, sender and page share one process, and that shares the machine.
LONGEST = 1.0


def leave(ids: list[int], until: threading.Event) -> list[tuple[int, float]]:
    """Click after click, until the mailing is out; status and seconds of each."""
    visitor = Client(headers={"host": "127.0.0.1:8000"})
    found = []
    for each in ids:
        if until.is_set():
            break
        link = f"/u/{sign(Purpose.UNSUBSCRIBE, each, config.current().secret_key)}"
        began = time.monotonic()
        answer = visitor.post(link, {"List-Unsubscribe": "One-Click"})
        found.append((answer.status_code, time.monotonic() - began))
        time.sleep(0.02)
    return found


@pytest.mark.slow
def test_one_click_is_answered_soon_while_a_mailing_goes_out(sqlite_db: str) -> None:
    mailing = owe(*PEOPLE)
    ids = list(Delivery.objects.order_by("-id").values_list("id", flat=True))
    out = threading.Event()

    def send() -> None:
        try:
            run(relay)
        finally:
            connections.close_all()
            out.set()

    with Smtpd() as relay:
        sender = threading.Thread(target=send)
        sender.start()
        clicks = leave(ids, out)
        sender.join()
        assert len(clicks) >= 50, "the mailing was out before anybody could leave"
        assert {status for status, _ in clicks} == {200}
        took = sorted(seconds for _, seconds in clicks)
        p99 = took[int(len(took) * 0.99)]
        sys.stdout.write(f"{len(took)} clicks: p50 {took[len(took) // 2]:.3f} s, p99 {p99:.3f} s\n")
        assert p99 <= LONGEST
    assert Subscription.objects.exclude(ended_at=None).count() == len(clicks)
    assert make.assert_sums(mailing.id)["accepted"] == len(relay.messages) < len(PEOPLE)
