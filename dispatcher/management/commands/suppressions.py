"""`dispatcher suppressions`: the addresses that must not be mailed, why, and the hand that lifts."""

from argparse import ArgumentParser

from dispatcher import suppression
from dispatcher.errors import BadAddress, BadInput, NotFound, Refused
from dispatcher.formats.address import fold, mask, parse
from dispatcher.management import acting, show
from dispatcher.management.command import DispatcherCommand, Options, Verbs, at_least_one
from dispatcher.models import Because, Mailing, Suppression
from dispatcher.permissions import Permission
from dispatcher.suppression import By

_COLUMNS = {
    "address": "ADDRESS",
    "reason": "REASON",
    "since": "SINCE",
    "state": "STATE",
    "mailing": "MAILING",
    "evidence": "EVIDENCE",
}
_DECISIONS = {
    "apply": "suppress after all what was held back of a mailing, because these addresses are gone",
    "dismiss": "let what was held back of a mailing be mailed again, because a relay was wrong",
}


class Command(DispatcherCommand):
    help = "The addresses that must not be mailed: complained, gone, or bouncing for weeks."

    def declare(self, parser: ArgumentParser) -> None:
        verbs = Verbs(parser)
        listing = verbs.add("list", _list, "those in force, the newest first; addresses masked", json=True)
        listing.add_argument("--all", action="store_true", help="the lifted and the held back, too")
        listing.add_argument(
            "--addresses", action="store_true", help="whole addresses, for letters or the telephone"
        )
        listing.add_argument(
            "--limit", type=at_least_one, default=1000, metavar="N", help="so many (default 1000)"
        )
        lifting = verbs.add(
            "lift", _lift, "the address may be mailed again; what was known of it counts no more"
        )
        lifting.add_argument("address", metavar="ADDRESS")
        _declare_decision(lifting)
        for name, help_ in _DECISIONS.items():
            deciding = verbs.add(name, _decide, help_)
            deciding.add_argument("mailing", type=int, metavar="MAILING", help="its id; `status` names it")
            _declare_decision(deciding)


def _declare_decision(parser: ArgumentParser) -> None:
    acting.declare(parser)
    parser.add_argument("--because", required=True, metavar="WHY", help="kept beside the name")


def _list(options: Options) -> None:
    found = Suppression.objects.all() if options.all else Suppression.in_force()
    rows = [
        _facts(one, whole=options.addresses)
        for one in found.select_related("delivery__mailing").order_by("-since", "-id")[: options.limit]
    ]
    show.as_json(rows) if options.json else show.table(rows, _COLUMNS, "every address may be mailed")


def _facts(one: Suppression, *, whole: bool) -> dict[str, object]:
    return {
        "address": one.folded if whole else mask(one.folded),
        "reason": one.reason,
        "meaning": Because(one.reason).label,
        "evidence": one.evidence or None,
        "mailing": one.delivery.mailing.key if one.delivery else None,
        "since": show.iso(one.since),
        "state": "held" if one.held else "lifted" if one.lifted_at else "in force",
        "lifted_at": show.iso(one.lifted_at),
        "lifted_because": one.lifted_because or None,
    }


def _lift(options: Options) -> None:
    by, because = _by(options)
    try:
        folded = fold(parse(options.address))
    except BadAddress as wrong:
        raise BadInput("suppressions lift", wrong.problem, wrong.remedy) from None
    held = Suppression.objects.filter(folded=folded).first()
    if held is None or not suppression.lift(held, by, because):
        raise NotFound(f"{mask(folded)} is not suppressed")
    ended = (
        " They complained: their topics stay ended until they sign up again."
        if held.reason == Because.COMPLAINT
        else ""
    )
    print(f"lifted: {mask(folded)} may be mailed again.{ended}")


def _decide(options: Options) -> None:
    by, because = _by(options)
    mailing = Mailing.objects.filter(id=options.mailing).first()
    if mailing is None:
        raise NotFound(f"no mailing {options.mailing}; `dispatcher mailings list` shows those there are")
    count = suppression.decide(mailing, by, because, suppress=options.verb == "apply")
    if not count:
        raise Refused(f"nothing is held back of {mailing.key}")
    print(
        f"{count} addresses of {mailing.key} {'suppressed' if options.verb == 'apply' else 'may be mailed again'}"
    )


def _by(options: Options) -> tuple[By, str]:
    actor = acting.acting(options, Permission.SUPPRESSION_LIFT)
    because = options.because.strip()
    if not because:
        raise BadInput("--because", "empty", "say why")
    return By(actor.name, actor.door, actor.staff, actor.facts), because
