"""Who acts at the shell: one of the staff, whom `--as` names and whose role allows it, or else the account of this machine.

The shell asks for no password: whoever may run commands here may read the database. What it keeps is the account, beside the name.
"""

import os
import pwd
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Final

from dispatcher.errors import BadInput, NotFound, Refused
from dispatcher.management.command import Options
from dispatcher.models import Staff
from dispatcher.permissions import Permission, Role, allows

DOOR: Final = "shell"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who decides. `staff` is None where nobody was named."""

    name: str
    staff: Staff | None
    account: str
    door: str = DOOR

    @property
    def facts(self) -> dict[str, object]:
        """What the journal keeps beside the name."""
        return {"account": self.account}


def declare(parser: ArgumentParser, *, required: bool = False) -> None:
    """`--as`, the same everywhere."""
    alone = "" if required else "; without it, the account of this machine"
    help_ = f"who decides, one of the staff; goes into the journal{alone}"
    parser.add_argument("--as", dest="actor", required=required, metavar="NAME", help=help_)


def acting(options: Options, permission: Permission) -> Actor:
    """Whom `--as` names, if they may; without it the account. Raises NotFound, or Refused with who could do it instead."""
    own = account()
    if options.actor is None:
        return Actor(f"{DOOR}:{own}", None, own)
    name = options.actor.strip()
    if not name:
        raise BadInput("--as", "empty", "say who decides")
    staff = Staff.objects.filter(name=name).first()
    if staff is None:
        raise NotFound(f"nobody of the staff is called {name!r}; `dispatcher staff list` shows who there is")
    if not staff.may(permission):
        raise Refused(_refusal(staff, permission))
    return Actor(staff.name, staff, own)


def account() -> str:
    """The account of this machine that runs the command."""
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # in containers a number often has no name
        return str(number)


def _refusal(staff: Staff, permission: Permission) -> str:
    if not staff.is_active:
        return f"{staff.name} is disabled → `dispatcher staff list` shows who is not"
    able = " or ".join(role for role in Role if allows(role, permission))
    return f"{staff.name} is {staff.role}, which does not allow {permission} → ask somebody who is {able}"
