"""What lies in the mailbox's folder, however it came there, can be listed and read."""

from email.message import EmailMessage
from pathlib import Path

import keeping
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.web import kept


def test_messages_come_newest_first_and_other_files_not_at_all(tmp_path: Path) -> None:
    for name in (
        "0002-b@x.eml",
        "0010-c@x.eml",
        "0001-a@x.eml",
        "0001-a@x.html",
        "notes.eml",
        "\N{ARABIC-INDIC DIGIT ONE}-d@x.eml",
    ):
        (tmp_path / name).touch()
    (tmp_path / "0011-passwd.eml").symlink_to("/etc/passwd")
    assert list(kept.files(tmp_path)) == [10, 2, 1]


def test_a_mailbox_that_was_never_opened_is_empty(tmp_path: Path) -> None:
    assert kept.files(tmp_path / "nowhere") == {}


def test_a_message_has_headings_headers_and_both_parts(tmp_path: Path) -> None:
    keeping.keep(tmp_path, 7, keeping.mail(subject="Änderung – “quoted”"))
    message = kept.read(7, kept.files(tmp_path)[7])
    assert (message.heading.subject, message.heading.to) == ("Änderung – “quoted”", "pat@example.com")
    assert message.heading == kept.heading(7, kept.files(tmp_path)[7])
    assert ("List-Unsubscribe", "<https://notices.example.gov/u/abc>") in message.headers
    assert (message.text or "").startswith("New rates & rules")
    assert (message.html or "").startswith("<h1>New rates")


def test_an_attachment_is_no_part_to_show(tmp_path: Path) -> None:
    message = EmailMessage()
    message.add_attachment("<p>attached</p>", subtype="html", filename="x.html")
    message.add_attachment("written", disposition="inline")
    keeping.keep(tmp_path, 1, bytes(message))
    read = kept.read(1, kept.files(tmp_path)[1])
    assert (read.text, read.html) == ("written\n", None)


NAMES = [b"To", b"Subject", b"Content-Type", b"Content-Disposition", b"Content-Transfer-Encoding", b"X\xff"]
VALUES = [
    b"text/html; charset=undefined",
    b"text/plain; charset=\x00",
    b"text/html; charset=rot13",
    b"text/html; charset*=utf-8''%ff",
    b"multipart/mixed; boundary=x",
    b"=?utf-8?b?!!!?=",
    b"=?x-none?q?=ff?=",
    b"attachment; filename*=x'y",
    b"x-uuencode",
    b"a <b@c>, ;:,<",
]
HEADS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.binary(max_size=40)), max_size=6
)
BODIES = st.binary(max_size=60) | st.just(b"--x\r\nContent-Type: text/html\r\n\r\n\xff<b>\r\n--x--")


@settings(max_examples=200, deadline=None)
@given(heads=HEADS, body=BODIES)
def test_whatever_bytes_a_message_is_made_of_it_can_be_shown(
    tmp_path_factory: pytest.TempPathFactory, heads: list[tuple[bytes, bytes]], body: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    keeping.keep(
        folder, 1, b"".join(name + b": " + value + b"\r\n" for name, value in heads) + b"\r\n" + body
    )
    message = kept.read(1, kept.files(folder)[1])
    heading = kept.heading(1, kept.files(folder)[1])
    shown = [heading.to, heading.subject, message.text or "", message.html or "", *sum(message.headers, ())]
    for words in shown:
        words.encode()  # a lone surrogate could not be sent to a browser
