"""E-mail addresses: read, folded, masked, and those that bounces come back to. Looks nothing up in DNS."""

import re
from base64 import b32decode
from collections.abc import Sequence
from hmac import digest
from itertools import islice

from email_validator import EmailNotValidError, EmailUndeliverableError, validate_email

from dispatcher.errors import BadAddress, BadTicket
from dispatcher.formats import tickets

_LONGEST = 1_000  # before parsing: enough for 254 octets however they are written
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")
# Forwarders put their own before and behind it, and a list of theirs writes `=` for our `@`.
_BOUNCE = re.compile(r"b\+([a-z2-7]{34})(?=[@=])", re.IGNORECASE)
_MOST_TOKENS = 50  # a report names its delivery a few times; whoever writes thousands wants to keep us busy


def parse(text: str) -> str:
    """The address as we shall mail it: local part as typed, domain in lower-case ASCII. Raises BadAddress, never with the address in it."""
    if len(text) > _LONGEST or _UNSEEN.search(text):
        raise _bad("too long, or holds control characters")
    try:
        found = validate_email(text.strip(" "), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailUndeliverableError:
        raise _bad("its domain takes no mail") from None
    except EmailNotValidError:
        raise _bad("cannot be read") from None
    if found.ascii_email is None:
        raise _bad("the part before the @ must be plain ASCII")
    return found.ascii_email


def fold(address: str) -> str:
    """The unique key of a parsed address: two that differ only in case are one. A `+tag` stays."""
    return address.casefold()


def cap_key(folded: str, key: str) -> str:
    """What caps count an address by: a keyed hash, which tells nobody the address, of the part before any `+tag`. Dots stay."""
    local, _, domain = folded.rpartition("@")
    own_key = digest(key.encode(), b"dispatcher cap", "sha256")
    return digest(own_key, f"{local.partition('+')[0]}@{domain}".encode(), "sha256").hex()


def mask(address: str) -> str:
    """For logs and lists: `j***@example.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}" if at else "***"


def bounce_address(signed: bytes, domain: str) -> str:
    """The envelope sender of one delivery's copy, from its bounce token."""
    return f"b+{_base32(signed)}@{domain}"


_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)


def _base32(signed: bytes) -> str:
    """As the library's, in lower case and without padding, in a fifth of its time: it runs once a message."""
    number = int.from_bytes(signed) << 2  # 168 bits are 34 digits of 5
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(160, -1, -10)])


def deliveries_of(text: str, keys: Sequence[str]) -> set[int]:
    """The deliveries that bounce addresses in this text name, in any case, whatever forwarders made of the rest; forged ones name none."""
    tokens = {found[1].upper() for found in islice(_BOUNCE.finditer(text), _MOST_TOKENS)}
    named = (_delivery_of(token, keys) for token in tokens)
    return {one for one in named if one is not None}


def delivery_of(bounce_address: str, keys: Sequence[str]) -> int | None:
    """The delivery that a bounce address names. None if we did not sign it."""
    return next(iter(deliveries_of(bounce_address, keys)), None)


def _delivery_of(token: str, keys: Sequence[str]) -> int | None:
    try:
        return tickets.ident_of(tickets.Purpose.BOUNCE, b32decode(token + "======"), keys)
    except (BadTicket, ValueError):
        return None


def _bad(problem: str) -> BadAddress:
    return BadAddress("e-mail address", problem, "an address such as name@example.com")
