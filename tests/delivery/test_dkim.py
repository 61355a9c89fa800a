"""DKIM: signatures hold for code that is not ours, for the examples of the standards, and for exactly what was signed."""

import base64
import hashlib
import re
from functools import cache

import dkim as judge
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dispatcher.delivery.dkim import Key, Signer, canonical, choose, relaxed, unfolded

COPY = b"""From: MaineCare Services <notices@example.gov>
To: ann@example.com
Subject: =?utf-8?q?Adopted=3A_Section_80?=,
 Pharmacy Services
Date: Sat, 28 Nov 2026 10:00:00 +0000
Message-ID: <00ff.42@example.gov>
Reply-To: help@example.gov
List-Id: "Pharmacy" <pharmacy.lists.example.gov>
List-Unsubscribe: <https://notices.example.gov/u/abc>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
X-Relay: whatever
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

  Effective now:\tone  and two. \t
..and three

--b--


""".replace(b"\n", b"\r\n")


@cache
def rsa(bits: int = 2048) -> RSAPrivateKey:
    return generate_rsa(65537, bits)


def pem(private) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def both() -> Signer:
    keys = Key.load("r1", pem(rsa())), Key.load("e1", pem(Ed25519PrivateKey.generate()))
    return Signer("example.gov", keys)


def holds(signed: bytes, signer: Signer, number: int = 0) -> bool:
    """What dkimpy says of the signature with this number from the top."""
    published = {
        f"{key.selector}._domainkey.{signer.domain}.".encode(): key.record.encode() for key in signer.keys
    }

    def look_up(name: bytes, timeout: float = 0) -> bytes | None:
        return published.get(name)

    try:
        return judge.DKIM(signed).verify(number, dnsfunc=look_up)
    except judge.ValidationError:
        return False


@pytest.mark.parametrize("number", [0, 1])
def test_each_signature_holds(number: int) -> None:
    signed = both().signed(COPY)
    assert signed.endswith(COPY)
    assert holds(signed, both(), number)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Effective now", b"Effective never"),
        (b"ann@", b"ben@"),
        (b"Section_80", b"Section_81"),
        (b"/u/abc", b"/u/abd"),
        (b"One-Click", b"Two-Click"),
        (b"Message-ID: <00ff.42", b"Message-ID: <00ff.43"),
        (b"boundary", b"Boundary"),
        (b"Date: Sat", b"Date: Sun"),
        (b"Reply-To: help", b"Reply-To: hell"),
        (b'"Pharmacy"', b'"Dental"'),
        (b"From: MaineCare", b"From: Mallory <m@example.net>\r\nFrom: MaineCare"),  # a second one, in front
    ],
)
def test_whatever_is_changed_breaks_it(number: int, before: bytes, after: bytes) -> None:
    assert not holds(both().signed(COPY).replace(before, after), both(), number)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"X-Relay: whatever", b"Received: by relay\r\nX-Relay: other"),
        (b"=2C,\r\n Pharmacy", b"=2C, Pharmacy"),
        (b"one  and two. \t\r\n", b"one and two.\r\n"),
        (b"--b--\r\n\r\n\r\n", b"--b--\r\n"),
    ],
)
def test_what_relays_may_do_does_not(before: bytes, after: bytes) -> None:
    assert holds(both().signed(COPY).replace(before, after), both())


def test_the_same_copy_has_the_same_bytes_every_time() -> None:
    assert both().signed(COPY) == both().signed(COPY)


def test_both_headers_of_one_click_are_signed_and_no_line_is_long() -> None:
    head = both().signed(COPY).partition(b"From:")[0]
    listed = re.findall(rb";h=([^;]+);", re.sub(rb"\s", b"", head))
    assert len(listed) == 2
    for names in (one.split(b":") for one in listed):
        assert {b"list-unsubscribe", b"list-unsubscribe-post", b"list-id", b"mime-version"} < set(names)
        assert names.count(b"from") == 2
        assert b"x-relay" not in names
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_system_mail_without_any_list_header_is_signed_as_it_is() -> None:
    bare = b"\r\n".join(line for line in COPY.split(b"\r\n") if not line.startswith(b"List-"))
    assert holds(both().signed(bare), both())


# RFC 8463, appendix A: the message, its Ed25519 key, and what the signature must be.
_RFC_SECRET = base64.b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
_RFC_PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_RFC_HEAD = (
    b"From: Joe SixPack <joe@football.example.com>\r\n"
    b"To: Suzie Q <suzie@shopping.example.net>\r\n"
    b"Subject: Is dinner ready?\r\n"
    b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    b"Message-ID: <20030712040037.46341.5F8J@football.example.com>"
)
_RFC_BODY = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
_RFC_HASH = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
_RFC_FIELD = (
    b" v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
    b" bh=" + _RFC_HASH.encode() + b";\r\n b="
)
_RFC_SIGNATURE = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="


def test_the_example_of_rfc_8463_comes_out_as_it_stands_there() -> None:
    key = Key("brisbane", Ed25519PrivateKey.from_private_bytes(_RFC_SECRET))
    assert key.published == _RFC_PUBLIC
    assert base64.b64encode(hashlib.sha256(relaxed(_RFC_BODY)).digest()).decode() == _RFC_HASH
    names = b"from to subject date message-id from subject date".split()
    signed = [*choose(unfolded(_RFC_HEAD), names), canonical(b"dkim-signature", _RFC_FIELD)]
    assert base64.b64encode(key.sign(b"\r\n".join(signed))).decode() == _RFC_SIGNATURE


@pytest.mark.parametrize(
    ("body", "canonical_body"),
    [
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),  # RFC 6376, 3.4.5
        (b"", b""),
        (b"\r\n", b""),
        (b"\r\n\r\n", b""),
        (b" \r\n", b""),
        (b"a", b"a\r\n"),
        (b"a\t\r\nb", b"a\r\nb\r\n"),
    ],
)
def test_a_body_is_relaxed_as_the_standard_wants_it(body: bytes, canonical_body: bytes) -> None:
    assert relaxed(body) == canonical_body


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (b"no key", "a private key in PEM"),
        (pem(rsa(1024)), "at least 2048 bits"),
        (pem(generate_private_key(SECP256R1())), "an RSA or Ed25519 key"),
    ],
)
def test_a_key_that_will_not_do_is_refused(given: bytes, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        Key.load("s", given)
