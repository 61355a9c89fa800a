"""What mail providers post of our messages. Closed to all: a provider without a secret of ours finds nothing here.

The post is kept as it came, and settled later; 200 means that it is on disk.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from dispatcher import config
from dispatcher.bounces import inbox
from dispatcher.models.clock import database_now
from dispatcher.web.origin import from_anywhere


@from_anywhere
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """404 for whom we do not expect, 401 for who shows no secret, 403 for a wrong one, 413 for too much; none of these leaves a trace."""
    secret = config.current().webhooks.get(provider)
    if not secret:
        raise Http404
    return _taken(request, provider, secret)


@require_POST
def _taken(request: HttpRequest, provider: str, secret: str) -> HttpResponse:
    from dispatcher.bounces import webhooks  # its readers load what no other page needs

    body = request.read(inbox.LARGEST + 1)
    if not webhooks.is_authentic(provider, secret, request.headers, body, database_now()):
        return _refused(request)
    if len(body) > inbox.LARGEST:
        return HttpResponse("too large\n", status=413, content_type="text/plain")
    inbox.keep(provider, body)
    _ring()
    return HttpResponse("kept\n", content_type="text/plain")


def _refused(request: HttpRequest) -> HttpResponse:
    """Amazon and others show a password only when they are asked for it."""
    asked = "Authorization" not in request.headers
    answer = HttpResponse("not authentic\n", status=401 if asked else 403, content_type="text/plain")
    if asked:
        answer.headers["WWW-Authenticate"] = 'Basic realm="webhooks"'
    return answer


def _ring() -> None:
    from tasks.ring import ring_if_quiet  # it loads Celery, which no other page needs

    ring_if_quiet("bounces.settle", "upkeep")
