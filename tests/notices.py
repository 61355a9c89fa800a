"""Notices as feeds carry them, with a guid or without, for the tests of what is one notice and what is two."""

from datetime import timedelta
from email.utils import format_datetime
from html import escape

import factories as make
from polling import NOW, feed
from website import Website

from dispatcher import config
from dispatcher.models import Source
from dispatcher.sources import poll
from dispatcher.sources.poll import Polled

LONG = (
    "The Department changes how providers of these services are paid from the first of next month, and asks everybody who bills for "
    "them to check the new codes before that day. Claims with an old code are denied, and may be sent again with the new one."
)


def item(
    title: str,
    link: str = "",
    guid: str = "",
    body: str = "",
    age: timedelta = timedelta(hours=1),
) -> str:
    named = f'<guid isPermaLink="false">{escape(guid)}</guid>' if guid else ""
    linked = f"<link>{escape(link)}</link>" if link else ""
    date = format_datetime(NOW - age)
    return f"<item><title>{escape(title)}</title>{linked}{named}<description>{escape(body)}</description><pubDate>{date}</pubDate></item>"


def ask(site: Website, source: Source, *items: str) -> Polled:
    """Poll the source while its feed holds these."""
    site.pages[f"/{source.slug}"] = feed(*items)
    (one,) = poll.due(config.load({}), [source.slug])
    return one


def watched(site: Website, slug: str, **declared: object) -> Source:
    """A source at `/<slug>` whose first poll found nothing."""
    source = make.source(
        slug,
        url=site.url(f"/{slug}"),
        declared={"allow_private": True, "every_minutes": 30, "late_after_days": 30, **declared},
        baselined_at=None,
    )
    ask(site, source)
    return source
