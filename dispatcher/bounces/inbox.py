"""The inbox: keeps what came back, byte by byte, before anybody looks at it. Whoever hands in gets a yes only when it is committed."""

import hashlib

from dispatcher.failpoints import Failpoint, reach
from dispatcher.models import Arrival
from dispatcher.models.clock import database_now

MAIL = "mail"
# A report returns at most our whole message (100 KB) and the words of those who could not deliver it.
LARGEST = 1024 * 1024


def keep(provider: str, raw: bytes, recipient: str = "") -> int:
    """Its id, whether it is new or was handed in before. What is larger than LARGEST is kept up to there: reports begin with the news."""
    content, place = raw[:LARGEST], _readable(recipient)
    digest = hashlib.sha256(b"\0".join([provider.encode(), place.encode(), content])).hexdigest()
    arrival = Arrival(
        provider=provider, hash=digest, recipient=place, raw=content, received_at=database_now()
    )
    Arrival.objects.bulk_create([arrival], ignore_conflicts=True)
    reach(Failpoint.AFTER_EVENT_STORED)
    return Arrival.objects.values_list("id", flat=True).get(hash=digest)


def _readable(recipient: str) -> str:
    """As a table can hold it."""
    return "".join(one for one in recipient if one.isprintable()).encode("utf-8", "replace").decode()[:320]
