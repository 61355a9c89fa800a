"""The local mailbox in the browser: there only when asked for, and what a message brings along stays shut off."""

import smtplib
from pathlib import Path
from urllib.parse import urlsplit

import keeping
import lxml.html
import pytest
from calling import set_environment
from django.test import Client

from dispatcher import config
from dispatcher.management.demo.mailbox import Mailbox
from dispatcher.web.mailbox import PAGE_SIZE

ADDRESSES = ["/mailbox/", "/mailbox/before/2/", "/mailbox/1/", "/mailbox/1/html", "/mailbox/1/raw"]


@pytest.mark.parametrize("asked", ADDRESSES)
def test_where_no_mailbox_is_set_there_is_nothing(asked: str, visitor: Client) -> None:
    answer = visitor.get(asked)
    assert answer.status_code == 404
    assert answer.content == visitor.get("/nothing").content


def test_what_the_mailbox_takes_in_can_be_read(
    tmp_path: Path, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Mailbox(tmp_path) as mailbox:
        with smtplib.SMTP("127.0.0.1", urlsplit(mailbox.url).port or 0) as relay:
            relay.sendmail("notices@example.gov", ["hal@example.com"], keeping.mail(to="hal@example.com"))
        set_environment(monkeypatch, MAILBOX=str(mailbox.folder))
    listed = visitor.get("/mailbox/").text
    assert "Rates of Section 45" in listed
    assert "hal@example.com" in listed
    assert "1 of 1 message<" in listed
    assert 'href="/mailbox/1/"' in listed
    config.current.cache_clear()


def test_an_empty_mailbox_says_so(mailbox: Path, visitor: Client) -> None:
    for file in mailbox.iterdir():
        file.unlink()
    assert "No message has come yet" in visitor.get("/mailbox/").text


def test_a_long_list_comes_in_pages(mailbox: Path, visitor: Client) -> None:
    for number in range(2, PAGE_SIZE + 3):
        keeping.keep(mailbox, number, b"Subject: one of many\r\n\r\n")
    first = visitor.get("/mailbox/").text
    assert 'href="/mailbox/3/"' in first
    assert 'href="/mailbox/2/"' not in first
    second = visitor.get("/mailbox/before/3/").text
    assert 'href="/mailbox/2/"' in second
    assert 'href="/mailbox/1/"' in second
    assert f'href="/mailbox/before/{3}/"' in first
    assert "before" not in second
    assert "There are no older ones" in visitor.get("/mailbox/before/1/").text


def test_a_message_shows_its_headers_text_and_a_frame(mailbox: Path, visitor: Client) -> None:
    shown = visitor.get("/mailbox/1/").text
    assert "<dt>List-Unsubscribe</dt>" in shown
    assert "New rates &amp; rules" in shown
    assert '<a href="https://notices.example.gov/bulletins/1" rel="noopener">' in shown
    assert '<iframe sandbox src="/mailbox/1/html"' in shown
    assert "document.title" not in shown


def test_the_next_ones_are_a_link_away(mailbox: Path, visitor: Client) -> None:
    keeping.keep(mailbox, 3, keeping.mail())
    keeping.keep(mailbox, 9, keeping.mail())
    shown = visitor.get("/mailbox/3/").text
    assert '<a href="/mailbox/9/">Newer message</a>' in shown
    assert '<a href="/mailbox/1/">Older message</a>' in shown


def test_a_message_without_html_has_no_frame(mailbox: Path, visitor: Client) -> None:
    keeping.keep(mailbox, 2, b"Subject: plain\r\n\r\nwords\r\n")
    assert "iframe" not in visitor.get("/mailbox/2/").text
    assert visitor.get("/mailbox/2/html").status_code == 404


def test_the_html_part_is_served_as_sent_to_the_frame_alone(mailbox: Path, visitor: Client) -> None:
    answer = visitor.get("/mailbox/1/html")
    assert answer.text.startswith("<h1>New rates</h1><script>")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_the_message_can_be_downloaded_byte_by_byte(mailbox: Path, visitor: Client) -> None:
    answer = visitor.get("/mailbox/1/raw")
    assert answer.content == next(mailbox.iterdir()).read_bytes()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="0001.eml"'
    assert answer.headers["Content-Type"] == "message/rfc822"


@pytest.mark.parametrize(
    "number",
    [
        "2",
        "0",
        "9" * 5000,
        "-1",
        "..",
        "%2e%2e",
        "..%2f..%2fsecret",
        "1%00",
        "1-pat@example.com.eml",
        "\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
@pytest.mark.parametrize("rest", ["/", "/html", "/raw"])
def test_there_is_no_other_way_into_the_folder(
    number: str, rest: str, mailbox: Path, visitor: Client
) -> None:
    (mailbox.parent / "secret").write_text("secret")
    assert visitor.get(f"/mailbox/{number}{rest}").status_code == 404


@pytest.mark.parametrize(
    "subject",
    ["<script>alert(1)</script>", "{{ 7*7 }}", '"><img src=x onerror=x>', "\N{RIGHT-TO-LEFT OVERRIDE}vog"],
)
def test_what_a_stranger_wrote_stays_words(subject: str, mailbox: Path, visitor: Client) -> None:
    keeping.keep(mailbox, 1, keeping.mail(subject=subject, to='"<b>"@example.com'))
    listed, shown = (lxml.html.fromstring(visitor.get(one).text) for one in ("/mailbox/", "/mailbox/1/"))
    assert listed.xpath("string(//tbody//a/bdi)") == shown.xpath("string(//h1/bdi)") == subject
    assert not listed.xpath("//script|//img|//b") + shown.xpath("//script|//img|//b")


def test_times_are_told_as_people_here_tell_them(
    mailbox: Path, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert " Eastern</time>" in visitor.get("/mailbox/").text
    set_environment(monkeypatch, TIME_ZONE="Europe/Berlin")
    assert " Eastern</time>" not in visitor.get("/mailbox/").text
