"""Mail to the staff: to each of them who has an address."""

from collections.abc import Iterable
from datetime import datetime

from dispatcher.formats.address import parse
from dispatcher.messages import system_mail
from dispatcher.models import Mailing, Staff


def owe(key: str, staff: Iterable[Staff], now: datetime) -> Mailing | None:
    """Owe each of them one letter; None if none has an address. Two who share one get one."""
    addresses = [parse(one.email) for one in staff if one.email]
    return system_mail.owe(key, addresses, now) if addresses else None
