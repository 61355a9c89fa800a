"""The local mailbox, for whoever tries the product: open in the browser what subscribers would get.

Each view needs the folder of DISPATCHER_MAILBOX; where that is not set there is nothing at these addresses.
"""

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dispatcher import config
from dispatcher.formats.dates import MAINE
from dispatcher.messages.wording import moment
from dispatcher.web import headers, kept
from dispatcher.web.pages import page

PAGE_SIZE = 100


@require_safe
def listed(_: HttpRequest, before: int | None = None) -> HttpResponse:
    """The messages, the newest first, a page at a time."""
    files = kept.files(_folder())
    numbers = [number for number in files if before is None or number < before]
    shown = numbers[:PAGE_SIZE]
    return page(
        "mailbox",
        messages=[kept.heading(number, files[number]) for number in shown],
        total=len(files),
        first=before is None,
        older_than=shown[-1] if len(numbers) > PAGE_SIZE else None,
        moment=_moment,
    )


@require_safe
def message(_: HttpRequest, number: int) -> HttpResponse:
    """One message: its headers, its text, and a frame for its HTML."""
    files = kept.files(_folder())
    return page(
        "message",
        message=kept.read(number, _file(files, number)),
        older=max((other for other in files if other < number), default=None),
        newer=min((other for other in files if other > number), default=None),
        moment=_moment,
    )


@require_safe
def html(_: HttpRequest, number: int) -> HttpResponse:
    """The HTML part as sent, a document of its own under rules of its own."""
    sent = kept.read(number, _file(kept.files(_folder()), number)).html
    if sent is None:
        raise Http404
    return HttpResponse(sent, headers=headers.of_a_message(config.current().public_url))


@require_safe
def raw(_: HttpRequest, number: int) -> HttpResponse:
    """The message as it came, to download."""
    file = _file(kept.files(_folder()), number)
    name = f'attachment; filename="{number:04d}.eml"'
    return HttpResponse(
        file.read_bytes(), content_type="message/rfc822", headers={"Content-Disposition": name}
    )


def _folder() -> Path:
    folder = config.current().mailbox
    if folder is None:
        raise Http404
    return folder


def _file(files: dict[int, Path], number: int) -> Path:
    if number not in files:
        raise Http404
    return files[number]


def _moment(heading: kept.Heading) -> str:
    return moment(heading.kept_at, config.current().zone or MAINE)
