import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.formats.verdicts import (
    REPLY_BYTES,
    TABLE,
    Reply,
    Stage,
    Verdict,
    clean_reply,
    consequence,
    judge,
)

BEFORE_MAIL = (Stage.CONNECT, Stage.HELLO, Stage.AUTH)
NAMED = (Stage.RCPT, Stage.DATA, Stage.CONTENT)  # the relay knows the recipient
EVERY = tuple(Stage)

# The table of verdicts as people know it, row by row: stages, code, text, verdict.
ROWS = {
    "2xx after the dot is accepted": [
        ((Stage.CONTENT,), 250, "2.0.0 queued", Verdict.ACCEPTED),
        ((Stage.CONTENT,), 299, "", Verdict.ACCEPTED),
    ],
    "a refused banner or EHLO is the relay's trouble": [
        ((Stage.CONNECT, Stage.HELLO), 421, "4.3.2 busy", Verdict.RELAY_DOWN),
        ((Stage.CONNECT, Stage.HELLO), 554, "5.7.1 go away", Verdict.RELAY_DOWN),
        ((Stage.CONNECT, Stage.HELLO), 530, "5.7.0 STARTTLS first", Verdict.RELAY_DOWN),
    ],
    "a code that cannot stand there means out of step": [
        ((Stage.MAIL, Stage.RCPT, Stage.DATA), 334, "go on", Verdict.RELAY_DOWN),
        ((Stage.DATA,), 250, "ok", Verdict.RELAY_DOWN),
        ((Stage.CONTENT,), 354, "go on", Verdict.IN_DOUBT),
    ],
    "421 is judged like any other 4xx": [
        ((Stage.MAIL,), 421, "4.3.2 closing", Verdict.RELAY_DOWN),
        (NAMED, 421, "4.3.2 closing", Verdict.LATER),
        (NAMED, 421, "", Verdict.LATER),
        (NAMED, 421, "4.7.28 rate", Verdict.POLICY),
    ],
    "credentials are our fault": [
        ((Stage.AUTH, Stage.MAIL, *NAMED), 530, "5.7.0 log in", Verdict.OUR_FAULT),
        ((Stage.AUTH, Stage.MAIL, *NAMED), 535, "", Verdict.OUR_FAULT),
        ((Stage.AUTH, Stage.MAIL, *NAMED), 538, "5.7.11 encrypt", Verdict.OUR_FAULT),
        ((Stage.AUTH, Stage.MAIL, *NAMED), 454, "4.7.0 later", Verdict.OUR_FAULT),
        ((Stage.AUTH,), 504, "5.5.4 which?", Verdict.OUR_FAULT),
        ((Stage.AUTH,), 432, "4.7.12 change it", Verdict.RELAY_DOWN),
        ((Stage.AUTH,), 454, "", Verdict.RELAY_DOWN),
    ],
    "nobody there": [
        (NAMED, 550, "5.1.1 nobody", Verdict.GONE),
        (NAMED, 550, "5.1.2 no host", Verdict.GONE),
        (NAMED, 553, "5.1.3 syntax", Verdict.GONE),
        (NAMED, 551, "5.1.6 moved", Verdict.GONE),
        (NAMED, 556, "5.1.10 null MX", Verdict.GONE),
        (NAMED, 550, "5.2.1 disabled", Verdict.GONE),
        (NAMED, 554, "#5.1.1 nobody", Verdict.GONE),
        (NAMED, 554, "sorry, no mailbox here by that name (#5.1.1)", Verdict.GONE),
    ],
    "a refused sender is our fault and ends no subscriber": [
        ((Stage.MAIL, *NAMED), 550, "5.1.7 bad sender", Verdict.OUR_FAULT),
        ((Stage.MAIL, *NAMED), 550, "5.1.8 bad sender", Verdict.OUR_FAULT),
        ((Stage.MAIL,), 550, "", Verdict.OUR_FAULT),
        ((Stage.MAIL,), 553, "5.1.2 your domain", Verdict.OUR_FAULT),
        ((Stage.MAIL,), 501, "5.5.4 parameters", Verdict.OUR_FAULT),
        ((Stage.MAIL,), 554, "", Verdict.OUR_FAULT),
        ((Stage.MAIL,), 554, "5.7.1 no", Verdict.POLICY),
    ],
    "too big": [
        ((Stage.MAIL, *NAMED), 552, "5.3.4 size", Verdict.TOO_BIG),
        ((Stage.MAIL,), 500, "5.3.4 size", Verdict.TOO_BIG),
        (NAMED, 550, "5.2.3 length", Verdict.TOO_BIG),
        ((Stage.MAIL, Stage.DATA, Stage.CONTENT), 552, "", Verdict.TOO_BIG),
    ],
    "protocol, content, policy": [
        (NAMED, 503, "5.5.1 sequence", Verdict.BUG),
        (NAMED, 554, "5.6.0 malformed", Verdict.CONTENT),
        (NAMED, 550, "5.7.26 no DMARC", Verdict.POLICY),
        (NAMED, 450, "4.7.1 greylisted", Verdict.POLICY),
        ((Stage.MAIL,), 451, "4.7.1 greylisted", Verdict.POLICY),
    ],
    "too many on one connection": [((Stage.MAIL, *NAMED), 452, "4.5.3 too many", Verdict.RECONNECT)],
    "at MAIL any other 4xx is the relay's trouble": [
        ((Stage.MAIL,), 451, "", Verdict.RELAY_DOWN),
        ((Stage.MAIL,), 452, "4.3.1 full", Verdict.RELAY_DOWN),
    ],
    "any other enhanced code": [
        (NAMED, 450, "4.2.1 rate", Verdict.LATER),
        (NAMED, 452, "4.2.2 full", Verdict.LATER),
        (NAMED, 451, "4.4.1 no answer", Verdict.LATER),
        (NAMED, 552, "5.2.2 full", Verdict.BOUNCED),
        (NAMED, 550, "5.4.1 no route", Verdict.BOUNCED),
        (NAMED, 550, "5.0.0 no", Verdict.BOUNCED),
    ],
    "bare at RCPT": [
        ((Stage.RCPT,), 550, "nobody here", Verdict.GONE),
        ((Stage.RCPT,), 551, "", Verdict.BOUNCED),
        ((Stage.RCPT,), 552, "", Verdict.BOUNCED),
        ((Stage.RCPT,), 553, "", Verdict.BOUNCED),
        ((Stage.RCPT,), 554, "", Verdict.POLICY),
    ],
    "bare at DATA or the dot": [
        ((Stage.DATA, Stage.CONTENT), 550, "", Verdict.POLICY),
        ((Stage.DATA, Stage.CONTENT), 554, "spam", Verdict.POLICY),
    ],
    "the rest": [
        (NAMED, 450, "", Verdict.LATER),
        (NAMED, 452, "", Verdict.LATER),
        (NAMED, 501, "", Verdict.BOUNCED),
        ((Stage.DATA, Stage.CONTENT), 553, "", Verdict.BOUNCED),
    ],
}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_table(row: str) -> None:
    for stages, code, text, verdict in ROWS[row]:
        assert {stage: judge(stage, Reply(code, text)) for stage in stages} == dict.fromkeys(stages, verdict)


@pytest.mark.parametrize("stage", EVERY)
def test_silence_is_in_doubt_only_inside_the_content(stage: Stage) -> None:
    assert judge(stage, None) is (Verdict.IN_DOUBT if stage is Stage.CONTENT else Verdict.RELAY_DOWN)


codes = st.one_of(st.integers(-1, 1000), st.integers(400, 599))
enhanced = st.one_of(
    st.just(""), st.builds("{}.{}.{} ".format, st.integers(0, 9), st.integers(0, 8), st.integers(0, 30))
)


@given(st.sampled_from(Stage), codes, enhanced, st.text(max_size=30))
def test_every_reply_at_every_stage_has_exactly_one_verdict(
    stage: Stage, code: int, prefix: str, text: str
) -> None:
    reply = Reply(code, clean_reply(prefix + text))
    first = next(row for row in TABLE if row.matches(stage, str(code), reply.enhanced))
    assert judge(stage, reply) is first.verdict


@given(st.sampled_from(Stage), codes, enhanced)
def test_nothing_is_accepted_but_a_yes_after_the_dot(stage: Stage, code: int, prefix: str) -> None:
    accepted = judge(stage, Reply(code, prefix)) is Verdict.ACCEPTED
    assert accepted == (stage is Stage.CONTENT and 200 <= code <= 299)


@given(st.sampled_from((*BEFORE_MAIL, Stage.MAIL)), codes, enhanced)
def test_before_a_recipient_is_named_nobody_is_gone(stage: Stage, code: int, prefix: str) -> None:
    assert judge(stage, Reply(code, prefix)) is not Verdict.GONE


@given(st.sampled_from(Stage), st.integers(400, 499), enhanced)
def test_a_temporary_code_never_ends_a_delivery(stage: Stage, code: int, prefix: str) -> None:
    reply = Reply(code, prefix)
    assert consequence(judge(stage, reply), reply).state == "pending"


def test_every_row_of_the_table_can_be_reached() -> None:
    texts = ["", *(f"{a}.{b}.{c} x" for a in (4, 5) for b in range(8) for c in (0, 1, 3, 4, 7))]
    codes = (0, 250, 421, 450, 454, 500, 530, 550, 551, 552, 554)
    replies = {(str(code), Reply(code, text).enhanced) for code in codes for text in texts}
    reached = {
        next(at for at, row in enumerate(TABLE) if row.matches(stage, *reply))
        for stage in Stage
        for reply in replies
    }
    assert reached == set(range(len(TABLE)))


# --- enhanced codes ---


@pytest.mark.parametrize(
    ("code", "text", "found"),
    [
        (550, "5.1.1 nobody", "5.1.1"),
        (550, "5.1.10", "5.1.10"),
        (550, "#5.1.0 rejected", "5.1.0"),
        (550, "no such user (#5.1.1)", "5.1.1"),
        (550, "5.01.001 padded", "5.1.1"),
        (250, "2.0.0 ok", "2.0.0"),
        (550, "nobody", ""),
        (550, "5.1.1.7 is listed", ""),
        (550, "the address 5.1.1 was not found", ""),
        (550, "5.1", ""),
        (550, "3.1.1 no such class", ""),
        (450, "5.1.1 contradiction", "4.1.1"),
        (550, "4.2.2 contradiction", "4.2.2"),
    ],
)
def test_the_enhanced_code_stands_at_the_beginning_or_in_brackets(code: int, text: str, found: str) -> None:
    assert Reply(code, text).enhanced == found


def test_two_codes_that_contradict_each_other_count_as_the_gentler() -> None:
    assert judge(Stage.RCPT, Reply(450, "5.1.1 nobody")) is Verdict.LATER
    assert judge(Stage.RCPT, Reply(550, "4.2.2 full")) is Verdict.LATER
    assert Reply(550, "4.2.2 full").temporary


# --- cleaning ---


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (b"2.0.0 Ok: queued", "2.0.0 Ok: queued"),
        (b"one\r\ntwo\tthree", "one two three"),
        (b"nul\0 bell\a esc\x1b[1m del\x7f", "nul bell esc[1m del"),
        (b"\xe9t\xe9", "\ufffdt\ufffd"),
        ("\udce9t\udce9", "t"),
        ("\u202etxt.exe", "txt.exe"),
        ("été", "été"),
        ("", ""),
    ],
)
def test_a_reply_is_cleaned(raw: str | bytes, clean: str) -> None:
    assert clean_reply(raw) == clean


@given(st.one_of(st.binary(max_size=3_000), st.text(st.characters(), max_size=3_000)))
def test_a_clean_reply_can_be_stored_and_shown_anywhere(raw: str | bytes) -> None:
    clean = clean_reply(raw)
    assert len(clean.encode()) <= REPLY_BYTES
    assert clean.isprintable()
    assert clean_reply(clean) == clean


def test_a_long_reply_is_cut_between_characters() -> None:
    assert clean_reply("é" * 2_000) == "é" * 512
    assert clean_reply("x" + "é" * 2_000) == "x" + "é" * 511
