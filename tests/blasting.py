"""Blasts for tests: a deployment with topics and staff, what an author writes, and the steps from submission to the first copy."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import factories as make
from django.db import connections

from dispatcher import config
from dispatcher.config import Config
from dispatcher.mailings import blast, draft, fan_out
from dispatcher.mailings.binding import Rule
from dispatcher.mailings.preparation import Prepared, Proposal
from dispatcher.mailings.progress import By
from dispatcher.models import Bulletin, Mailing, Staff, Topic
from dispatcher.topics import load

TOPICS = """
agency:
  name: MaineCare Services
  address: 1 Example Street, Augusta, Maine
  contact: {email: help@maine.gov}
  reply_to: help@maine.gov
  from: MaineCare <notices@maine.gov>
  time_zone: America/New_York
sources: []
topics:
  - {slug: pharmacy, name: Pharmacy, category: MaineCare Stakeholders, description: Pharmacies, sections: [II-80]}
  - {slug: dental, name: Dental, category: MaineCare Stakeholders, description: Dentists, sections: [II-25]}
"""
TEXT = "# New form for prior authorization\n\nFrom January 5, 2027, use the form MC-12.\n"
STAFF = {
    "ana": "author",
    "ben": "approver",
    "cleo": "approver",
    "olive": "operator",
    "vic": "viewer",
}


def settings(**changes) -> Config:
    base = config.load({"DISPATCHER_SECRET_KEY": "k" * 3 + "0123456789abcdefghijklmnopqrstu"})
    return replace(base, recall_seconds=0, **changes)


def reload_topics(folder: Path, text: str = TOPICS) -> None:
    """What `topics.yaml` says from now on."""
    file = folder / "topics.yaml"
    file.write_text(text, encoding="utf-8")
    load.refresh(file)


def set_up(folder: Path, people: int = 2) -> None:
    """The topics, the staff, and so many people who follow pharmacy."""
    reload_topics(folder)
    hire()
    follow("pharmacy", people)


def hire() -> None:
    """One of each role, and a second approver."""
    for name, role in STAFF.items():
        Staff.objects.create(name=name, role=role, created_at=make.LONG_AGO)


def follow(slug: str, people: int, cadence: str = "immediate") -> None:
    topic = Topic.objects.get(slug=slug)
    for _ in range(people):
        make.subscription(make.subscriber(), topic, cadence)


def acting(name: str) -> By:
    return By(name, "shell", {"account": "root"})


def proposal(
    text: str = TEXT,
    *,
    topics: tuple[str, ...] = ("pharmacy",),
    everyone: bool = False,
    send_at: datetime | None = None,
    people: int | None = None,
) -> Proposal:
    rule = Rule(topics=() if everyone else topics, everyone=everyone, send_at=send_at)
    return Proposal(typed=text, draft=draft.read(text, "form.md"), rule=rule, people=people)


def submit(text: str = TEXT, *, by: str = "ana", with_settings: Config | None = None, **rule) -> Prepared:
    return blast.submit(with_settings or settings(), proposal(text, **rule), acting(by))


def submitted(text: str = TEXT, **rule) -> int:
    """The id of a blast that waits for a second person."""
    bulletin_id = submit(text, **rule).bulletin_id
    assert bulletin_id is not None
    return bulletin_id


def approve(bulletin_id: int, by: str = "ben", *, with_settings: Config | None = None, **said) -> Mailing:
    return blast.approve(with_settings or settings(), bulletin_id, acting(by), **said)


def approved(text: str = TEXT, **rule) -> Mailing:
    """The mailing of a blast that two people agree on; it waits for its time."""
    return approve(submitted(text, **rule))


def run(with_settings: Config | None = None) -> int:
    """What every run and every ring does: begin what is due, write out what is owed. How many began."""
    return fan_out.pending(with_settings or settings())


def fresh(bulletin_id: int) -> Bulletin:
    return Bulletin.objects.get(id=bulletin_id)


def at_once(*works: Callable[[], object]) -> list[BaseException | None]:
    """Run all in threads with connections of their own; what each failed with."""
    failures: list[BaseException | None] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def go(number: int) -> None:
        barrier.wait()
        try:
            works[number]()
        except BaseException as failure:  # noqa: BLE001 -- handed to the main thread, which looks at it
            failures[number] = failure
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
