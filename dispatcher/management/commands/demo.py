"""`dispatcher demo`: the main job on samples, with real mail into a local mailbox; tells who got what, and why."""

import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path

from rich.console import Console

from dispatcher.management import show
from dispatcher.management.command import DispatcherCommand, Options, add_json
from dispatcher.management.demo.play import Played, play


class Command(DispatcherCommand):
    help = "The main job on bundled samples: two polls, real HTTP, real SMTP into a local mailbox. Nothing leaves this machine."

    def declare(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--samples", type=Path, metavar="DIR", help="play another folder laid out like the bundled one"
        )
        add_json(parser)
        parser.set_defaults(handler=_demo)


def _demo(options: Options) -> int:
    console = Console(stderr=True)
    with console.status("starting") as status:

        def step(what: str) -> None:
            status.update(what)
            console.print(f"· {what}")

        played = play(options.samples, step)
    counted = summary(played)
    show.as_json(counted) if options.json else _print(played)
    return 0 if counted["received"] == counted["deliveries"] else 1


def summary(played: Played) -> dict[str, object]:
    """The sums of `demo --json`: bulletins found, matches, deliveries accepted by the relay, messages the mailbox counted."""
    return {
        "bulletins": len(played.bulletins),
        "matches": sum(len(one["topics"]) for one in played.bulletins),
        "deliveries": sum(one["counts"]["accepted"] for one in played.mailings),
        "received": len(played.received),
    }


def _print(played: Played) -> None:
    news = [one for one in played.bulletins if one["state"] != "baseline"]
    print(
        f"\n{len(played.bulletins) - len(news)} bulletins were there at the first poll: recorded, mailed to nobody."
    )
    print(f"{len(news)} were new:\n")
    for one in reversed(news):
        print(f"  {show.shortened(one['title'], 100)}")
        print(
            f"    {one['type']} from {one['source']}: {'no topic matches; listed for a person to look at' if not one['topics'] else ''}"
        )
        for match in played.evidence.get(one["id"], []):
            print(f"      → {match['name']}: {match['evidence'][0]['reason']}")
    print("\nWho got mail, as the mailbox counted it:\n")
    for recipient, count in sorted(Counter(one.recipient for one in played.received).items()):
        print(f"  {recipient}: {count}")
        for one in played.received:
            if one.recipient == recipient:
                print(f"      {one.subject}")
    print(
        f"\nWhere to look:\n  the messages  {played.folder / 'mailbox'}  (.eml as sent, .html to open in a browser)"
    )
    home = f"DISPATCHER_DATA_DIR={played.folder} DISPATCHER_TOPICS={played.folder / 'topics.yaml'}"
    print(f"  the database  {home} {sys.argv[0]} bulletins list")
