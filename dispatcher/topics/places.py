"""Places: which copy of topics.yaml was changed, and so is news. Two hosts with different copies must not overrule each other for ever.

A copy is loaded when its text has changed where it lies, or is one that nobody has ever loaded. Whatever else lies around, a forgotten
host or an older image, changes nothing; `differing` names it.
"""

import socket
from datetime import datetime, timedelta
from pathlib import Path

from dispatcher.models import Catalog, CatalogPlace

_LOOKED = timedelta(hours=1)  # how exactly we know when somebody last looked at a copy
_KEPT = timedelta(days=30)
_FORGOTTEN = timedelta(days=2)  # a copy at which nobody has looked for so long is nobody's


def here(path: Path) -> str:
    """The name of a copy: host and path."""
    return f"{socket.gethostname()}:{path.absolute()}"[-500:]


def is_news(place: str, text_hash: str, in_force: str) -> bool:
    """Is this copy to be loaded?"""
    if text_hash == in_force:
        return False
    before = CatalogPlace.objects.filter(place=place).values_list("hash", flat=True).first()
    if before is None:
        return not Catalog.objects.filter(hash=text_hash).exists()
    return before != text_hash


def saw(place: str, text_hash: str, now: datetime) -> None:
    """Remember what lies there. Written when it is another text, and once an hour."""
    lately = CatalogPlace.objects.filter(place=place, hash=text_hash, seen_at__gt=now - _LOOKED)
    if not lately.exists():
        CatalogPlace.objects.filter(seen_at__lt=now - _KEPT).delete()  # each container has a name of its own
        CatalogPlace.objects.update_or_create(place=place, defaults={"hash": text_hash, "seen_at": now})


def differing(now: datetime) -> list[CatalogPlace]:
    """The copies in use that are not the version in force."""
    latest = Catalog.latest()
    lately = CatalogPlace.objects.filter(seen_at__gt=now - _FORGOTTEN)
    return list(lately.exclude(hash=latest.hash).order_by("place")) if latest else []
