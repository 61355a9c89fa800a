import json
import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import SENT_AT

from dispatcher.errors import BadInput
from dispatcher.messages.headers import Headers, ListId, ListMail, segments
from dispatcher.messages.stencil import Stencil

LISTS = {"17": ListId("Hospital services", "hospital-services", "b42:t17:bulletin:mainecare")}
LIST_MAIL = ListMail(
    lists=LISTS,
    unsubscribe="https://notices.a-rather-long-name-of-a-department.example.gov/messages/u/",
    help_url="https://notices.a-rather-long-name-of-a-department.example.gov/help/",
    owner="questions@example.gov",
)
HEADERS = Headers(
    from_="Office of Examples <notices@example.gov>",
    reply_to="questions@example.gov",
    date=SENT_AT,
    language="en",
    auto_submitted=True,
    list_mail=LIST_MAIL,
)
VISIBLE = st.text(
    st.one_of(st.characters(exclude_categories=["Cs", "Cc"]), st.sampled_from("  =?_éß中😀\u200d"))
).map(lambda text: " ".join(text.split()))


def block(headers=HEADERS, subject="Rates", ticket="T" * 70, address="jane@example.com"):
    values = {"address": address, "ticket": ticket, "message_id": "4711.0a1b2c"}
    return Stencil(segments(headers, subject)).splice(values, {"list": ("17",)})


def lines(raw):
    assert raw.endswith(b"\r\n")
    return raw.decode("ascii").removesuffix("\r\n").split("\r\n")


def test_list_unsubscribe_is_one_line_with_the_longest_ticket_and_exactly_one_address():
    found = [line for line in lines(block()) if line.startswith("List-Unsubscribe:")]
    assert len(found) == 1
    assert re.fullmatch(r"List-Unsubscribe: (<mailto:[^>]+>, )?<https://[^>]+>", found[0])
    assert len(found[0]) > 140
    assert found[0].endswith(f"/u/{'T' * 70}>")


def test_no_other_line_is_longer_than_78():
    headers = replace(
        HEADERS,
        from_=f'"{"A long name, " * 9}" <notices@example.gov>',
        reply_to=f"{'é' * 80} <q@example.gov>",
    )
    subject = "A subject of many words " * 12
    for line in lines(block(headers, subject)):
        assert len(line) <= 78 or line.startswith("List-Unsubscribe: ")


@given(VISIBLE)
def test_subjects_of_any_characters_survive_and_their_encoded_words_keep_to_75(subject):
    raw = block(subject=subject)
    parsed = message_from_bytes(raw, policy=policy.default)
    assert parsed["Subject"] == subject
    old_parser = message_from_bytes(raw, policy=policy.compat32)["Subject"]
    assert "".join(str(make_header(decode_header(old_parser))).splitlines()) == subject
    assert all(len(word) <= 75 for word in re.findall(rb"=\?[^?]*\?.\?[^?]*\?=", raw))
    assert all(len(line) <= 78 or line.startswith("List-Unsubscribe: ") for line in lines(raw))
    assert b"?==?" not in raw


def test_a_plain_subject_stays_readable():
    assert "Subject: R&D: 100% new rates, Section 45" in lines(
        block(subject="R&D: 100% new rates, Section 45")
    )


def test_a_subject_that_looks_encoded_is_not_decoded_by_readers():
    assert (
        message_from_bytes(block(subject="=?utf-8?q?x?="), policy=policy.default)["Subject"]
        == "=?utf-8?q?x?="
    )


@given(VISIBLE.filter(lambda name: not set(name) & set('<>"\\()[]@,;:')))
def test_names_of_senders_survive(name):
    raw = block(replace(HEADERS, from_=f"{name} <notices@example.gov>"))
    # The newer parser puts a space between two encoded words of a name, against RFC 2047.
    decoded = str(make_header(decode_header(message_from_bytes(raw, policy=policy.compat32)["From"])))
    assert parseaddr(decoded.replace("\r\n", "")) == (name, "notices@example.gov")


def test_every_header_stands_there_once():
    names = [line.partition(":")[0] for line in lines(block()) if not line.startswith(" ")]
    assert len(names) == len(set(names))
    assert set(names) == {
        "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "MIME-Version",
        "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help", "List-Owner", "List-Post",
        "Auto-Submitted", "Precedence", "X-Auto-Response-Suppress", "Feedback-ID", "Content-Language",
    }  # fmt: skip


def test_headers_say_what_mail_programs_expect_of_list_mail():
    found = message_from_bytes(block(ticket="T1"), policy=policy.default)
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert found["List-Id"] == '"Hospital services" <hospital-services.lists.example.gov>'
    assert found["Feedback-ID"] == "b42:t17:bulletin:mainecare"
    assert found["List-Post"] == "NO"
    assert found["Precedence"] == "bulk"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert found["Message-ID"] == "<4711.0a1b2c@example.gov>"
    assert found["Date"].datetime == SENT_AT
    assert found["To"] == "jane@example.com"


def test_mail_that_is_no_list_mail_carries_nothing_of_lists():
    raw = block(replace(HEADERS, list_mail=None, auto_submitted=False, reply_to=""))
    for name in (b"List-", b"Precedence", b"Feedback-ID", b"Auto-Submitted", b"Reply-To"):
        assert name not in raw


@pytest.mark.parametrize("name", ['A "quoted" \\ name', "Krankenhäuser 😀", "x" * 200, ""])
def test_a_list_id_is_ascii_whatever_the_topic_is_called(name):
    lists = {"17": ListId(name, "slug", "f")}
    raw = block(replace(HEADERS, list_mail=replace(LIST_MAIL, lists=lists)))
    found = message_from_bytes(raw)["List-Id"].replace("\r\n", "")
    assert re.fullmatch(r'"[ -~]{0,60}" <slug\.lists\.example\.gov>', found)


CONTROLS = [chr(code) for code in (*range(32), 127)]


@pytest.mark.parametrize("control", CONTROLS)
def test_control_characters_are_refused_in_every_value(control):
    spoilt = f"a{control}b"
    for headers in (
        replace(HEADERS, from_=f"{spoilt} <notices@example.gov>"),
        replace(HEADERS, reply_to=f"{spoilt}@example.gov"),
        replace(HEADERS, language=spoilt),
        replace(HEADERS, list_mail=replace(LIST_MAIL, unsubscribe=spoilt)),
        replace(HEADERS, list_mail=replace(LIST_MAIL, help_url=spoilt)),
        replace(HEADERS, list_mail=replace(LIST_MAIL, owner=spoilt)),
        replace(HEADERS, list_mail=replace(LIST_MAIL, lists={"17": ListId(spoilt, "s", "f")})),
        replace(HEADERS, list_mail=replace(LIST_MAIL, lists={"17": ListId("n", spoilt, "f")})),
        replace(HEADERS, list_mail=replace(LIST_MAIL, lists={"17": ListId("n", "s", spoilt)})),
    ):
        with pytest.raises(BadInput):
            block(headers)
    with pytest.raises(BadInput):
        block(subject=spoilt)


@pytest.mark.parametrize("from_", ["", "nobody", "Office <>", "jäne@example.gov", "a@b@c <x>"])
def test_a_sender_without_an_address_is_refused(from_):
    with pytest.raises(BadInput):
        block(replace(HEADERS, from_=from_))


def test_a_header_that_its_provider_repeats_names_the_copy_and_others_get_none():
    assert b"4711.0a1b2c" not in block().replace(b"Message-ID: <4711.0a1b2c@example.gov>", b"")
    marked = message_from_bytes(
        block(replace(HEADERS, providers=("brevo", "mailgun", "mailjet", "postmark", "sparkpost")))
    )
    assert marked["X-PM-Metadata-message"] == marked["X-MJ-CustomID"] == "4711.0a1b2c"
    assert json.loads(marked["X-Mailin-custom"]) == {"message": "4711.0a1b2c"}
    assert json.loads(marked["X-MSYS-API"]) == {"metadata": {"message": "4711.0a1b2c"}}
    assert len(marked.keys()) == len(message_from_bytes(block()).keys()) + 4
