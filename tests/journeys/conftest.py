"""For the journeys with real workers: a relay that is never killed, a source, a crowd, and works of which only Valkey runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from acts import On
from crowd import OLD, PEOPLE, feed, subscribe, topic_list
from relay import Smtpd
from website import Website
from works import Works


@pytest.fixture
def relay() -> Iterator[Smtpd]:
    """It thinks for a moment after each dot, so that there is a middle to die in."""
    with Smtpd(script=[On("content", wait=0.05)]) as running:
        yield running


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as running:
        running.pages["/feed"] = feed(OLD)
        yield running


@pytest.fixture
def works(sqlite_db: str, tmp_path: Path, relay: Smtpd, site: Website) -> Iterator[Works]:
    with _works(sqlite_db, tmp_path, relay, site) as running:
        yield running


@pytest.fixture
def works_on_both(db: str, tmp_path: Path, relay: Smtpd, site: Website) -> Iterator[Works]:
    with _works(db, tmp_path, relay, site) as running:
        yield running


def _works(database: str, home: Path, relay: Smtpd, site: Website) -> Works:
    topics = topic_list(home, site.url("/feed"))
    subscribe(PEOPLE)
    return Works(home, DATABASE_URL=database, TOPICS=str(topics), SMTP_URL=relay.url)
