"""No log holds an address or a ticket, whoever writes it and whatever goes wrong."""

import io
import logging
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from django.test import Client
from serving import serving

from dispatcher import config
from dispatcher.formats.masking import masked
from dispatcher.formats.tickets import Purpose, sign

TICKET = sign(Purpose.UNSUBSCRIBE, 7, "k" * 40)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("no mail to jane.doe+x@example.com today", "no mail to j***@example.com today"),
        ("<jane@example.com>, j***@example.com", "<j***@example.com>, j***@example.com"),
        (f"GET /u/{TICKET} 500", "GET /u/*** 500"),
        (f"POST /u/{TICKET}-t17/undo", "POST /u/***/undo"),
        (f"https://notices.example.gov/manage/{TICKET}?x=y", "https://notices.example.gov/manage/***?x=y"),
        (f"'/confirm/{TICKET}'", "'/confirm/***'"),
        ("redis://user:secret@relay.example:6379", "redis://***@relay.example:6379"),
        ("amqp://secret@h", "amqp://***@h"),
        ("polled /bulletins/42 in 3 s, 5 @ once", "polled /bulletins/42 in 3 s, 5 @ once"),
    ],
)
def test_what_a_log_may_hold(said: str, written: str) -> None:
    assert masked(said) == written


def test_a_long_line_costs_no_time() -> None:
    began = time.monotonic()
    masked("a" * 100_000 + "b.c+" * 25_000)
    assert time.monotonic() - began < 2


def test_it_holds_for_every_handler_for_arguments_and_for_tracebacks() -> None:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    log = logging.getLogger("somebody.elses.library")
    log.addHandler(handler)
    try:
        {}[f"ann@example.com at /u/{TICKET}"]
    except KeyError:
        log.exception("failed for %s", "ben@example.com", stack_info=True)
    log.error("of %(who)s", {"who": "cat@example.com"})
    log.removeHandler(handler)
    written = text.getvalue()
    assert "failed for b***@example.com" in written
    assert "KeyError: 'a***@example.com at /u/***'" in written.replace('"', "'")
    assert "of c***@example.com" in written
    assert TICKET not in written


def test_refusals_are_logged_without_their_address(visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "django")
    assert visitor.get(f"/u/{TICKET[:-1]}!").status_code == 404
    assert "/u/***" in caplog.text
    assert TICKET[:-1] not in caplog.text


@pytest.mark.slow
def test_a_server_whose_page_breaks_writes_neither() -> None:
    """The database of this server has no tables, so that a good ticket leads into an error."""
    ticket = sign(Purpose.MANAGE, 7, config.current().secret_key)
    with serving() as server:
        line = HTTPConnection(urlsplit(server.url).netloc, timeout=20)
        line.request("GET", f"/manage/{ticket}?who=ann@example.com")
        assert line.getresponse().status == 500
        line.close()
        said = server.stopped()
    assert "Internal Server Error: /manage/***" in said
    assert "no such table" in said
    assert ticket not in said
    assert "ann@example.com" not in said
