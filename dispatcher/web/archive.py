"""The archive: each bulletin at an address for good, once it has been mailed. Before that there is nothing there."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from dispatcher import config
from dispatcher.formats import html
from dispatcher.messages import editions, kinds, wording
from dispatcher.models import Bulletin
from dispatcher.models.bulletin import BulletinState
from dispatcher.web.pages import page


@require_safe
def bulletin(_: HttpRequest, bulletin_id: int) -> HttpResponse:
    """What was mailed, and where it comes from."""
    mailed = Bulletin.objects.select_related("source").filter(state=BulletinState.MAILED)
    found = get_object_or_404(mailed, id=bulletin_id)
    when = found.published_at or found.first_seen_at
    return page(
        "bulletin",
        bulletin=found,
        type_name=kinds.TYPES[found.type][1],
        when=when,
        day=wording.moment(when, editions.zone(config.current())),
        body=wording.levelled(html.sanitise(found.body_html, found.url)),
        source_host=_host(found.url),
        further=[(link, host) for link in found.further_links() if (host := _host(link))],
        topics=[one.topic.name for one in found.matches.select_related("topic")],
    )


def _host(url: str) -> str:
    """Where a link leads; empty if it is no address on the web."""
    parts = urlsplit(url)
    return parts.hostname or "" if parts.scheme in {"http", "https"} else ""
