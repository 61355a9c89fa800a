"""The listener, a process of its own, as mail servers see it: our signed addresses only, and a yes only for what is on disk."""

import smtplib
import socket
from collections.abc import Iterator
from email import message_from_bytes

import pytest
from django.db import connection
from listener import listening
from returning import ANN, DOMAIN, accepted, filled, of, signed, suppressed
from supervised import eventually

from dispatcher.models import Arrival, Event

pytestmark = pytest.mark.slow


class Lmtp(smtplib.SMTP):
    """Python's own, over TCP."""

    ehlo_msg = "lhlo"


@pytest.fixture
def ports(db: str) -> Iterator[tuple[int, int]]:
    accepted(ANN)
    with listening(db) as found:
        yield found


def test_a_report_by_smtp_and_by_lmtp_is_kept_and_settled(ports: tuple[int, int]) -> None:
    smtp, lmtp = ports
    with smtplib.SMTP("127.0.0.1", smtp, timeout=20) as client:
        assert client.sendmail("", [signed(of().id).upper()], filled("postfix-full-mailbox", of())) == {}
    with Lmtp("127.0.0.1", lmtp, timeout=20) as client:
        client.ehlo()
        second = filled("qmail-unknown-user", of()).replace(b"report-1@", b"report-2@")
        assert client.sendmail("", [signed(of().id)], second) == {}
    assert eventually(lambda: Event.objects.count() == 2, 20)
    assert eventually(lambda: suppressed() == "gone", 20)
    kept = message_from_bytes(bytes(Arrival.objects.earliest("id").raw))
    assert kept["Subject"] == "Undelivered Mail Returned to Sender"


def test_only_our_own_addresses_and_the_necessary_mailboxes_are_taken(ports: tuple[int, int]) -> None:
    with smtplib.SMTP("127.0.0.1", ports[0], timeout=20) as client:
        client.ehlo()
        for stranger in (
            f"b+{'a' * 34}@{DOMAIN}", f"ann@{DOMAIN}", "ann@example.com", "postmaster@example.com", f"b+@{DOMAIN}", "postmaster",
        ):  # fmt: skip
            client.mail("")
            assert client.rcpt(stranger)[0] == 550, stranger
            client.rset()
        for known in (
            f"postmaster@{DOMAIN}",
            f"Complaints@{DOMAIN.upper()}",
            f"abuse@{DOMAIN}",
            signed(of().id),
        ):
            client.mail("somebody@example.com")
            assert client.rcpt(known)[0] == 250, known
            assert client.rcpt(signed(of().id))[0] == 452, "each report is kept with its own address"
            client.rset()
    assert not Arrival.objects.exists()


def hang_up_in_the_middle(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        line = client.makefile("rb")
        for said in ("EHLO x", "MAIL FROM:<>", f"RCPT TO:<{signed(of().id)}>", "DATA"):
            client.sendall(said.encode() + b"\r\n")
        while not line.readline().startswith(b"354"):
            pass
        client.sendall(b"Subject: half\r\n\r\nand no dot")


def test_what_is_too_large_is_refused_long_lines_are_not_and_half_a_report_leaves_nothing(
    ports: tuple[int, int],
) -> None:
    hang_up_in_the_middle(ports[0])
    with smtplib.SMTP("127.0.0.1", ports[0], timeout=20) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(1024 * 1024)
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            client.sendmail("", [signed(of().id)], b"Subject: large\n\n" + (b"x" * 900 + b"\n") * 1300)
        assert refused.value.smtp_code == 552
    with smtplib.SMTP("127.0.0.1", ports[0], timeout=20) as client:
        client.sendmail("", [signed(of().id)], b"Subject: long\n\n" + b"y" * 20_000 + b"\n")
    assert eventually(lambda: Arrival.objects.exclude(outcome="").count() == 1, 20)
    assert b"y" * 20_000 in bytes(Arrival.objects.get().raw)


def test_while_nothing_can_be_kept_it_says_come_again_and_then_takes_it(ports: tuple[int, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dispatcher_arrival RENAME TO elsewhere")
    with smtplib.SMTP("127.0.0.1", ports[0], timeout=60) as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("", [signed(of().id)], filled("complaint", of()))
        assert refused.value.smtp_code == 451
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO dispatcher_arrival")
        assert client.sendmail("", [signed(of().id)], filled("complaint", of())) == {}
    assert eventually(lambda: suppressed() == "complaint", 20)
