import asyncio
import contextlib
from collections.abc import Callable

import pytest
from acts import On
from conversation import ANN, BEN, CONTENT, HASTY, SENDER, connected, exchange, people
from hypothesis import given, settings
from hypothesis import strategies as st
from relay import Smtpd

from dispatcher.delivery.connection import Result, Timeouts, send
from dispatcher.formats.verdicts import Stage, Verdict
from dispatcher.parsing import SmtpUrl

# --- a good day ---


def test_a_message_is_accepted_with_the_reply_and_its_duration(run: Callable) -> None:
    with Smtpd() as relay:
        [result] = run(exchange(relay.relay, ANN))
    assert result.verdict is Verdict.ACCEPTED
    assert (result.stage, result.reply.code, result.reply.text) == (Stage.CONTENT, 250, "2.0.0 queued as 1")
    assert result.duration_ms >= 0
    [message] = relay.messages
    assert (message.sender, message.recipient, message.content) == (SENDER, "ann@example.org", CONTENT)


def test_many_messages_share_one_connection_with_one_ehlo() -> None:
    with Smtpd() as relay:
        results = asyncio.run(exchange(relay.relay, *people(20)))
    assert {one.verdict for one in results} == {Verdict.ACCEPTED}
    assert relay.connections == len(relay.told(b"EHLO")) == len(relay.told(b"QUIT")) == 1
    assert relay.told(b"EHLO") == [b"EHLO dispatcher.test"]
    assert len(relay.messages) == 20


def test_quit_is_said_after_n_messages_and_the_rest_go_on_a_new_connection() -> None:
    with Smtpd() as relay:
        asyncio.run(exchange(relay.relay, *people(7), messages=3))
    assert [one.connection for one in relay.messages] == [1, 1, 1, 2, 2, 2, 3]
    assert len(relay.told(b"QUIT")) == 3


def test_the_outcome_of_the_last_message_does_not_wait_for_the_goodbye() -> None:
    async def last_one(relay: SmtpUrl) -> tuple[Result, bool]:
        connection = await connected(relay, HASTY, messages=1)
        result = await send(connection, ANN)
        usable = connection.usable
        await connection.quit()
        return result, usable

    with Smtpd(script=[On("quit", silent=True)]) as relay:
        result, usable = asyncio.run(last_one(relay.relay))
    assert result.verdict is Verdict.ACCEPTED
    assert result.duration_ms < 300
    assert not usable


def test_quit_twice_is_harmless() -> None:
    async def twice(relay: SmtpUrl) -> None:
        connection = await connected(relay)
        await connection.quit()
        await connection.quit()

    with Smtpd() as relay:
        asyncio.run(twice(relay.relay))
    assert len(relay.told(b"QUIT")) == 1


def test_size_is_told_only_to_a_relay_that_asks_for_it() -> None:
    with Smtpd() as relay:
        asyncio.run(exchange(relay.relay, ANN))
    assert relay.told(b"MAIL") == [f"MAIL FROM:<{SENDER}> SIZE={len(CONTENT)}".encode()]
    with Smtpd(extensions=("PIPELINING",)) as relay:
        asyncio.run(exchange(relay.relay, ANN))
    assert relay.told(b"MAIL") == [f"MAIL FROM:<{SENDER}>".encode()]


# --- the bytes ---

AWKWARD = {
    "plain": CONTENT,
    "a line that begins with a dot": b"Subject: x\r\n\r\n.hidden\r\n..\r\n.\r\nand on\r\n",
    "a first line that begins with a dot": b".first\r\n",
    "only a dot": b".\r\n",
    "an encoded dot": b"Subject: x\r\n\r\n=2Ehidden=\r\n=2E\r\n",
    "a very long line": b"Subject: x\r\n\r\n" + b"x" * 70_000 + b"\r\n",
    "a long folded link": b"List-Unsubscribe: <https://example.gov/u/" + b"t" * 200 + b">\r\n\r\n.\r\n",
    "empty lines at the end": b"Subject: x\r\n\r\n\r\n\r\n\r\n",
    "bytes beyond ASCII": b"Subject: x\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
    "half a megabyte": b"Subject: x\r\n\r\n" + b"0123456789" * 7 * 7_500 + b"\r\n",
}


@pytest.mark.parametrize("content", AWKWARD.values(), ids=AWKWARD.keys())
def test_the_relay_gets_exactly_the_bytes_handed_over(content: bytes) -> None:
    with Smtpd() as relay:
        results = asyncio.run(exchange(relay.relay, ANN._replace(content=content), BEN))
    assert [one.verdict for one in results] == [Verdict.ACCEPTED] * 2
    assert [one.content for one in relay.messages] == [content, CONTENT]


def test_any_lines_arrive_as_they_were() -> None:
    lines = st.lists(
        st.sampled_from([b"", b".", b"..", b". x", b"x.", b"text", b".\xff"]), min_size=1, max_size=8
    )

    with Smtpd() as relay:

        @settings(max_examples=40, deadline=None)
        @given(lines)
        def arrives(found: list[bytes]) -> None:
            content = b"".join(line + b"\r\n" for line in found)
            asyncio.run(exchange(relay.relay, ANN._replace(content=content)))
            assert relay.messages[-1].content == content

        arrives()


@pytest.mark.parametrize(
    ("unfit", "verdict"),
    [
        ({"recipient": "ann@example.org> SIZE=1"}, Verdict.BUG),
        ({"recipient": "ann@example.org\r\nRCPT TO:<eve@example.org"}, Verdict.BUG),
        ({"recipient": "änn@example.org"}, Verdict.BUG),
        ({"sender": "b@example.gov\0"}, Verdict.BUG),
        ({"content": b"Subject: x\r\n\r\nno end"}, Verdict.CONTENT),
        ({"content": b""}, Verdict.CONTENT),
    ],
)
def test_what_could_forge_commands_never_reaches_the_wire(unfit: dict, verdict: Verdict) -> None:
    with Smtpd() as relay:
        results = asyncio.run(exchange(relay.relay, ANN._replace(**unfit), BEN))
    assert [one.verdict for one in results] == [verdict, Verdict.ACCEPTED]
    assert len(relay.told(b"MAIL")) == len(relay.told(b"RCPT")) == 1
    assert [one.recipient for one in relay.messages] == ["ben@example.org"]


# --- one round trip a message ---


def test_the_next_envelope_travels_behind_the_content_in_one_write() -> None:
    """Seen by a relay that answers nothing to the content for a while: it has the next envelope all the same."""
    with Smtpd(script=[On("content", wait=0.1, nth=1)]) as relay:
        results = asyncio.run(exchange(relay.relay, ANN, BEN))
    assert [one.verdict for one in results] == [Verdict.ACCEPTED] * 2
    assert relay.behind == [3, 0]  # lines that were there before the reply to the content: MAIL, RCPT, DATA


def test_a_relay_without_pipelining_is_asked_step_by_step() -> None:
    with Smtpd(extensions=("SIZE 10485760",)) as relay:
        results = asyncio.run(exchange(relay.relay, *people(3)))
    assert [one.verdict for one in results] == [Verdict.ACCEPTED] * 3
    assert set(relay.behind) == {0}


# --- between RCPT and content ---


def test_no_content_leaves_before_it_is_handed_over() -> None:
    async def invited(relay: Smtpd) -> list[bytes]:
        connection = await connected(relay.relay)
        connection.offer(ANN)
        assert await connection.invited() is None
        await asyncio.sleep(0.05)
        told = [line[:4] for _, line in relay.commands]
        connection.hand_over()
        await connection.concluded()
        await connection.quit()
        return told

    with Smtpd() as relay:
        assert asyncio.run(invited(relay)) == [b"EHLO", b"MAIL", b"RCPT", b"DATA"]
    assert len(relay.messages) == 1


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
def test_a_message_that_is_withdrawn_in_time_leaves_nothing_at_the_relay(extensions: tuple[str, ...]) -> None:
    async def withdrawn(relay: SmtpUrl) -> bool:
        connection = await connected(relay)
        connection.offer(ANN)
        assert await connection.invited() is None
        connection.drop()  # no dot: a lone one would deliver an empty mail
        return connection.alive

    with Smtpd(extensions=extensions) as relay:
        assert asyncio.run(withdrawn(relay.relay)) is False
        assert [one.verdict for one in asyncio.run(exchange(relay.relay, BEN))] == [Verdict.ACCEPTED]
    assert [one.recipient for one in relay.messages] == ["ben@example.org"]


def test_cancelling_while_the_relay_thinks_leaves_a_connection_that_can_be_dropped() -> None:
    async def cancelled(relay: SmtpUrl) -> bool:
        connection = await connected(relay, Timeouts())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await send(connection, ANN)
        connection.drop()
        return connection.usable

    with Smtpd(script=[On("content", silent=True)]) as relay:
        assert asyncio.run(cancelled(relay.relay)) is False


def test_a_relay_that_leaves_before_the_content_is_down_and_nothing_is_in_doubt() -> None:
    async def left(relay: Smtpd) -> Result:
        connection = await connected(relay.relay)
        connection.offer(ANN)
        assert await connection.invited() is None
        await asyncio.to_thread(relay.stop)
        await asyncio.sleep(0.05)
        connection.hand_over()
        return await connection.concluded()

    with Smtpd() as relay:
        result = asyncio.run(left(relay))
    assert (result.stage, result.verdict) == (Stage.DATA, Verdict.RELAY_DOWN)


# --- what we ask the relay to report ---


def test_a_relay_that_reports_is_asked_for_failures_with_our_name_for_the_copy() -> None:
    named = ANN._replace(ident="abc.7", recipient="ann+tag@example.org")
    with Smtpd(extensions=("PIPELINING", "DSN")) as relay:
        asyncio.run(exchange(relay.relay, named))
    assert relay.told(b"MAIL") == [f"MAIL FROM:<{SENDER}> RET=HDRS ENVID=abc.7".encode()]
    assert relay.told(b"RCPT") == [
        b"RCPT TO:<ann+tag@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ann+2Btag@example.org"
    ]
    assert [one.recipient for one in relay.messages] == ["ann+tag@example.org"]
