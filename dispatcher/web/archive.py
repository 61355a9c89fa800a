"""The archive: each bulletin at an address for good, once it has been mailed. Before that there is nothing there."""

from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from dispatcher import config
from dispatcher.formats import calendars, html, pdf
from dispatcher.messages import editions, kinds, wording
from dispatcher.models import Bulletin
from dispatcher.models.bulletin import BulletinState
from dispatcher.web.pages import page


@require_safe
def bulletin(_: HttpRequest, bulletin_id: int) -> HttpResponse:
    """What was mailed, and where it comes from."""
    found = _mailed(bulletin_id)
    when = found.published_at or found.first_seen_at
    pdfs = frozenset(found.documents.filter(pages__gt=0).values_list("url", flat=True))
    return page(
        "bulletin",
        bulletin=found,
        type_name=kinds.TYPES[found.type][1],
        when=when,
        day=wording.moment(when, editions.zone(config.current())),
        events=[
            (one.key, one.name, wording.occasion(one), wording.occasion_briefly(one))
            for one in editions.events(config.current(), found)
        ],
        body=wording.levelled(pdf.named(html.sanitise(found.body_html, found.url), pdfs)),
        source_host=_host(found.url),
        source_is_pdf=pdf.is_pdf(found.url) or found.url in pdfs,
        further=[(link, host) for link in found.further_links() if (host := _host(link))],
        topics=[one.topic.name for one in found.matches.select_related("topic")],
    )


@require_safe
def event(_: HttpRequest, bulletin_id: int, key: str) -> HttpResponse:
    """A meeting or deadline that a bulletin announces, for a calendar."""
    found, settings = _mailed(bulletin_id), config.current()
    one = next((one for one in editions.events(settings, found) if one.key == key), None)
    if one is None:
        raise Http404
    url = settings.public_url + reverse("bulletin", args=[found.id])
    uid = f"bulletin-{found.id}-{key}@{urlsplit(settings.public_url).hostname}"
    file = calendars.as_ics(one, uid=uid, stamp=found.first_seen_at, about=found.title, url=url)
    shown = {"Content-Disposition": f'attachment; filename="{key}.ics"'}
    return HttpResponse(file, content_type="text/calendar; charset=utf-8; method=PUBLISH", headers=shown)


def _mailed(bulletin_id: int) -> Bulletin:
    return get_object_or_404(
        Bulletin.objects.select_related("source").filter(state=BulletinState.MAILED), id=bulletin_id
    )


def _host(url: str) -> str:
    """Where a link leads; empty if it is no address on the web."""
    parts = urlsplit(url)
    return parts.hostname or "" if parts.scheme in {"http", "https"} else ""
