"""The deployment that `delivery.py` measures, one step a process: `fill N`, `again`, `send`. Each prints one line of JSON.

Database, relay and all else are settings in the environment. What is sent is a bulletin of about 12 KB in two forms, with personal
links; `send` is one worker process with its claims, splices, connections and commits.
"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatcher.settings")

import django

django.setup()

import factories as make  # noqa: E402 -- Django must be set up first
from django.core.management import call_command  # noqa: E402 -- as above
from django.core.management.commands.migrate import Command as Migrate  # noqa: E402 -- as above
from django.db import connection, transaction  # noqa: E402 -- as above

from dispatcher import config  # noqa: E402 -- as above
from dispatcher.delivery import composition, deliver  # noqa: E402 -- as above
from dispatcher.delivery.ledger import Claimed  # noqa: E402 -- as above
from dispatcher.mailings import fan_out  # noqa: E402 -- as above
from dispatcher.models import Delivery, Lane, Mailing, Relay, Subscriber, Subscription, Topic  # noqa: E402 -- as above

_BATCH = 10_000
_SENTENCE = "The Department adopts changes to the reimbursement of covered services, effective as stated in the rule. "
_BODY = "".join(f"<p>{_SENTENCE * 2}({number})</p>" for number in range(6))


def fill(people: int) -> dict[str, object]:
    """So many people who are owed one message."""
    call_command(Migrate(), verbosity=0)
    topic = make.topic("pharmacy", name="Pharmacy")
    for start in range(0, people, _BATCH):
        _subscribe(topic, range(start, min(start + _BATCH, people)))
    mailing_id = fan_out.begin(make.bulletin(topic, body_html=_BODY).id)
    assert mailing_id is not None  # noqa: S101 -- the bulletin is new
    began = time.monotonic()
    while fan_out.fan_out(mailing_id, _BATCH):
        pass
    seconds = time.monotonic() - began
    row = Claimed(1, 1, mailing_id, "person1@example.com", (str(topic.id),), (), 0, 0, make.LONG_AGO)
    size = len(composition.press(config.current(), mailing_id).print(row).content)
    return {"people": people, "fan_out_seconds": seconds, "bytes": size}


def _subscribe(topic: Topic, numbers: range) -> None:
    addresses = [f"person{number}@example.com" for number in numbers]
    with transaction.atomic():
        people = Subscriber.objects.bulk_create(
            Subscriber(address=one, folded=one, created_at=make.LONG_AGO) for one in addresses
        )
        Subscription.objects.bulk_create(
            Subscription(
                subscriber=one, topic=topic, cadence="immediate", consent="benchmark", created_at=make.LONG_AGO, confirmed_at=make.LONG_AGO
            )
            for one in people
        )  # fmt: skip


def again() -> dict[str, object]:
    """As if nothing had been sent yet."""
    with transaction.atomic():
        Delivery.objects.update(
            state="pending",
            attempt=0,
            due_at=make.LONG_AGO,
            ended_at=None,
            code=None,
            reply="",
            lease_until=None,
        )
        Mailing.objects.update(state="running", finished_at=None)
        Relay.objects.all().delete()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE dispatcher_delivery")
    return {}


def send() -> dict[str, object]:
    """Send all of it; what it took."""
    total = deliver.Delivered()
    began = time.monotonic()
    while (done := deliver.lane(config.current(), Lane.IMMEDIATE)).claimed:
        total += done
    seconds = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "sent": total.counts["accepted"],
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss // 1024,
    }


if __name__ == "__main__":
    steps = {"fill": lambda: fill(int(sys.argv[2])), "again": again, "send": send}
    print(json.dumps(steps[sys.argv[1]]()))  # noqa: T201 -- read by whoever started us
