"""`dispatcher bounces`: take in what comes back, and look at what came."""

import asyncio
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence

from dispatcher import config
from dispatcher.bounces import inbox, settle
from dispatcher.errors import BadInput, NotFound, Refused
from dispatcher.management import show
from dispatcher.management.command import DispatcherCommand, Options, Verbs, at_least_one
from dispatcher.models import Arrival, Outcome

COME_AGAIN = 75  # EX_TEMPFAIL: a mail server keeps the mail and tries later
_INGEST = (
    "take in one message on standard input; exit 0: it is kept, whatever it is; 75: it could not be kept, come again; "
    "2: wrong use. As Postfix's pipe(8) wants it: argv=dispatcher bounces ingest --to ${recipient}"
)
_COLUMNS = {
    "id": "ID",
    "received_at": "AT",
    "provider": "BY",
    "outcome": "OUTCOME",
    "deliveries": "DELIVERIES",
    "note": "NOTE",
}


class Command(DispatcherCommand):
    help = "What the mail world sends back: bounces, complaints, what providers tell."

    def declare(self, parser: ArgumentParser) -> None:
        verbs = Verbs(parser)
        taking = verbs.add("ingest", _ingest, _INGEST.replace("%", "%%"))
        taking.add_argument("--to", default="", metavar="ADDRESS", help="the bounce address that it came to")
        about = "take in mail to our bounce addresses, by SMTP and LMTP, and to nobody else; stays"
        listening = verbs.add("listen", _listen, about)
        listening.add_argument(
            "--smtp",
            metavar="HOST:PORT",
            type=_place,
            help="listen for SMTP here (unless told otherwise 127.0.0.1:8025)",
        )
        listening.add_argument(
            "--lmtp",
            metavar="HOST:PORT",
            type=_place,
            help="listen for LMTP here, for a mail server on this machine",
        )
        listing = verbs.add("list", _list, "what came, the newest first", json=True)
        listing.add_argument("--outcome", choices=Outcome.values, help="only what turned out so")
        listing.add_argument(
            "--limit", type=at_least_one, default=100, metavar="N", help="so many (default 100)"
        )
        showing = verbs.add(
            "show", _show, "one thing that came: what it says, and its bytes as text", json=True
        )
        showing.add_argument("id", type=int)


def _ingest(options: Options) -> int:
    # Whatever goes wrong, the mail server must keep the mail: with any other code it would throw a bounce away for good.
    try:
        kept = inbox.keep(inbox.MAIL, _standard_input(), options.to)
    except Exception as failure:  # noqa: BLE001 -- as above
        print(f"dispatcher: not kept, come again: {failure}", file=sys.stderr)
        return COME_AGAIN
    try:
        settle.settle(config.current(), kept)
    except Exception as failure:  # noqa: BLE001 -- it is kept, and the sweep settles it
        print(f"dispatcher: kept; the sweep will settle it: {failure}", file=sys.stderr)
    return 0


def _standard_input() -> bytes:
    """What the inbox will keep of it. The rest is read all the same: to a mail server that cannot write it, all of it has failed."""
    content = sys.stdin.buffer.read(inbox.LARGEST)
    while sys.stdin.buffer.read(inbox.LARGEST):
        pass
    return content


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ArgumentTypeError(f"{text!r}: a host and a port, such as 127.0.0.1:8025")
    return host.strip("[]"), int(port)


def _listen(options: Options) -> None:
    from dispatcher.bounces import listen  # aiosmtpd, which nobody else here needs

    settings = config.current()
    if not settings.bounce_domain:
        raise BadInput("DISPATCHER_BOUNCE_DOMAIN", "not set", "the domain of our bounce addresses")
    if not settings.secret_key:
        raise Refused("there is no secret key to know our addresses by: run `dispatcher migrate`, or set it")
    smtp = options.smtp or (None if options.lmtp else ("127.0.0.1", 8025))
    places = {kind: listen.Place(*one) for kind, one in (("smtp", smtp), ("lmtp", options.lmtp)) if one}
    try:
        asyncio.run(listen.serve(settings, places, ready=_tell_ready))
    except OSError as taken:
        raise Refused(f"cannot listen: {taken}") from None


def _tell_ready(places: Sequence[object]) -> None:
    print(f"listening on {', '.join(map(str, places))}", flush=True)


def _list(options: Options) -> None:
    found = Arrival.objects.all()
    if options.outcome:
        found = found.filter(outcome=options.outcome)
    rows = [_facts(one) for one in found.defer("raw")[: options.limit]]
    show.as_json(rows) if options.json else show.table(rows, _COLUMNS, "nothing has come back")


def _facts(arrival: Arrival) -> dict[str, object]:
    return {
        "id": str(arrival.id),
        "provider": arrival.provider,
        "received_at": show.iso(arrival.received_at),
        "settled_at": show.iso(arrival.settled_at),
        "outcome": arrival.outcome or None,
        "note": arrival.note or None,
        "deliveries": [str(one) for one in arrival.events.order_by("id").values_list("delivery", flat=True)],
    }


def _show(options: Options) -> None:
    arrival = Arrival.objects.filter(id=options.id).first()
    if arrival is None:
        raise NotFound(f"nothing came as {options.id}; `dispatcher bounces list` shows what there is")
    facts = {
        **_facts(arrival),
        "recipient": arrival.recipient or None,
        "content": _legible(bytes(arrival.raw)),
    }
    if options.json:
        show.as_json(facts)
        return
    outcome = Outcome(arrival.outcome).label if arrival.outcome else "nobody has settled it yet"
    print(
        f"{arrival.provider} {facts['received_at']}, to {arrival.recipient or 'an address that nobody told'}: {outcome}"
    )
    print(f"{arrival.note}\n\n{facts['content']}")


def _legible(raw: bytes) -> str:
    """Strangers wrote it: what would steer a terminal shows as what it is."""
    text = raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return "".join(one if one.isprintable() or one in "\n\t" else f"\\x{ord(one):02x}" for one in text)
