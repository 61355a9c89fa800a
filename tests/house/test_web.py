"""Who may enter where: every route that is open to all stands on a list with the reason."""

from collections.abc import Mapping

from house.routes import every_route

# Every route so far. One that is for staff alone does not belong here: it asks who is there.
PUBLIC = {
    "": "whoever wants our messages signs up here",
    "confirm/<str:ticket>": "for whoever got the link by mail",
    "manage/": "asks for a link; says nothing of who subscribes",
    "manage/<str:ticket>": "for whoever got the link by mail",
    "u/<str:ticket>": "for whoever got the message, and for their mailbox provider",
    "u/<str:ticket>/undo": "for whoever has just left by that link",
    "webhooks/<slug:provider>/": "only with the secret that the provider was told; without one of ours there is nothing",
    "bulletins/<int:bulletin_id>": "what we have mailed to the public anyway",
    "bulletins/<int:bulletin_id>/<slug:key>.ics": "as above: a date in it, for calendars",
    "healthz": "load balancers have no account; says nothing but that the process lives",
    "readyz": "as above; says which part is away, never where it stands",
    "metrics": "only with the secret of DISPATCHER_METRICS_TOKEN, or from this very machine; counts and ages, nobody's address",
    "static/style.<slug:mark>.css": "the looks of all pages",
    "mailbox/": "only where DISPATCHER_MAILBOX is set, which `up` does for its own machine",
    "mailbox/before/<int:before>/": "as above",
    "mailbox/<int:number>/": "as above",
    "mailbox/<int:number>/html": "as above",
    "mailbox/<int:number>/raw": "as above",
}

# Views that take posts from any page, with the reason. Every other changing route refuses forms that do not stand on a page of ours.
FROM_ANYWHERE = {
    "webhooks/<slug:provider>/": "mail providers post to it, and show their secret",
    "u/<str:ticket>": "one-click (RFC 8058): mailbox providers post to it, with nothing but the link",
}


def unlisted(routes: list[str], public: Mapping[str, str]) -> str:
    """Routes that nobody has opened knowingly, and entries without a route."""
    lines = [
        f"{one}: open to all → if that is meant, say why in PUBLIC" for one in routes if one not in public
    ]
    return "\n".join(
        lines + [f"{one}: no such route → take it off PUBLIC" for one in public if one not in routes]
    )


def test_every_open_route_was_opened_knowingly() -> None:
    problems = unlisted([route.written for route in every_route()], PUBLIC)
    assert not problems, problems


def test_forms_from_elsewhere_are_taken_knowingly() -> None:
    marked = [route.written for route in every_route() if getattr(route.view, "from_anywhere", False)]
    problems = unlisted(marked, FROM_ANYWHERE)
    assert not problems, problems


def test_a_route_that_nobody_listed_is_named() -> None:
    assert "secrets/: open to all" in unlisted(["secrets/"], {})
    assert "gone/: no such route" in unlisted([], {"gone/": "…"})
