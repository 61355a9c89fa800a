"""Pages: Jinja2 templates with one stylesheet and no script. Everything is escaped; a name that a template misspells is an error."""

import hashlib
from functools import cache

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dispatcher import config


def page(template: str, *, status: int = 200, **shown: object) -> HttpResponse:
    """A page of `templates/pages`, by its name without the suffix."""
    return HttpResponse(_environment().get_template(f"{template}.html").render(shown), status=status)


@require_safe
def stylesheet(_: HttpRequest, mark: str) -> HttpResponse:
    """The stylesheet under a name that changes with it, so that browsers may keep it."""
    if mark != _mark():
        raise Http404
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return HttpResponse(_style(), content_type="text/css; charset=utf-8", headers=kept)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(config.bundled("templates") / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(url=_url, stylesheet=_url("stylesheet", mark=_mark()))
    return environment


def _url(name: str, **parts: object) -> str:
    """The address of one of our routes, by its name."""
    return reverse(name, kwargs=parts)


@cache
def _style() -> bytes:
    return (config.bundled("templates") / "pages" / "style.css").read_bytes()


@cache
def _mark() -> str:
    return hashlib.sha256(_style()).hexdigest()[:16]
