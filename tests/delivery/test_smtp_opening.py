import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from acts import On
from conversation import ANN, BEN, CONTENT, HASTY, PATIENT, exchange, named, refused
from relay import Smtpd, server_tls

from dispatcher.formats.verdicts import Stage, Verdict
from dispatcher.parsing import SmtpUrl

# --- faults of the opening ---


@contextlib.contextmanager
def nobody_listens() -> Iterator[SmtpUrl]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield SmtpUrl("127.0.0.1", bound.getsockname()[1], "plain")


def test_a_refused_connection_is_relay_down(run: Callable) -> None:
    with nobody_listens() as relay:
        result = run(refused(relay))
    assert (result.stage, result.reply, result.verdict) == (Stage.CONNECT, None, Verdict.RELAY_DOWN)
    assert result.problem


@pytest.mark.parametrize(
    ("act", "stage", "code"),
    [
        (On("banner", b"421 4.3.2 too busy"), Stage.CONNECT, 421),
        (On("banner", b"554 5.7.1 go away"), Stage.CONNECT, 554),
        (On("banner", b"what? \xff\0"), Stage.CONNECT, None),
        (On("banner", silent=True), Stage.CONNECT, None),
        (On("banner", drop=True), Stage.CONNECT, None),
        (On("ehlo", silent=True), Stage.HELLO, None),
        (On("ehlo", drop=True), Stage.HELLO, None),
        (On("ehlo", b"501 5.5.4 bad name"), Stage.HELLO, 501),
        (On("ehlo", b"xyz"), Stage.HELLO, None),
    ],
    ids=named,
)
def test_a_failing_greeting_is_relay_down_whatever_was_said(act: On, stage: Stage, code: int | None) -> None:
    with Smtpd(script=[act]) as relay:
        result = asyncio.run(refused(relay.relay, HASTY))
    assert (result.stage, result.verdict) == (stage, Verdict.RELAY_DOWN)
    assert (result.reply.code if result.reply else None) == code
    assert result.problem
    assert relay.told(b"MAIL") == []


def test_a_slow_banner_may_take_longer_than_the_socket() -> None:
    patient = replace(PATIENT, connect=0.1)
    with Smtpd(script=[On("banner", wait=0.3)]) as relay:
        [result] = asyncio.run(exchange(relay.relay, ANN, timeouts=patient))
    assert result.verdict is Verdict.ACCEPTED


def test_a_host_that_never_answers_is_given_up_after_the_time_for_connecting() -> None:
    with contextlib.ExitStack() as full:
        listening = full.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):  # fill its queue, so that the next one hears nothing
            waiting = full.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        relay = SmtpUrl("127.0.0.1", listening.getsockname()[1], "plain")
        result = asyncio.run(refused(relay, replace(PATIENT, connect=0.2)))
    assert (result.stage, result.verdict) == (Stage.CONNECT, Verdict.RELAY_DOWN)
    assert 200 <= result.duration_ms < 2_000


def test_once_the_relay_is_back_everything_goes() -> None:
    with Smtpd() as relay:
        relay.stop()
        assert asyncio.run(refused(relay.relay)).verdict is Verdict.RELAY_DOWN
        relay.start()
        assert [one.verdict for one in asyncio.run(exchange(relay.relay, ANN, BEN))] == [Verdict.ACCEPTED] * 2


# --- encryption and passwords ---

SECRET = {"user": "notices", "password": "only a test"}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_over_tls_we_log_in_and_send(run: Callable, trusted: None, security: str) -> None:
    with Smtpd(security=security, **SECRET) as relay:
        results = run(exchange(relay.relay, ANN, BEN))
    assert [one.verdict for one in results] == [Verdict.ACCEPTED] * 2
    assert [one.content for one in relay.messages] == [CONTENT] * 2
    assert len(relay.told(b"AUTH")) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_without_a_password_mail_follows_a_second_ehlo(trusted: None, security: str) -> None:
    with Smtpd(security=security) as relay:
        [result] = asyncio.run(exchange(relay.relay, ANN))
    assert result.verdict is Verdict.ACCEPTED
    assert len(relay.told(b"EHLO")) == (2 if security == "starttls" else 1)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_signed_gets_neither_password_nor_mail(
    run: Callable, security: str
) -> None:
    with Smtpd(security=security, **SECRET) as relay:
        result = run(refused(relay.relay))
    assert result.verdict is Verdict.RELAY_DOWN
    assert "certificate" in result.problem.lower()
    assert relay.told(b"AUTH") == relay.told(b"MAIL") == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_another_host_gets_neither_password_nor_mail(trusted: None, security: str) -> None:
    with Smtpd(security=security, **SECRET) as relay:
        result = asyncio.run(refused(replace(relay.relay, host="127.0.0.1")))
    assert result.verdict is Verdict.RELAY_DOWN
    assert relay.told(b"AUTH") == relay.told(b"MAIL") == []


def test_a_relay_without_starttls_gets_neither_password_nor_mail() -> None:
    with Smtpd(**SECRET) as relay:
        result = asyncio.run(refused(replace(relay.relay, security="starttls")))
    assert (result.stage, result.verdict) == (Stage.HELLO, Verdict.RELAY_DOWN)
    assert "STARTTLS" in result.problem
    assert {line[:4] for _, line in relay.commands} == {b"EHLO"}


@pytest.mark.parametrize(
    "act",
    [
        On("starttls", b"454 4.7.0 not now"),
        On("starttls", b"220 go on\r\n", drop=True),
        On("starttls", drop=True),
    ],
)
def test_a_starttls_that_fails_is_relay_down(trusted: None, act: On) -> None:
    with Smtpd(security="starttls", script=[act], **SECRET) as relay:
        result = asyncio.run(refused(relay.relay))
    assert (result.stage, result.verdict) == (Stage.HELLO, Verdict.RELAY_DOWN)
    assert relay.told(b"AUTH") == relay.told(b"MAIL") == []


def test_no_password_travels_over_plain_smtp() -> None:
    with Smtpd(**SECRET) as relay:
        result = asyncio.run(refused(relay.relay))
    assert (result.stage, result.verdict) == (Stage.AUTH, Verdict.OUR_FAULT)
    assert relay.told(b"AUTH") == []


def test_a_relay_that_freezes_over_tls_leaves_no_open_connection(trusted: None) -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def greet_and_freeze() -> socket.socket:
        accepted = server_tls().wrap_socket(listening.accept()[0], server_side=True)
        accepted.sendall(b"220 relay.test\r\n")
        return accepted

    with listening, ThreadPoolExecutor(1) as pool:
        frozen = pool.submit(greet_and_freeze)
        relay = SmtpUrl("localhost", listening.getsockname()[1], "tls")
        result = asyncio.run(refused(relay, HASTY))
        gc.collect()  # speaks up about every socket left open
        frozen.result().close()
    assert (result.stage, result.verdict) == (Stage.HELLO, Verdict.RELAY_DOWN)


def test_a_relay_that_offers_no_login_is_our_fault(trusted: None) -> None:
    with Smtpd(security="tls") as relay:
        result = asyncio.run(refused(replace(relay.relay, user="notices", password="only a test")))
    assert (result.stage, result.verdict) == (Stage.AUTH, Verdict.OUR_FAULT)


@pytest.mark.parametrize(
    ("act", "verdict"),
    [
        (On("auth", b"535 5.7.8 wrong"), Verdict.OUR_FAULT),
        (On("auth", b"454 4.7.0 later"), Verdict.OUR_FAULT),
        (On("auth", b"504 5.5.4 never heard of"), Verdict.OUR_FAULT),
        (On("auth", b"421 4.3.2 closing"), Verdict.RELAY_DOWN),
        (On("auth", silent=True), Verdict.RELAY_DOWN),
        (On("auth", drop=True), Verdict.RELAY_DOWN),
        (On("auth", b"garbage"), Verdict.RELAY_DOWN),
    ],
    ids=named,
)
def test_a_failing_login_sends_no_mail_and_charges_nobody(trusted: None, act: On, verdict: Verdict) -> None:
    with Smtpd(security="tls", script=[act], **SECRET) as relay:
        result = asyncio.run(refused(relay.relay, replace(PATIENT, command=0.4)))
    assert (result.stage, result.verdict) == (Stage.AUTH, verdict)
    assert relay.told(b"MAIL") == []
    assert SECRET["password"] not in repr(result)
