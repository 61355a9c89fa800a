"""One source with a feed on loopback, for the tests of the poll verb."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import factories as make
from website import Page, Website

from dispatcher import config
from dispatcher.models import Bulletin, Source
from dispatcher.sources import poll
from dispatcher.sources.poll import Polled

NOW = datetime.now(UTC)


def entry(
    number: int,
    title: str = "",
    body: str = "Something new for providers.",
    age: timedelta = timedelta(hours=1),
) -> str:
    title = title or f"Notice number {number} of the office"
    link = f"https://www.maine.gov/tools/whatsnew/index.php?topic=DHHS-PolicyAndRules&amp;id={1_290_000 + number}&amp;v=article"
    date = format_datetime(NOW - age)
    return f"<item><title>{title}</title><link>{link}</link><description>{body}</description><pubDate>{date}</pubDate></item>"


def feed(*entries: str, **headers: str) -> Page:
    text = f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Policy</title>{"".join(entries)}</channel></rss>'
    return Page(text.encode(), headers=headers)


def declare(site: Website, **entry) -> Source:
    declared = {"allow_private": True, "every_minutes": 30, "late_after_days": 30} | entry
    return make.source(url=site.url("/feed"), declared=declared, baselined_at=None)


def run(**changes) -> Polled:
    (one,) = poll.due(replace(config.load({}), **changes), ["policy-rules"])
    return one


def states() -> dict[str, str]:
    return dict(Bulletin.objects.values_list("title", "state"))
