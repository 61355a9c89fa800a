"""Leave by the link of a message: for people a page with a button, for mailbox providers one post (RFC 8058), and a way back.

The post needs no cookie, no sign-in, no page of ours before it, and may come as often as it likes.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from dispatcher.formats import tickets
from dispatcher.formats.tickets import Purpose
from dispatcher.subscribers import preferences
from dispatcher.subscribers.preferences import Ending
from dispatcher.web import faults, links
from dispatcher.web.origin import from_anywhere
from dispatcher.web.pages import page

_FIELD, _VALUE = "List-Unsubscribe", "One-Click"
_PAGE = "page"  # what our own form says beside it; a mailbox provider posts nothing else


@from_anywhere
@links.private
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, ticket: str) -> HttpResponse:
    """What would end, and the post that ends it. It has ended before the answer goes out."""
    bare, scope = links.split(ticket)
    delivery_id = links.delivery(Purpose.UNSUBSCRIBE, bare)
    if request.method != "POST":
        return _shown("unsubscribe", bare, scope, preferences.would_end(delivery_id, scope))
    if request.POST.getlist(_FIELD) != [_VALUE]:
        return faults.bad_request(request, ValueError())
    ending = preferences.unsubscribe(delivery_id, scope, on_page=_PAGE in request.POST)
    return _shown("unsubscribed", bare, scope, ending)


@links.private
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, ticket: str) -> HttpResponse:
    """Take back what this message's link ended."""
    delivery_id = links.delivery(Purpose.UNSUBSCRIBE, ticket)
    if request.method != "POST":  # the result was opened once more
        return redirect("unsubscribe", ticket=ticket)
    restored = preferences.undo(delivery_id)
    if restored is None:
        raise Http404
    return page("undone", topics=restored)


def _shown(template: str, ticket: str, scope: str, ending: Ending | None) -> HttpResponse:
    if ending is None:
        raise Http404
    link = tickets.with_scope(ticket, scope) if scope else ticket
    everything = tickets.with_scope(ticket, tickets.ALL)
    return page(
        template,
        ending=ending,
        link=link,
        ticket=ticket,
        everything=everything,
        field=_FIELD,
        value=_VALUE,
        by_page=_PAGE,
    )
