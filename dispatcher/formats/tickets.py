"""Tickets: signed names of a row, for links and bounce addresses. Hold ids, never addresses; read no rows and keep no state.

A ticket is six bytes of id and fifteen of HMAC-SHA256, 28 characters of `[A-Za-z0-9_-]` in a link. Each purpose has a key of its own, or
for bounces another part of the signature, so a ticket for one never verifies for another. In a link a scope may follow (`…-t17`, `…-all`):
it is not signed, because it only chooses among what the ticket's person may end anyway, and one signature then serves every link.
"""

import re
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any

from dispatcher.errors import BadInput, BadTicket

ALL = "all"  # the scope that ends everything; no scope: the topics that brought this message
_LENGTH = 28
_LINK = re.compile(r"([A-Za-z0-9_-]{28})(?:-([a-z0-9]{1,24}))?")
_ONE_TOPIC = re.compile(r"t([1-9][0-9]{0,17})")


_HALF, _WHOLE = 15, 30  # bytes of a signature that one name takes, and two
_URL_SAFE = bytes.maketrans(b"+/", b"-_")  # the alphabet of links (RFC 4648, 5) from that of base64


class Purpose(StrEnum):
    """What a ticket grants."""

    UNSUBSCRIBE = "unsubscribe"  # to end subscriptions; names a delivery; as long as the mail can be read
    BOUNCE = "bounce"  # to report on a delivery
    CONFIRM = "confirm"  # one sign-up; names the delivery that brought the link; spent when confirmed
    MANAGE = (
        "manage"  # to see and change one's own topics for a day; names the delivery that brought the link
    )


# Nearly every copy bears a ticket of this purpose: the half of its signature that the ticket leaves signs the bounce address as well.
_SIGNS_BOUNCES = Purpose.UNSUBSCRIBE


def sign(purpose: Purpose, ident: int, key: str) -> str:
    """The ticket as it stands in a link."""
    return _link(token(purpose, ident, key))


def sign_both(purpose: Purpose, ident: int, key: str) -> tuple[str, bytes]:
    """The two names of a delivery that a copy bears: a ticket for its links, and a token for its bounces. One signature, a half of it each."""
    named = ident.to_bytes(6)
    signature = _signature(purpose, named, key)
    returning = signature if purpose is _SIGNS_BOUNCES else _signature(_SIGNS_BOUNCES, named, key)
    return _link(named + signature[:_HALF]), named + returning[_HALF:_WHOLE]


def verify(purpose: Purpose, ticket: str, keys: Sequence[str]) -> int:
    """The id that was signed, with the present key or an earlier one. Raises BadTicket."""
    if len(ticket) != _LENGTH or not _LINK.fullmatch(ticket):
        raise BadTicket
    return ident_of(purpose, urlsafe_b64decode(ticket), keys)


def token(purpose: Purpose, ident: int, key: str) -> bytes:
    """The ticket's bytes, for whoever writes them in another alphabet."""
    named = ident.to_bytes(6)
    if purpose is Purpose.BOUNCE:
        return named + _signature(_SIGNS_BOUNCES, named, key)[_HALF:_WHOLE]
    return named + _signature(purpose, named, key)[:_HALF]


def _link(signed: bytes) -> str:
    return b2a_base64(signed, newline=False).translate(_URL_SAFE).decode("ascii")


def _signature(purpose: Purpose, named: bytes, key: str) -> bytes:
    inner, outer = _keyed(purpose, key)
    inner, outer = inner.copy(), outer.copy()
    inner.update(named)
    outer.update(inner.digest())
    signature: bytes = outer.digest()
    return signature


def ident_of(purpose: Purpose, signed: bytes, keys: Sequence[str]) -> int:
    """The id in these bytes. Raises BadTicket unless one of the keys signed it for this purpose."""
    ident = int.from_bytes(signed[:6])
    if not any([compare_digest(token(purpose, ident, key), signed) for key in keys]):  # noqa: C419 -- all keys are tried: which one signed must not show in the time
        raise BadTicket
    return ident


def with_scope(ticket: str, scope: str) -> str:
    """The ticket with what it shall end."""
    return f"{ticket}-{scope}"


def split(text: str) -> tuple[str, str]:
    """The ticket and its scope, empty if none. Raises BadTicket; says nothing of the signature."""
    found = _LINK.fullmatch(text)
    if not found:
        raise BadTicket
    return found[1], found[2] or ""


def only_topic(topic_id: int) -> str:
    """The scope that ends one topic."""
    return f"t{topic_id}"


def topic_of(scope: str) -> int | None:
    """The topic of an `only_topic` scope."""
    found = _ONE_TOPIC.fullmatch(scope)
    return int(found[1]) if found else None


@lru_cache(maxsize=64)
def _keyed(purpose: Purpose, key: str) -> tuple[Any, Any]:
    """HMAC-SHA256 with its key worked in, both halves of it.

    `hmac.digest` lets go of the interpreter's lock at each call, and a sender signs names while its other thread waits for that lock.
    """
    padded = _key(purpose, key).ljust(sha256().block_size, b"\0")
    return tuple(sha256(bytes(byte ^ pad for byte in padded)) for pad in (0x36, 0x5C))  # type: ignore[return-value]  # two of them


@lru_cache(maxsize=64)
def _key(purpose: Purpose, key: str) -> bytes:
    """A key for one purpose alone."""
    if not key:
        raise BadInput(
            "DISPATCHER_SECRET_KEY",
            "there is none, so anybody could forge links",
            "run `dispatcher migrate`, or set it",
        )
    return digest(key.encode(), f"dispatcher ticket: {purpose}".encode(), "sha256")
