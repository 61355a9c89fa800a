"""Both ends of an SMTP conversation, for the tests of delivery: our side as deliver uses it, and short names for cases."""

from collections import deque

from acts import On

from dispatcher.delivery import smtp
from dispatcher.delivery.connection import Connection, Envelope, Result, Timeouts
from dispatcher.parsing import SmtpUrl

PATIENT = Timeouts(connect=5, command=5, content=5, goodbye=5)
HASTY = Timeouts(connect=5, command=0.3, content=0.3, goodbye=0.3)  # for relays that never answer
SENDER = "b+1@bounces.example.gov"
CONTENT = b"Subject: notice\r\n\r\nSection 80 has changed.\r\n"
ANN = Envelope(SENDER, "ann@example.org", CONTENT)
BEN = Envelope(SENDER, "ben@example.org", CONTENT)


async def connected(relay: SmtpUrl, timeouts: Timeouts = PATIENT, messages: int = 100) -> Connection:
    connection = await smtp.connect(relay, timeouts, "dispatcher.test", messages)
    assert isinstance(connection, Connection), connection
    return connection


async def refused(relay: SmtpUrl, timeouts: Timeouts = PATIENT) -> Result:
    result = await smtp.connect(relay, timeouts, "dispatcher.test", 100)
    assert isinstance(result, Result), "the connection came about"
    return result


async def exchange(
    relay: SmtpUrl, *envelopes: Envelope, timeouts: Timeouts = PATIENT, messages: int = 100
) -> list[Result]:
    """Send one after the other, each offered behind the one before, on a new connection whenever the old one is used up, as deliver does."""
    results = []
    waiting = deque(envelopes)
    connection = await connected(relay, timeouts, messages)
    while waiting:
        if not connection.usable:
            await connection.quit()
            connection = await connected(relay, timeouts, messages)
        current: Envelope | None = waiting.popleft()
        connection.offer(current)
        while current is not None:
            following = None
            result = await connection.invited()
            if result is None:
                following = waiting.popleft() if waiting and connection.usable else None
                connection.hand_over(following)
                result = await connection.concluded()
            results.append(result)
            if following is not None and not connection.alive:
                waiting.appendleft(following)
                following = None
            current = following
    await connection.quit()
    return results


def people(count: int) -> list[Envelope]:
    return [ANN._replace(recipient=f"p{n}@example.org") for n in range(count)]


def named(value: object) -> str:
    """A short name for a case."""
    if not isinstance(value, On):
        return "" if value is None else str(value)
    told = [
        f"{word}={getattr(value, word)}"
        for word in ("silent", "drop", "store", "wait", "at_byte")
        if getattr(value, word)
    ]
    return " ".join([value.stage, value.say[:24].decode("ascii", "replace"), *told])
