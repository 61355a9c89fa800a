"""Confirm a sign-up by the link that was mailed. Opening the page changes nothing: its button does."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from dispatcher import config
from dispatcher.formats.tickets import Purpose
from dispatcher.messages import editions, wording
from dispatcher.subscribers import sign_up
from dispatcher.subscribers.sign_up import SignUpState
from dispatcher.web import links
from dispatcher.web.pages import page

_PAGES = {
    SignUpState.WAITING: "confirm",
    SignUpState.CONFIRMED: "confirmed",
    SignUpState.EXPIRED: "confirm_expired",
}


@links.private
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, ticket: str) -> HttpResponse:
    """What is to be confirmed, and the button's post."""
    delivery_id = links.delivery(Purpose.CONFIRM, ticket)
    found = sign_up.confirm(delivery_id) if request.method == "POST" else sign_up.look(delivery_id)
    if found is None:
        raise Http404
    status = 410 if found.state is SignUpState.EXPIRED else 200
    used = wording.moment(found.confirmed_at, editions.zone(config.current())) if found.confirmed_at else ""
    return page(_PAGES[found.state], status=status, sign_up=found, used=used)
