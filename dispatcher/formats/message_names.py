"""The name of one copy, which stands before the @ of its Message-ID: the random part of its mailing, and its delivery."""

import re
from itertools import islice

_NAME = re.compile(r"(?<![\w.])([0-9a-f]{16})\.([1-9][0-9]{0,17})(?![\w.])")
# As a header, or as a field of what a provider posts.
_OWN = re.compile(
    r"message-id[\"']?\s*[:,]\s*(?:\"value\"\s*:\s*)?[\"']?<?(?=([0-9a-f]{16}\.\d{1,18})(?![\w.]))",
    re.IGNORECASE,
)
_MOST = 50  # as in `address`


def of(nonce: str, delivery: int) -> str:
    """The same at every attempt, so that a receiver can tell a second copy."""
    return f"{nonce}.{delivery}"


def found_in(text: str) -> set[tuple[str, int]]:
    """Nonce and delivery of every such name; whether there is one, only the rows know. They are no secret, so they prove nothing."""
    return {(found[1], int(found[2])) for found in islice(_NAME.finditer(text), _MOST)}


def own_in(text: str) -> set[tuple[str, int]]:
    """Those that stand where a Message-ID stands: a correction also names the copy that it answers."""
    return found_in(" ".join(found[1] for found in islice(_OWN.finditer(text), _MOST)))
