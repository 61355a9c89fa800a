import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from conversation import ANN, BEN, CONTENT, HASTY, SENDER, connected, exchange, people, yes
from hypothesis import given, settings
from hypothesis import strategies as st
from relay import On, Smtpd

from dispatcher.delivery.smtp import Result, Timeouts, send
from dispatcher.formats.verdicts import Stage, Verdict
from dispatcher.parsing import SmtpUrl


async def no() -> bool:
    return False


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
    async def last_one(relay: SmtpUrl) -> tuple[Result | None, bool]:
        connection = await connected(relay, HASTY, messages=1)
        result = await send(connection, ANN, yes)
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
    with Smtpd(extensions=()) as relay:
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
        results = asyncio.run(exchange(relay.relay, replace(ANN, content=content), BEN))
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
            asyncio.run(exchange(relay.relay, replace(ANN, content=content)))
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
        results = asyncio.run(exchange(relay.relay, replace(ANN, **unfit), BEN))
    assert [one.verdict for one in results] == [verdict, Verdict.ACCEPTED]
    assert len(relay.told(b"MAIL")) == len(relay.told(b"RCPT")) == 1
    assert [one.recipient for one in relay.messages] == ["ben@example.org"]


# --- between RCPT and content ---


def test_the_content_waits_for_the_commit() -> None:
    seen: list[bytes] = []

    async def committed(relay: Smtpd) -> None:
        connection = await connected(relay.relay)

        async def look() -> bool:
            seen.extend(line for _, line in relay.commands)
            return True

        await send(connection, ANN, look)
        await connection.quit()

    with Smtpd() as relay:
        asyncio.run(committed(relay))
    assert [line[:4] for line in seen] == [b"EHLO", b"MAIL", b"RCPT"]
    assert len(relay.messages) == 1


def test_a_withdrawn_message_sends_nothing_and_the_next_one_goes_on_the_same_connection() -> None:
    async def withdrawn(relay: SmtpUrl) -> list[Result | None]:
        connection = await connected(relay)
        results = [await send(connection, ANN, no), await send(connection, BEN, yes)]
        await connection.quit()
        return results

    with Smtpd() as relay:
        first, second = asyncio.run(withdrawn(relay.relay))
    assert first is None
    assert second.verdict is Verdict.ACCEPTED
    assert [(one.recipient, one.connection) for one in relay.messages] == [("ben@example.org", 1)]
    assert len(relay.told(b"RSET")) == len(relay.told(b"DATA")) == 1


def test_a_commit_that_fails_leaves_no_half_message_behind() -> None:
    async def fails() -> bool:
        raise ConnectionResetError("the database is away")

    async def failing(relay: SmtpUrl) -> bool:
        connection = await connected(relay)
        with pytest.raises(ConnectionResetError, match="database"):
            await send(connection, ANN, fails)
        return connection.usable

    with Smtpd() as relay:
        assert asyncio.run(failing(relay.relay)) is False
    assert relay.told(b"DATA") == relay.messages == []


def test_cancelling_while_the_relay_thinks_closes_the_connection() -> None:
    async def cancelled(relay: SmtpUrl) -> bool:
        connection = await connected(relay, Timeouts())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await send(connection, ANN, yes)
        return connection.usable

    with Smtpd(script=[On("content", silent=True)]) as relay:
        assert asyncio.run(cancelled(relay.relay)) is False


def test_a_relay_that_leaves_during_the_commit_is_down_and_nothing_is_in_doubt() -> None:
    async def left(relay: Smtpd) -> Result | None:
        connection = await connected(relay.relay)

        async def slow_commit() -> bool:
            await asyncio.to_thread(relay.stop)
            return True

        return await send(connection, ANN, slow_commit)

    with Smtpd() as relay:
        result = asyncio.run(left(relay))
    assert (result.stage, result.verdict) == (Stage.DATA, Verdict.RELAY_DOWN)
