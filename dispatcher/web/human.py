"""Telling people from machines that fill in forms: a field that people do not see, and how long the form was open."""

from enum import Enum, auto

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.http import QueryDict

TRAP = "comment"  # no browser and no password manager knows what to fill into it
OPENED = "opened"  # the signed time at which the form was made
_SALT = "dispatcher.web.human"
_FASTEST = 3  # seconds
_LONGEST = 24 * 60 * 60
_AGAIN = "again"
TURNED_AWAY = "form filled by a machine"  # what the tally calls it
_STALE = "This page had been open for too long. What you entered is still here: please send it again."


class Filler(Enum):
    """Who filled in the form."""

    PERSON = auto()
    MACHINE = auto()
    UNKNOWN = auto()  # the form is too old, or not ours


def token(*, again: bool = False) -> str:
    """For a new form. `again`: what was typed is in it already, so that a person may send it at once."""
    return TimestampSigner(salt=_SALT).sign(_AGAIN if again else "")


def filler(posted: QueryDict) -> Filler:
    """By what a form brought."""
    if posted.get(TRAP):
        return Filler.MACHINE
    signer = TimestampSigner(salt=_SALT)
    opened = posted.get(OPENED, "")
    try:
        value = signer.unsign(opened, max_age=_LONGEST)
    except BadSignature:
        return Filler.UNKNOWN
    try:
        signer.unsign(opened, max_age=_FASTEST)
    except SignatureExpired:
        return Filler.PERSON
    return Filler.PERSON if value == _AGAIN else Filler.MACHINE


def notes(filler: Filler) -> dict[str, str]:
    """What to tell about the form itself: one that is too old is at least told so."""
    return {"form": _STALE} if filler is Filler.UNKNOWN else {}


def token_again(posted: QueryDict, filler: Filler) -> str:
    """For a form as it was filled in. A token that is ours stays: mending a slip may take less time than a machine is allowed."""
    return token(again=True) if filler is Filler.UNKNOWN else posted.get(OPENED, "")


def guards(token: str) -> dict[str, str]:
    """What the template of a guarded form needs."""
    return {"trap": TRAP, "opened": OPENED, "token": token}
