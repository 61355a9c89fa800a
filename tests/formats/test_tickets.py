import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.errors import BadTicket
from dispatcher.formats import tickets
from dispatcher.formats.tickets import Purpose, sign, split, verify, with_scope

KEY = "0123456789abcdef0123456789abcdef"
OLD = "fedcba9876543210fedcba9876543210"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.integers(0, 2**48 - 1), st.sampled_from(Purpose))
def test_a_ticket_is_short_needs_no_escaping_and_names_what_was_signed(ident, purpose):
    ticket = sign(purpose, ident, KEY)
    assert re.fullmatch(r"[A-Za-z0-9_-]{28}", ticket)
    assert verify(purpose, ticket, [KEY]) == ident


def test_a_ticket_is_the_same_every_time():
    assert sign(Purpose.UNSUBSCRIBE, 42, KEY) == sign(Purpose.UNSUBSCRIBE, 42, KEY)


@pytest.mark.parametrize("signed_for", Purpose)
@pytest.mark.parametrize("used_for", Purpose)
def test_a_ticket_verifies_for_its_own_purpose_alone(signed_for, used_for):
    ticket = sign(signed_for, 42, KEY)
    if signed_for is used_for:
        assert verify(used_for, ticket, [KEY]) == 42
    else:
        with pytest.raises(BadTicket):
            verify(used_for, ticket, [KEY])


def test_a_retired_key_still_verifies_and_an_unknown_one_does_not():
    ticket = sign(Purpose.UNSUBSCRIBE, 42, OLD)
    assert verify(Purpose.UNSUBSCRIBE, ticket, [KEY, OLD]) == 42
    with pytest.raises(BadTicket):
        verify(Purpose.UNSUBSCRIBE, ticket, [KEY])


@given(st.integers(0, 2**48 - 1), st.integers(0, 27), st.sampled_from(ALPHABET))
def test_one_changed_character_spoils_a_ticket(ident, at, other):
    ticket = sign(Purpose.UNSUBSCRIBE, ident, KEY)
    changed = ticket[:at] + other + ticket[at + 1 :]
    if changed == ticket:
        return
    with pytest.raises(BadTicket):
        verify(Purpose.UNSUBSCRIBE, changed, [KEY])


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "A",
        "A" * 27,
        "A" * 28,
        "A" * 29,
        "A" * 10_000,
        "ä" * 28,
        f"{'A' * 27}=",
        f"{'A' * 27}\n",
        "\x00" * 28,
    ],
)
def test_what_is_no_ticket_is_refused(wrong):
    with pytest.raises(BadTicket):
        verify(Purpose.UNSUBSCRIBE, wrong, [KEY])


@given(
    st.integers(0, 2**48 - 1), st.one_of(st.just(tickets.ALL), st.integers(1, 2**48).map(tickets.only_topic))
)
def test_a_scope_comes_off_again(ident, scope):
    ticket = sign(Purpose.UNSUBSCRIBE, ident, KEY)
    scoped = with_scope(ticket, scope)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,70}", scoped)
    assert split(scoped) == (ticket, scope)
    assert split(ticket) == (ticket, "")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "AAAA-all",
        f"{'A' * 28}-",
        f"{'A' * 28}.all",
        f"{'A' * 28}-ALL",
        f"{'A' * 28}-all\n",
        f"{'A' * 28}-{'a' * 25}",
    ],
)
def test_what_is_no_ticket_with_a_scope_is_refused(wrong):
    with pytest.raises(BadTicket):
        split(wrong)


@pytest.mark.parametrize(
    ("scope", "topic"),
    [("t17", 17), ("all", None), ("", None), ("t", None), ("t0", None), ("t1x", None), ("17", None)],
)
def test_a_scope_of_one_topic_names_it(scope, topic):
    assert tickets.topic_of(scope) == topic


def test_only_topic_and_topic_of_are_each_others_opposite():
    assert tickets.topic_of(tickets.only_topic(17)) == 17
