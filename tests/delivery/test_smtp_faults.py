import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from acts import On
from conversation import ANN, BEN, CONTENT, HASTY, PATIENT, connected, exchange, named, people
from relay import Smtpd

from dispatcher.delivery.connection import Result, Timeouts, send
from dispatcher.formats.verdicts import Stage, Verdict
from dispatcher.parsing import SmtpUrl

# Whether the next envelope travels behind a content or not, a fault means the same.
BOTH = pytest.mark.parametrize(
    "extensions", [("PIPELINING", "SIZE 10485760"), ("SIZE 10485760",)], ids=["pipelined", "step by step"]
)

# --- refusals: the verdict, and the neighbours on the same connection ---

REFUSALS = [
    (On("mail", b"451 4.3.0 not now", nth=1), Stage.MAIL, Verdict.RELAY_DOWN),
    (On("mail", b"550 no such sender", nth=1), Stage.MAIL, Verdict.OUR_FAULT),
    (On("mail", b"530 5.7.0 log in first", nth=1), Stage.MAIL, Verdict.OUR_FAULT),
    (On("mail", b"552 too big", nth=1), Stage.MAIL, Verdict.TOO_BIG),
    (On("rcpt", b"450 4.2.1 slow down", recipient="ann"), Stage.RCPT, Verdict.LATER),
    (On("rcpt", b"451 greylisted", recipient="ann"), Stage.RCPT, Verdict.LATER),
    (On("rcpt", b"452 4.2.2 full", recipient="ann"), Stage.RCPT, Verdict.LATER),
    (On("rcpt", b"452 4.5.3 too many", recipient="ann"), Stage.RCPT, Verdict.RECONNECT),
    (On("rcpt", b"550 5.1.1 nobody", recipient="ann"), Stage.RCPT, Verdict.GONE),
    (On("rcpt", b"550-5.1.1 nobody\r\n550 5.1.1 here", recipient="ann"), Stage.RCPT, Verdict.GONE),
    (On("rcpt", b"552 5.2.2 full", recipient="ann"), Stage.RCPT, Verdict.BOUNCED),
    (On("rcpt", b"550 5.7.26 no DMARC", recipient="ann"), Stage.RCPT, Verdict.POLICY),
    (On("rcpt", b"550 no", recipient="ann"), Stage.RCPT, Verdict.GONE),
    (On("rcpt", b"503 5.5.1 what?", recipient="ann"), Stage.RCPT, Verdict.BUG),
    (On("rcpt", b"421 4.7.0 slow down", recipient="ann"), Stage.RCPT, Verdict.POLICY),
    (On("data", b"451 4.3.0 not now", recipient="ann"), Stage.DATA, Verdict.LATER),
    (On("data", b"554 no valid recipients", recipient="ann"), Stage.DATA, Verdict.POLICY),
    (On("content", b"451 4.3.0 not now", recipient="ann"), Stage.CONTENT, Verdict.LATER),
    (On("content", b"550 5.1.1 nobody", recipient="ann"), Stage.CONTENT, Verdict.GONE),
    (On("content", b"552 5.3.4 too big", recipient="ann"), Stage.CONTENT, Verdict.TOO_BIG),
    (On("content", b"554 5.6.0 malformed", recipient="ann"), Stage.CONTENT, Verdict.CONTENT),
    (On("content", b"554 spam", recipient="ann"), Stage.CONTENT, Verdict.POLICY),
    (On("content", b"421 4.3.2 closing", recipient="ann"), Stage.CONTENT, Verdict.LATER),
]
CLOSED_AFTER = {Verdict.RELAY_DOWN, Verdict.OUR_FAULT, Verdict.RECONNECT, Verdict.BUG}


@BOTH
@pytest.mark.parametrize(("act", "stage", "verdict"), REFUSALS, ids=named)
def test_a_refusal_has_its_verdict_and_its_neighbour_is_delivered(
    act: On, stage: Stage, verdict: Verdict, extensions: tuple[str, ...]
) -> None:
    with Smtpd(script=[act], extensions=extensions) as relay:
        first, second = asyncio.run(exchange(relay.relay, ANN, BEN))
    assert (first.stage, first.verdict) == (stage, verdict)
    assert first.reply.code == int(act.say[:3])
    assert second.verdict is Verdict.ACCEPTED
    assert [one.recipient for one in relay.messages] == ["ben@example.org"]
    closes = verdict in CLOSED_AFTER or act.say.startswith(b"421")
    assert relay.messages[0].connection == (2 if closes else 1)
    assert len(relay.told(b"RSET")) == (0 if closes or stage is Stage.CONTENT else 1)


def test_a_relay_that_will_not_reset_is_left() -> None:
    script = [On("rcpt", b"550 5.1.1 nobody", recipient="ann"), On("rset", b"502 5.5.1 what?")]
    with Smtpd(script=script) as relay:
        first, second = asyncio.run(exchange(relay.relay, ANN, BEN))
    assert (first.verdict, second.verdict) == (Verdict.GONE, Verdict.ACCEPTED)
    assert relay.messages[0].connection == 2


def test_421_after_some_messages_means_a_new_connection_and_loses_nobody() -> None:
    with Smtpd(script=[On("mail", b"421 4.7.0 enough for one connection", after=3)]) as relay:
        results = asyncio.run(exchange(relay.relay, *people(4), *people(1)))
    assert [one.verdict for one in results] == [*[Verdict.ACCEPTED] * 3, Verdict.RECONNECT, Verdict.ACCEPTED]
    assert [one.connection for one in relay.messages] == [1, 1, 1, 2]


# --- silence: before the content nothing was sent, inside it nobody knows ---

ENDLESS = b"250-never ends\r\n" * 6_000


@BOTH
@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
@pytest.mark.parametrize(
    "act",
    [
        On("", silent=True),
        On("", drop=True),
        On("", b"no code at all"),
        On("", b"2x0 ok"),
        On("", b"199 what?"),
        On("", ENDLESS),
        On("", b"334 go on\r\n250 ok"),
        On("", b"250-half a reply", drop=True),
    ],
    ids=named,
)
def test_silence_before_the_content_is_relay_down_and_closes(
    stage: Stage, act: On, extensions: tuple[str, ...]
) -> None:
    with Smtpd(script=[replace(act, stage=stage.value, nth=1)], extensions=extensions) as relay:
        first, second = asyncio.run(exchange(relay.relay, ANN, BEN, timeouts=HASTY))
    assert (first.stage, first.verdict) == (stage, Verdict.RELAY_DOWN)
    assert first.problem or first.reply
    assert second.verdict is Verdict.ACCEPTED
    assert [(one.recipient, one.connection) for one in relay.messages] == [("ben@example.org", 2)]


@BOTH
@pytest.mark.parametrize(
    ("act", "stored"),
    [
        (On("content", at_byte=0), 0),
        (On("content", at_byte=7), 0),
        (On("content", at_byte=len(CONTENT) + 2), 0),
        (On("content", drop=True), 0),
        (On("content", drop=True, store=True), 1),
        (On("content", silent=True, store=True), 1),
        (On("content", wait=60), 0),
        (On("content", b"what?", store=True), 1),
        (On("content", b"-250 ok", store=True), 1),
        (On("content", b"354 again", store=True), 1),
        (On("content", ENDLESS, store=True), 1),
    ],
    ids=named,
)
def test_silence_after_the_first_byte_of_content_is_in_doubt_and_closes(
    act: On, stored: int, extensions: tuple[str, ...]
) -> None:
    with Smtpd(script=[replace(act, recipient="ann")], extensions=extensions) as relay:
        first, second = asyncio.run(exchange(relay.relay, ANN, BEN, timeouts=HASTY))
    assert (first.stage, first.verdict) == (Stage.CONTENT, Verdict.IN_DOUBT)
    assert first.problem or first.reply.code == 354
    assert second.verdict is Verdict.ACCEPTED
    assert [one.recipient for one in relay.messages].count("ann@example.org") == stored
    assert relay.connections == 2


def test_a_relay_that_hangs_up_in_answer_to_data_leaves_nothing_in_doubt() -> None:
    with Smtpd(script=[On("data", drop=True)]) as relay:
        [result] = asyncio.run(exchange(relay.relay, ANN))
    assert (result.stage, result.verdict) == (Stage.DATA, Verdict.RELAY_DOWN)


def test_a_late_250_is_accepted_once() -> None:
    """In miniature: a relay that thinks longer than the time for commands, and shorter than that for the content."""
    patient = replace(PATIENT, command=0.2)
    with Smtpd(script=[On("content", wait=0.3, recipient="ann")]) as relay:
        first, second = asyncio.run(exchange(relay.relay, ANN, BEN, timeouts=patient))
    assert first.verdict is second.verdict is Verdict.ACCEPTED
    assert first.duration_ms >= 300
    assert len(relay.messages) == 2


def test_in_production_the_dot_has_ten_minutes() -> None:
    assert (Timeouts().connect, Timeouts().command, Timeouts().content) == (30, 300, 600)


# --- odd replies ---


@pytest.mark.parametrize(
    ("say", "text"),
    [
        (b"250-2.0.0 one\r\n250-two\r\n250 three", "2.0.0 one two three"),
        (b"250 gr\xfc\xdfe", "gr\ufffd\ufffde"),
        (b"250 nul\0 esc\x1b[31m bell\a", "nul esc[31m bell"),
        (b"250", ""),
        (b"250 bare line end\n", "bare line end"),
        (b"250 " + b"x" * 9_000, "x" * 1_024),
        (b"250-" + b"y" * 600 + b"\r\n250 " + b"z" * 600, "y" * 600 + " " + "z" * 423),
    ],
    ids=["many lines", "not UTF-8", "control characters", "no text", "bare LF", "9 KB", "long lines"],
)
def test_an_odd_yes_is_cleaned_and_accepted(run: Callable, say: bytes, text: str) -> None:
    with Smtpd(script=[On("content", say, nth=1)]) as relay:
        first, second = run(exchange(relay.relay, ANN, BEN))
    assert first.verdict is second.verdict is Verdict.ACCEPTED
    assert first.reply.text == text
    assert relay.connections == 1


def test_a_stray_line_after_the_yes_is_accepted_and_closes() -> None:
    script = [On("content", b"250 2.0.0 ok\r\n250 2.0.0 ok", nth=1)]
    with Smtpd(script=script, extensions=()) as relay:
        first, second = asyncio.run(exchange(relay.relay, ANN, BEN))
    assert first.verdict is second.verdict is Verdict.ACCEPTED
    assert [one.connection for one in relay.messages] == [1, 2]


def test_a_stray_line_with_the_354_is_noticed_before_any_content_leaves() -> None:
    with Smtpd(script=[On("data", b"354 go on\r\n250 2.0.0 ok", nth=1)]) as relay:
        first, second = asyncio.run(exchange(relay.relay, ANN, BEN))
    assert (first.stage, first.verdict) == (Stage.DATA, Verdict.RELAY_DOWN)
    assert "out of step" in first.problem
    assert second.verdict is Verdict.ACCEPTED
    assert [one.recipient for one in relay.messages] == ["ben@example.org"]


def test_a_goodbye_between_two_messages_is_seen_before_the_next_one() -> None:
    async def idle(relay: SmtpUrl) -> tuple[bool, Result]:
        connection = await connected(relay)
        await send(connection, ANN)
        await asyncio.sleep(0.1)
        return connection.usable, await send(connection, BEN)

    with Smtpd(script=[On("content", then=b"421 4.4.2 idle too long")]) as relay:
        usable, after = asyncio.run(idle(relay.relay))
    assert not usable
    assert (after.stage, after.verdict) == (Stage.MAIL, Verdict.RELAY_DOWN)
    assert "idle too long" in after.problem


def test_a_stray_line_during_the_commit_keeps_the_content_back() -> None:
    async def strayed(relay: SmtpUrl) -> Result:
        connection = await connected(relay)
        connection.offer(ANN)
        noticed = await connection.invited()
        if noticed is not None:
            return noticed
        await asyncio.sleep(0.1)
        connection.hand_over()
        return await connection.concluded()

    with Smtpd(script=[On("data", then=b"550 5.1.1 nobody after all")]) as relay:
        result = asyncio.run(strayed(relay.relay))
    assert (result.stage, result.verdict) == (Stage.DATA, Verdict.RELAY_DOWN)
    assert relay.messages == []


# --- surprises inside a pipeline ---


def test_a_relay_that_invites_content_for_a_refused_recipient_gets_no_lone_dot() -> None:
    script = [On("rcpt", b"550 5.1.1 nobody", recipient="ben"), On("data", b"354 go on all the same", nth=2)]
    with Smtpd(script=script) as relay:
        results = asyncio.run(exchange(relay.relay, ANN, BEN, *people(1)))
    assert [one.verdict for one in results] == [Verdict.ACCEPTED, Verdict.GONE, Verdict.ACCEPTED]
    assert [one.recipient for one in relay.messages] == ["ann@example.org", "p0@example.org"]
    assert relay.connections == 2


def test_when_the_reply_to_the_content_is_lost_only_that_message_is_in_doubt() -> None:
    """The envelope behind it was with the relay already; that message never left, and goes over the next connection."""
    with Smtpd(script=[On("content", drop=True, store=True, nth=2)]) as relay:
        results = asyncio.run(exchange(relay.relay, *people(4)))
    verdicts = [one.verdict for one in results]
    assert verdicts == [Verdict.ACCEPTED, Verdict.IN_DOUBT, Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert [one.recipient for one in relay.messages] == [f"p{n}@example.org" for n in range(4)]


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_when_the_reply_to_an_envelope_is_lost_the_message_before_it_is_known(stage: str) -> None:
    with Smtpd(script=[On(stage, drop=True, nth=2)]) as relay:
        results = asyncio.run(exchange(relay.relay, *people(3)))
    assert [one.verdict for one in results] == [Verdict.ACCEPTED, Verdict.RELAY_DOWN, Verdict.ACCEPTED]
    assert [one.recipient for one in relay.messages] == ["p0@example.org", "p2@example.org"]


def test_one_reply_too_many_is_noticed_before_another_content_leaves() -> None:
    """Every reply from there on stands one place too early: the one to DATA is no 354, whatever the recipient."""
    with Smtpd(script=[On("content", b"250 2.0.0 ok\r\n250 2.0.0 ok", nth=2)]) as relay:
        results = asyncio.run(exchange(relay.relay, *people(4)))
    assert [one.verdict for one in results].count(Verdict.ACCEPTED) == 3
    assert results[2].verdict is Verdict.RELAY_DOWN
    assert [one.recipient for one in relay.messages] == [f"p{n}@example.org" for n in (0, 1, 3)]


def test_a_reply_without_end_is_not_collected_for_ten_minutes() -> None:
    with Smtpd(script=[On("content", ENDLESS)]) as relay:
        [result] = asyncio.run(exchange(relay.relay, ANN))
    assert result.verdict is Verdict.IN_DOUBT
    assert "65536 bytes" in result.problem


def test_one_hanging_recipient_and_one_refused_do_not_hold_up_the_others() -> None:
    script = [On("rcpt", silent=True, recipient="p3@"), On("rcpt", b"550 5.1.1 nobody", recipient="p5@")]
    with Smtpd(script=script) as relay:
        results = asyncio.run(exchange(relay.relay, *people(200), timeouts=HASTY))
    assert results[3].verdict is Verdict.RELAY_DOWN
    assert results[5].verdict is Verdict.GONE
    others = [one.verdict for n, one in enumerate(results) if n not in {3, 5}]
    assert others == [Verdict.ACCEPTED] * 198
