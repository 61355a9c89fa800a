"""What operators may be told: of everything, of too much, of nothing but good."""

from dataclasses import replace
from datetime import UTC, date, datetime

from dispatcher.messages.letters import Ailing, Alert, Waiting

LONG = "R&D <Section 97> 😀 “quoted” — " + "a title that goes on and on " * 20

ALERT = Alert(
    ailing=[
        Ailing(
            name="Rules of the Office of Examples",
            what="www.example.gov answers 503 Service Unavailable",
            since=datetime(2026, 8, 21, 9, 5, tzinfo=UTC),
            remedy="`dispatcher sources preview rules`",
        ),
        Ailing(
            name="Bulletins <all>",
            what="has moved to https://www.example.gov/new/feed.rss",
            since=datetime(2026, 8, 17, 18, 5, tzinfo=UTC),
            remedy="in topics.yaml, bulletins: `url: https://www.example.gov/new/feed.rss`",
        ),
    ],
    waiting=[
        Waiting(
            title="Public hearing on Section 97 & appendix C",
            why="matched no topic",
            since=datetime(2026, 8, 21, 17, 5, tzinfo=UTC),
            by=date(2026, 8, 24),
        ),
        Waiting(title=LONG, why="held, late", since=datetime(2026, 8, 18, 18, 5, tzinfo=UTC)),
    ],
    recovered=["Videos of the Office of Examples"],
    polled=5,
)
CROWDED = replace(
    ALERT,
    ailing=[replace(ALERT.ailing[0], name=f"Source {number}", what=LONG) for number in range(1, 61)],
    waiting=(),
)
RECOVERED = replace(ALERT, ailing=(), waiting=())
WELL = Alert(polled=5)
