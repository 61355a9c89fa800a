"""`dispatcher staff`: who works here, and in which role."""

import re
from argparse import ArgumentParser

from django.db import IntegrityError, transaction

from dispatcher.errors import BadAddress, BadInput, Refused
from dispatcher.formats.address import parse
from dispatcher.management import acting, show
from dispatcher.management.command import DispatcherCommand, Options, Verbs
from dispatcher.models import Journal, Staff
from dispatcher.models.clock import database_now
from dispatcher.permissions import Permission, Role

_COLUMNS = {"name": "NAME", "role": "ROLE", "email": "EMAIL", "active": "ACTIVE", "created_at": "SINCE"}


class Command(DispatcherCommand):
    help = "The people who write, approve and steer."

    def declare(self, parser: ArgumentParser) -> None:
        verbs = Verbs(parser)
        adding = verbs.add("add", _add, "add a person; the journal keeps by whom")
        adding.add_argument("name", metavar="NAME", help="letters, digits, dot, dash, underscore")
        adding.add_argument(
            "--role",
            required=True,
            choices=[role.value for role in Role],
            help="what they may do; `staff add` says it in full",
        )
        adding.add_argument(
            "--email",
            default="",
            metavar="ADDRESS",
            help="approvers and operators are told there of what waits for them",
        )
        verbs.add("list", _list, "everybody, with role and address", json=True)


def _add(options: Options) -> None:
    name = _name(options.name)
    account = acting.account()
    try:
        with transaction.atomic():
            person = Staff(
                name=name, role=options.role, email=_email(options.email), created_at=database_now()
            )
            person.set_unusable_password()
            person.save(force_insert=True)
            Journal.append(
                at=person.created_at,
                actor=f"{acting.DOOR}:{account}",
                door=acting.DOOR,
                verb="staff add",
                subject=f"staff:{person.id}",
                facts={"role": person.role, "account": account},
            )
    except IntegrityError:
        raise Refused(f"there is already somebody called {name!r}; names are for one person only") from None
    print(f"added {name} as {person.role}: {_may(person)}")


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", text):
        raise BadInput("NAME", repr(text), "letters, digits, dot, dash, underscore; at most 80")
    return text


def _email(text: str) -> str:
    if not text:
        return ""
    try:
        return parse(text)
    except BadAddress as wrong:
        raise BadInput("--email", wrong.problem, wrong.remedy) from None


def _may(person: Staff) -> str:
    return "may " + ", ".join(one.value for one in Permission if person.may(one))


def _list(options: Options) -> None:
    rows = [
        {
            "name": one.name,
            "role": one.role,
            "email": one.email or None,
            "active": one.is_active,
            "created_at": show.iso(one.created_at),
        }
        for one in Staff.objects.order_by("name")
    ]
    if options.json:
        show.as_json(rows)
    else:
        show.table(rows, _COLUMNS, "nobody yet: `dispatcher staff add NAME --role author`")
