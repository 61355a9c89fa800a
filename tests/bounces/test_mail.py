"""What comes back by mail, read: real shapes of reports, files beside this one, and whatever bytes there are."""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returning import SAMPLES, filled

from dispatcher.bounces import mail
from dispatcher.bounces.said import Kind
from dispatcher.formats.verdicts import Verdict

# Sample: verdict and status of the bounce.
BOUNCES = {
    "postfix-unknown-user": (Verdict.GONE, "5.1.1"),
    "postfix-full-mailbox": (Verdict.BOUNCED, "5.2.2"),
    "postfix-expired": (Verdict.BOUNCED, "4.4.1"),
    "postfix-refused-by-filter": (Verdict.POLICY, "5.7.1"),
    "postfix-sender-refused": (Verdict.OUR_FAULT, "5.1.8"),
    "forwarded-to-a-dead-address": (Verdict.GONE, "5.1.1"),
    "srs-rewritten-sender": (Verdict.GONE, "5.1.1"),
    "office365-unknown-user": (Verdict.GONE, "5.1.10"),
    "exchange-full-mailbox": (Verdict.BOUNCED, "5.2.2"),
    "exchange-not-permitted": (Verdict.POLICY, "5.7.1"),
    "gmail-unknown-user": (Verdict.GONE, "5.1.1"),
    "gmail-over-quota": (Verdict.BOUNCED, "4.2.2"),
    "gmail-unauthenticated": (Verdict.POLICY, "5.7.26"),
    "yahoo-unknown-user": (Verdict.GONE, "5.1.1"),
    "vague-status-and-no-words": (Verdict.BOUNCED, "5.0.0"),
    "opensmtpd-error": (Verdict.GONE, "5.1.1"),
    "action-with-a-comment": (Verdict.GONE, "5.1.1"),
    "report-without-its-type": (Verdict.GONE, "5.1.1"),
    "status-in-plain-text": (Verdict.GONE, "5.1.1"),
    "international-status": (Verdict.GONE, "5.1.1"),
    "divided-fields": (Verdict.GONE, "5.1.1"),
    "two-recipients": (Verdict.BOUNCED, "5.2.2"),
    "status-in-base64": (Verdict.GONE, "5.1.1"),
    "status-of-eight-bits": (Verdict.GONE, "5.1.1"),
    "exim-unknown-user": (Verdict.GONE, "5.1.1"),
    "exim-without-a-code": (Verdict.BOUNCED, ""),
    "qmail-unknown-user": (Verdict.GONE, "5.1.1"),
    "qmail-full-mailbox": (Verdict.BOUNCED, "5.2.2"),
    "yahoo-in-old-words": (Verdict.BOUNCED, ""),
}
OTHERS = {
    "postfix-delayed": Kind.NOTHING,
    "postfix-relayed": Kind.NOTHING,
    "postfix-expanded": Kind.NOTHING,
    "postfix-delivered": Kind.DELIVERED,
    "exim-delayed": Kind.NOTHING,
    "outlook-out-of-office": Kind.NOTHING,
    "vacation-program": Kind.NOTHING,
    "out-of-office-by-subject-alone": Kind.NOTHING,
    "ticket-system": Kind.NOTHING,
    "read-receipt": Kind.NOTHING,
    "somebody-answers": Kind.UNREADABLE,
    "complaint": Kind.COMPLAINT,
    "complaint-with-the-address-blanked": Kind.COMPLAINT,
    "complaint-by-message-name-alone": Kind.COMPLAINT,
    "no-complaint-but-praise": Kind.NOTHING,
    "key-report": Kind.NOTHING,
}


def test_every_sample_is_read_in_a_test() -> None:
    assert {one.stem for one in SAMPLES.glob("*.eml")} == BOUNCES.keys() | OTHERS.keys()


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_is_read_and_judged_by_its_status(name: str) -> None:
    said = mail.read(filled(name))
    assert (said.kind, said.verdict, said.status) == (Kind.BOUNCE, *BOUNCES[name])
    assert said.note


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_bounce_is_told_from_one(name: str) -> None:
    said = mail.read(filled(name))
    assert said.kind == OTHERS[name], said.note
    assert said.note


@pytest.mark.parametrize("name", [*BOUNCES, *OTHERS])
def test_line_ends_make_no_difference(name: str) -> None:
    with_crlf = filled(name).replace(b"\n", b"\r\n")
    plain, carried = mail.read(filled(name)), mail.read(with_crlf)
    assert (plain.kind, plain.verdict, plain.status, plain.about) == (
        carried.kind,
        carried.verdict,
        carried.status,
        carried.about,
    )


def test_the_words_of_the_server_are_kept_on_one_line_and_short() -> None:
    said = mail.read(filled("gmail-unknown-user"))
    assert said.words.startswith("550-5.1.1 The email account that you tried to reach")
    assert "\n" not in said.words
    long = filled("postfix-full-mailbox").replace(b"mailbox is full", b"full \x1b[31m" + b"x" * 5000)
    assert len(mail.read(long).words.encode()) <= 1024
    assert "\x1b" not in mail.read(long).words


def test_the_address_it_is_about_is_read_with_and_without_its_type() -> None:
    for name in (
        "postfix-unknown-user",
        "office365-unknown-user",
        "action-with-a-comment",
        "qmail-unknown-user",
    ):
        assert mail.read(filled(name)).about == ("ann@example.com",), name
    assert mail.read(filled("two-recipients")).about == ("ann@example.com", "second@list.example")


def test_our_names_are_found_in_parts_that_are_encoded() -> None:
    hidden = base64.encodebytes(filled("postfix-unknown-user"))
    raw = (
        b"From: postmaster@mx.example\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
        + hidden
    )
    assert f"b+{'a' * 34}@bounces.example.gov" in mail.read(raw).text


# A busy machine makes inputs slowly; that is no fault of theirs.
UNHURRIED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NASTY = [
    b"",
    b"\x00\xff\xfe" * 100,
    b"From: \xff\xfe\nSubject: =?nonsense?q?=ff?=\nContent-Type: text/plain; charset=nonsense\n\n\xff",
    b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\nAction: failed\n",
    b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n!!!not base64!!!\n",
    b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)),
    b"From: postmaster@x.example\n\n" + b"a" * 200_000 + b"\n",
    b"From: postmaster@x.example\n\nfailed addresses follow:\n" + b"a@" * 30_000 + b"\n",
    b"From: postmaster@x.example\n\n" + b"-" * 100_000 + b"\n" + b"5.1.1 " * 20_000,
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("raw", NASTY, ids=range(len(NASTY)))
def test_hostile_bytes_are_read_in_time(raw: bytes) -> None:
    assert mail.read(raw).kind in {Kind.UNREADABLE, Kind.NOTHING, Kind.BOUNCE}


@UNHURRIED
@given(st.binary(max_size=2000))
def test_no_bytes_whatever_raise(raw: bytes) -> None:
    assert mail.read(raw).note


@UNHURRIED
@given(
    st.sampled_from(sorted(BOUNCES | OTHERS)),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 60), st.binary(max_size=12)), max_size=4),
)
def test_a_report_with_holes_in_it_is_read_without_an_error(
    name: str, holes: list[tuple[int, int, bytes]]
) -> None:
    raw = filled(name)
    for at, length, filling in holes:
        raw = raw[:at] + filling + raw[at + length :]
    assert mail.read(raw).note
    assert "cannot be read" not in mail.read(raw).note
