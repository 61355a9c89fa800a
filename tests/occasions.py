"""A bulletin that announces what one may come to and what one may not miss, for the letters."""

from datetime import UTC, date, datetime, time

from dispatcher.formats.events import Event
from dispatcher.messages.kinds import BulletinContent

HEARING = BulletinContent(
    title="Proposed rule, Section 45: hearing and office hours",
    type="proposed",
    url="https://www.example.gov/rules/45-proposed",
    source_name="Rules of the Office of Examples",
    published_at=datetime(2026, 8, 21, 18, 0, tzinfo=UTC),
    body_html="<p>PUBLIC HEARING: Thursday, September 10, 2026, at 1:00 PM</p><p>Comments are due by September 21, 2026.</p>",
    events=[
        Event(
            "meeting",
            "Rates & billing office hours",
            date(2026, 9, 3),
            time(11),
            time(11, 45),
            url="https://meet.example.org/register/abc?x=1&y=2",
        ),
        Event("hearing", "Public hearing", date(2026, 9, 10), time(13)),
        Event("deadline", "Comment deadline", date(2026, 9, 21)),
    ],
)
