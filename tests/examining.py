"""A draft handed to the checks, with everything beside it as it should be unless a test says otherwise."""

from datetime import UTC, datetime

from dispatcher.formats.contact import Contact
from dispatcher.formats.markdown import to_html
from dispatcher.mailings import checks
from dispatcher.mailings.checks import Circumstances, Finding, Weight
from dispatcher.mailings.draft import Draft

BASE = "https://notices.example.gov"


def examine(
    markdown: str = "Use the form MC-12.",
    *,
    subject: str = "New form",
    link: str = "",
    contact: Contact | None = None,
    people: int = 2,
    can_ask: bool = True,
    leaves_at: datetime = datetime(2027, 1, 5, 9, 0, tzinfo=UTC),
    html: str | None = None,
) -> list[Finding]:
    draft = Draft(subject=subject, type="notice", link=link, contact=contact or Contact(), markdown=markdown)
    body = to_html(markdown, BASE) if html is None else html
    return checks.examine(draft, Circumstances(people, can_ask, leaves_at, body))


def short(found: list[Finding]) -> list[tuple[Weight, str]]:
    return [(one.weight, one.what) for one in found]
