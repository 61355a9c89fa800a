"""What a press prints, for thousands of random people and contents: each copy says what a message written for that person alone would say,
keeps to the rules of mail, and holds nothing of anybody else.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from html import escape
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from letters import Letter, read
from office import AGENCY
from samples import BOUNDARY, LINKS, PLAIN, SENT_AT
from several import WHOLE, entry, sending

from dispatcher.delivery.composition import Press
from dispatcher.delivery.ledger import Claimed
from dispatcher.formats.address import delivery_of
from dispatcher.formats.tickets import Purpose, sign
from dispatcher.messages import kinds, several
from dispatcher.messages.compose import Composed
from dispatcher.messages.contents import Contents
from dispatcher.messages.kinds import BulletinContent, Reason

KEY = "a key for tests alone, 0123456789abcdef"
NONCE = "0a1b2c3d"
TOPICS = 6
WORDS = st.text(st.one_of(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), st.sampled_from(" .=é中😀&<>\"'")), min_size=1, max_size=60)  # fmt: skip
LOCAL = "abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_`{|}~-"


def reasons(words: Sequence[str]) -> list[Reason]:
    return [
        Reason(topic_id=n, topic_name=f"Topic {n}", topic_slug=f"topic-{n}", words=f"it says {kinds.one_line(one)}")
        for n, one in enumerate(words, 1)
    ]  # fmt: skip


def bulletin(content: BulletinContent, about: Sequence[Reason]) -> Composed:
    return kinds.bulletin(content, AGENCY, about, LINKS, sent_at=SENT_AT, boundary=BOUNDARY)


def press(composed: Composed) -> Press:
    return Press(
        stencil=composed.stencil,
        contents=Contents.of(composed.stencil),
        nonce=NONCE,
        sender="notices@example.gov",
        bounce_domain="bounces.example.gov",
        keys=(KEY,),
        system=False,
        grants=Purpose.UNSUBSCRIBE,
    )


def people(chance: Random, count: int, bulletins: Sequence[str] = ()) -> list[Claimed]:
    return [
        Claimed(
            id=chance.randrange(1, 2**40),
            attempt=1,
            mailing=1,
            address=address(chance, number),
            topics=some(chance, [str(n) for n in range(1, TOPICS + 1)]),
            bulletins=some(chance, bulletins) if bulletins else (),
            tries=0,
            doubts=0,
            owed_since=datetime(2026, 1, 5, tzinfo=UTC),
        )
        for number in range(count)
    ]


def address(chance: Random, number: int) -> str:
    """No two of a test's are the end of one another."""
    local = "".join(chance.choices(LOCAL, k=chance.randrange(1, 50))).strip(".").replace("..", "x") or "x"
    return f"{number:05}{local}@{'sub.' * chance.randrange(4)}example.org"


def some(chance: Random, among: Sequence[str]) -> tuple[str, ...]:
    chosen = [one for one in among if chance.random() < 0.5]
    return tuple(chosen or [chance.choice(among)])


def slowly(alone: Composed, row: Claimed) -> Letter:
    """The same message, built from words by the library, for this person."""
    ticket = sign(Purpose.UNSUBSCRIBE, row.id, KEY)
    mail = EmailMessage(policy=SMTP)
    mail["To"] = "somebody@example.org"
    mail.set_content(alone.text.replace("[ticket]", ticket).replace("[address]", row.address))
    page = alone.html.replace("[ticket]", ticket).replace("[address]", escape(row.address))
    mail.add_alternative(page, subtype="html")
    return read(mail.as_bytes())


def assert_as_alone(raw: bytes, alone: Composed, row: Claimed) -> None:
    found, wanted = read(raw), slowly(alone, row)
    assert lines(found.text) == lines(wanted.text)
    assert lines(found.html) == lines(wanted.html)
    ticket = sign(Purpose.UNSUBSCRIBE, row.id, KEY)
    assert str(found.message["To"]) == row.address
    assert found.message["Subject"] == alone.subject
    assert f"{NONCE}.{row.id}@" in found.message["Message-ID"]
    unfolded = re.findall(rb"^List-Unsubscribe: (.*)\r\n", raw, re.MULTILINE)
    assert unfolded == [f"<{LINKS.unsubscribe}{ticket}>".encode()]


def lines(text: str) -> list[str]:
    return text.rstrip().splitlines()


def assert_within_the_rules(raw: bytes) -> None:
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    for line in body.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith(b".")
    for part in read(raw).message.iter_parts():
        for line in str(part.get_payload()).splitlines():
            assert not re.search(r"=(?![0-9A-F]{2}|$)", line)
            assert not line.endswith((" ", "\t"))


def assert_nothing_of_others(copies: dict[Claimed, bytes]) -> None:
    whole = {row: read(raw) for row, raw in copies.items()}
    for row, letter in whole.items():
        said = letter.raw.decode() + letter.text + letter.html
        for other in copies:
            if other is not row:
                assert other.address not in said
                assert escape(other.address) not in said
                assert sign(Purpose.UNSUBSCRIBE, other.id, KEY) not in said
                assert f"{NONCE}.{other.id}" not in said


CONTENTS = st.tuples(
    WORDS.filter(kinds.one_line),
    st.lists(WORDS, min_size=1, max_size=6),
    st.lists(WORDS.filter(kinds.one_line), min_size=TOPICS, max_size=TOPICS),
    st.integers(0, 2**32),
)


def print_for_many(count: int, title: str, body: list[str], why: list[str], seed: int) -> None:
    content = replace(
        PLAIN, title=kinds.one_line(title), body_html="".join(f"<p>{escape(one)}</p>" for one in body)
    )
    about = reasons(why)
    one = press(bulletin(content, about))

    @cache
    def alone(topics: tuple[str, ...]) -> Composed:
        return bulletin(content, [reason for reason in about if str(reason.topic_id) in topics])

    copies = {}
    for row in people(Random(seed), count):
        envelope = one.print(row)
        assert envelope.recipient == row.address
        assert delivery_of(envelope.sender, [KEY]) == row.id
        assert_as_alone(envelope.content, alone(row.topics), row)
        assert_within_the_rules(envelope.content)
        copies[row] = envelope.content
    assert_nothing_of_others(copies)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(CONTENTS)
def test_a_copy_says_what_a_message_for_that_person_alone_says(content: tuple) -> None:
    print_for_many(15, *content)


@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(CONTENTS)
def test_thousands_of_copies_say_what_messages_for_those_people_alone_say(content: tuple) -> None:
    print_for_many(50, *content)


def test_copies_of_many_bulletins_hold_what_concerns_that_person_alone() -> None:
    """Of sixteen bulletins and six topics, each person has some of both."""
    chance = Random(7)
    about = reasons(["words"] * TOPICS)
    entries = [
        entry(n, replace(PLAIN, title=f"Notice {n}", body_html=f"<p>Body of {n}.</p>"), *(one for one in about if chance.random() < 0.6 or one is about[0]))
        for n in range(100, 116)
    ]  # fmt: skip
    one = press(several.parts(WHOLE, entries, [], sending(AGENCY)))
    copies = {}
    for row in people(chance, 60, [str(n) for n in range(100, 116)]):
        mine = [each for each in entries if str(each.links.bulletin_id) in row.bulletins]
        told = [
            replace(each, reasons=[why for why in each.reasons if str(why.topic_id) in row.topics])
            for each in mine
        ]
        copies[row] = one.print(row).content
        assert_within_the_rules(copies[row])
        text = read(copies[row]).text
        assert set(re.findall(r"Body of (\d+)", text)) == set(row.bulletins)
        assert len(re.findall(r"it says words", text)) >= sum(len(each.reasons) for each in told)
    assert_nothing_of_others(copies)
