"""DKIM: signs a finished copy, for sites whose relay does not (RFC 6376; Ed25519 by RFC 8463). Bytes in, bytes out.

The same copy and key give the same signature, at every attempt: both algorithms draw no random numbers, and neither the time of
signing nor an end of validity is named. Headers and body are taken relaxed: a relay that straightens white space breaks nothing.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

# What is signed where a copy has it. Both headers of one-click: without the second no provider trusts the first (RFC 8058, 4).
SIGNED = (
    b"from", b"reply-to", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type", b"content-transfer-encoding",
    b"content-language", b"list-id", b"list-help", b"list-owner", b"list-post", b"list-unsubscribe", b"list-unsubscribe-post",
    b"auto-submitted", b"feedback-id",
)  # fmt: skip
# Signed once more than it is there: nobody can put a second one in front of it.
_NO_MORE_OF = (b"from",)
_SHORTEST = 2048  # bits; Gmail takes 1024 for a fault from 2024 on
_LINE = 72


@dataclass(frozen=True, slots=True)
class Key:
    """A private key, and the selector under which its public half is published."""

    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    @classmethod
    def load(cls, selector: str, pem: bytes) -> "Key":
        """From a PEM file without a password. Raises ValueError, which says what is wanted."""
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as wrong:
            raise ValueError("a private key in PEM, without a password") from wrong
        if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
            raise ValueError("an RSA or Ed25519 key")  # noqa: TRY004 -- for whoever reads it, its value is wrong
        if isinstance(private, RSAPrivateKey) and private.key_size < _SHORTEST:
            raise ValueError(f"an RSA key of at least {_SHORTEST} bits")
        return cls(selector, private)

    @property
    def algorithm(self) -> str:
        """As `a=` names it."""
        return "rsa-sha256" if isinstance(self.private, RSAPrivateKey) else "ed25519-sha256"

    @property
    def published(self) -> str:
        """What `p=` of the record in DNS must be. Ed25519 is bare, RSA wrapped (RFC 8463, 4)."""
        public = self.private.public_key()
        if isinstance(self.private, RSAPrivateKey):
            return _base64(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        return _base64(public.public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def record(self) -> str:
        """The whole record."""
        return f"v=DKIM1; k={self.algorithm.partition('-')[0]}; p={self.published}"

    def sign(self, data: bytes) -> bytes:
        """Of the canonical headers."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(data, PKCS1v15(), SHA256())
        return self.private.sign(hashlib.sha256(data).digest())


@dataclass(frozen=True, slots=True)
class Signer:
    """All keys of a domain: each signs each copy, since not every receiver knows Ed25519."""

    domain: str
    keys: tuple[Key, ...]

    def signed(self, content: bytes) -> bytes:
        """The copy with a signature of each key on top."""
        head, _, body = content.partition(b"\r\n\r\n")
        fields = unfolded(head)
        names = [name for name, _ in fields if name in SIGNED]
        names += [name for name in _NO_MORE_OF if name in names]
        body_hash = _base64(hashlib.sha256(relaxed(body)).digest())
        chosen = choose(fields, names)
        signatures = [self._signature(key, names, chosen, body_hash) for key in self.keys]
        return b"".join([*signatures, content])

    def _signature(self, key: Key, names: Sequence[bytes], chosen: Sequence[bytes], body_hash: str) -> bytes:
        tags = f"v=1; a={key.algorithm}; c=relaxed/relaxed; d={self.domain}; s={key.selector};"
        listed = _folded(":".join(name.decode() for name in names), ":")
        value = f"{tags}\r\n h={listed};\r\n bh={body_hash};\r\n b="
        unsigned = canonical(b"dkim-signature", value.encode())
        signature = _base64(key.sign(b"\r\n".join([*chosen, unsigned])))
        lines = "\r\n ".join(signature[at : at + _LINE] for at in range(0, len(signature), _LINE))
        return f"DKIM-Signature: {value}{lines}\r\n".encode()


def unfolded(head: bytes) -> list[tuple[bytes, bytes]]:
    """The headers in their order: name in small letters, value on one line."""
    lines = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")
    parts = (line.partition(b":") for line in lines)
    return [(name.strip().lower(), value) for name, _, value in parts]


_SPACES = re.compile(rb"[ \t\r\n]+")


# Most headers are the same in all copies of a mailing: looked up, a signature by Ed25519 costs 100 µs, not 160.
@lru_cache(maxsize=512)
def canonical(name: bytes, value: bytes) -> bytes:
    """One header, relaxed (RFC 6376, 3.4.2), without its line end."""
    return name + b":" + _SPACES.sub(b" ", value).strip()


def choose(fields: Sequence[tuple[bytes, bytes]], names: Sequence[bytes]) -> list[bytes]:
    """The headers that `h=` names, canonical: of one name the lowest first, and nothing where there is no more (RFC 6376, 5.4.2)."""
    left: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        left.setdefault(name, []).append(value)
    return [canonical(name, left[name].pop()) for name in names if left.get(name)]


_IRREGULAR = re.compile(rb"[ \t]{2,}|\t")


def relaxed(body: bytes) -> bytes:
    """The body, relaxed (RFC 6376, 3.4.4). White space that needs nothing is looked for first: 10 µs, where replacing all takes 200."""
    body = _IRREGULAR.sub(b" ", body) if b"  " in body or b"\t" in body else body
    body = body.replace(b" \r\n", b"\r\n") if b" \r\n" in body else body
    body = body.rstrip(b"\r\n") if body.endswith(b"\r\n\r\n") or body == b"\r\n" else body
    return body + b"\r\n" if body and not body.endswith(b"\r\n") else body


@lru_cache(maxsize=64)
def _folded(text: str, after: str) -> str:
    """Broken behind separators, so that no line is too long."""
    lines = [""]
    for piece in text.replace(after, f"{after}\n").split("\n"):
        if len(lines[-1]) + len(piece) > _LINE:
            lines.append("")
        lines[-1] += piece
    return "\r\n  ".join(lines)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
