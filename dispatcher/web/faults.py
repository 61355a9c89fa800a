"""Pages for what went wrong. Each is the same for everybody: it repeats nothing of the request and tells nothing of the inside."""

from django.http import HttpRequest, HttpResponse

from dispatcher.web.pages import page


def bad_request(_: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- Django passes it by name
    """400."""
    return page("fault", status=400, title="That request made no sense", advice="Check the address.")


def not_found(_: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- as above
    """404."""
    advice = "Check the address. If it came from a message, the link may have been cut in two."
    return page("fault", status=404, title="There is nothing at this address", advice=advice)


def foreign_form() -> HttpResponse:
    """403, from OwnForms."""
    advice = "The form that you sent does not stand on a page of ours. Nothing has been changed."
    return page("fault", status=403, title="That form is not ours", advice=advice)


def broken(_: HttpRequest) -> HttpResponse:
    """500; Django has logged what happened. It may have been the database: the page asks it for nothing."""
    return page("broken", status=500)
