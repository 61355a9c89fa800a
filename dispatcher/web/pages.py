"""Pages: Jinja2 templates with one stylesheet and no script. Everything is escaped; a name that a template misspells is an error."""

import hashlib
from dataclasses import dataclass
from functools import cache

from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dispatcher import config
from dispatcher.formats.contact import NOBODY, Contact
from dispatcher.models import Catalog

PRODUCT = "MaineCare dispatcher"


@dataclass(frozen=True, slots=True)
class Agency:
    """Who speaks on public pages; what nobody has confirmed is empty. The product itself until there is a topic list."""

    name: str = PRODUCT
    address: str = ""
    contact: Contact = NOBODY


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
    environment.globals.update(
        url=_url, agency=_agency, product=PRODUCT, stylesheet=_url("stylesheet", mark=_mark())
    )
    return environment


def _url(name: str, **parts: object) -> str:
    """The address of one of our routes, by its name."""
    return reverse(name, kwargs=parts)


def _agency() -> Agency:
    try:
        latest = Catalog.latest()
    except Error:  # a page that says what went wrong must not go wrong over its own heading
        latest = None
    if latest is None:
        return Agency()
    block = latest.agency
    contact = Contact(**(block.get("contact") or {}))
    return Agency(block.get("name") or PRODUCT, block.get("address") or "", contact)


@cache
def _style() -> bytes:
    return (config.bundled("templates") / "pages" / "style.css").read_bytes()


@cache
def _mark() -> str:
    return hashlib.sha256(_style()).hexdigest()[:16]
