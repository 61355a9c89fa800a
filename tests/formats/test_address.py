import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.errors import BadAddress
from dispatcher.formats import tickets
from dispatcher.formats.address import bounce_address, deliveries_of, delivery_of, fold, mask, parse

KEY = "0123456789abcdef0123456789abcdef"
OLD = "fedcba9876543210fedcba9876543210"


@pytest.mark.parametrize(
    ("typed", "mailed"),
    [
        ("jane@example.com", "jane@example.com"),
        ("  Jane.Doe@Example.COM ", "Jane.Doe@example.com"),
        ("o'neil+topics@mail.example.org", "o'neil+topics@mail.example.org"),
        ("jane@exämple.de", "jane@xn--exmple-cua.de"),
        ("jane@EXÄMPLE.de", "jane@xn--exmple-cua.de"),
        ("jane@xn--exmple-cua.de", "jane@xn--exmple-cua.de"),
    ],
)
def test_an_address_keeps_its_local_part_and_gets_an_ascii_domain(typed, mailed):
    assert parse(typed) == mailed


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "jane",
        "jane@",
        "@example.com",
        "jane@localhost",
        "jane@[192.0.2.1]",
        "jane@example..com",
        "jane@exa mple.com",
        "jane.@example.com",
        '"jane doe"@example.com',
        "Jane <jane@example.com>",
        "jane@example.com, joe@example.com",
        "jäne@example.com",
        "jane@example.com\r\nBcc: joe@example.com",
        "jane\x00@example.com",
        "jane\x7f@example.com",
        "\tjane@example.com",
        f"{'j' * 65}@example.com",
        f"jane@{'.'.join(['d' * 60] * 5)}.com",
        "j" * 1_000_000,
        "jane@printer.local",
        "jane@nowhere.invalid",
    ],
)
def test_what_is_no_address_of_ours_is_refused_without_repeating_it(typed):
    with pytest.raises(BadAddress) as refused:
        parse(typed)
    assert "jane@example" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_local_part_of_64_is_taken():
    assert parse(f"{'j' * 64}@example.com")


def test_addresses_that_differ_only_in_case_are_one_and_a_tag_stays():
    assert fold(parse("Jane+A@Example.com")) == fold(parse("jane+a@EXAMPLE.COM")) == "jane+a@example.com"


@pytest.mark.parametrize(
    ("address", "masked"), [("jane@example.com", "j***@example.com"), ("nonsense", "***")]
)
def test_a_masked_address_shows_one_letter(address, masked):
    assert mask(address) == masked


def returning_to(delivery_id: int, key: str = KEY) -> str:
    return bounce_address(tickets.token(tickets.Purpose.BOUNCE, delivery_id, key), "bounces.example.gov")


@given(st.integers(0, 2**48 - 1))
def test_a_bounce_address_names_its_delivery_in_any_case(delivery_id):
    address = returning_to(delivery_id)
    assert re.fullmatch(r"b\+[a-z2-7]+@bounces\.example\.gov", address)
    assert len(address.partition("@")[0]) <= 64
    assert delivery_of(address, [KEY]) == delivery_of(address.upper(), [KEY]) == delivery_id


def test_a_bounce_address_is_signed_with_the_first_key_and_verifies_with_a_retired_one():
    address = returning_to(7, OLD)
    assert delivery_of(address, [KEY, OLD]) == 7
    assert delivery_of(address, [KEY]) is None


def test_what_forwarders_make_of_a_bounce_address_still_names_its_delivery():
    address = returning_to(7)
    token = address.partition("@")[0]
    assert delivery_of(f"SRS0=HHH=TT=bounces.example.gov={token}@forwarder.example", [KEY]) == 7
    assert delivery_of(f"<{address}>", [KEY]) == 7
    assert delivery_of(f"prvs=1234abcdef={address}", [KEY]) == 7


def test_every_bounce_address_in_a_text_is_read_and_forged_ones_hide_none():
    ours = [returning_to(number) for number in (7, 8)]
    text = f"To: b+{'a' * 34}@bounces.example.gov\nX-Sender: {ours[0].upper()}\nReturn-Path: <{ours[1]}>"
    assert deliveries_of(text, [KEY]) == {7, 8}
    assert deliveries_of(f"bounce-{ours[0].replace('@', '=')}@list.example", [KEY]) == {7}


def test_whoever_writes_thousands_of_bounce_addresses_keeps_nobody_busy():
    flood = "".join(
        f"b+{number:034}@x ".replace("0", "a").replace("1", "b").replace("8", "c").replace("9", "d")
        for number in range(3000)
    )
    assert deliveries_of(flood, [KEY]) == set()


@pytest.mark.parametrize(
    "forged", ["", "jane@example.com", f"b+{'a' * 34}@x.example", f"b+{'z' * 33}@x.example", "b+@x.example"]
)
def test_a_forged_bounce_address_names_nothing(forged):
    assert delivery_of(forged, [KEY]) is None


@given(st.integers(0, 2**32), st.integers(2, 34), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_one_changed_character_spoils_a_bounce_address(delivery_id, at, other):
    address = returning_to(delivery_id)
    changed = address[:at] + other + address[at + 1 :]
    assert delivery_of(changed, [KEY]) == (delivery_id if changed == address else None)


def test_a_ticket_of_a_link_is_no_bounce_address():
    signed = tickets.token(tickets.Purpose.UNSUBSCRIBE, 7, KEY)
    with pytest.raises(tickets.BadTicket):
        tickets.ident_of(tickets.Purpose.BOUNCE, signed, [KEY])
