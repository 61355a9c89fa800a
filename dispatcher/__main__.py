"""The `dispatcher` command: names the commands, starts Django, hands over. Exit codes: 0 done, 1 it failed, 2 wrong use."""

import os
import sys
from importlib import import_module

# In the order in which somebody who is new would want to read them.
COMMANDS = {
    "demo": "the main job on bundled samples, with real mail into a local mailbox",
    "up": "everything on this machine, with a mailbox of its own; stays",
    "run": "poll what is due, match, fan out, deliver, in one process; ends",
    "worker": "a Celery worker, with the lanes it serves",
    "beat": "the timetable of the workers",
    "migrate": "create or update the tables; make the secret key if there is none",
    "check": "are the settings and topics.yaml fit to send?",
    "doctor": "everything outside that could be wrong: database, broker, relay, names, pages, clocks",
    "status": "is anything stuck, failing or silent?",
    "sources": "list, poll, preview; release or discard what is held",
    "topics": "lint, list, explain",
    "bulletins": "list, show",
    "subscribers": "add, import, show",
    "blast": "hand in a message, approve it, show, list, cancel",
    "bounces": "ingest, listen, list, show: what the mail world sends back",
    "suppressions": "list, lift: the addresses that must not be mailed",
    "staff": "add, list: who may write, approve and steer",
    "messages": "render: look at what people receive",
    "mailings": "list, show, report, pause, resume, cancel",
}


def main() -> None:
    """The entry point of the script."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in {"-h", "--help", "help"}:
        print(_overview())
        sys.exit(0)
    if name not in COMMANDS:
        print(f"dispatcher: no command {name!r}\n\n{_overview()}", file=sys.stderr)
        sys.exit(2)
    _start()
    import_module(f"dispatcher.management.commands.{name}").Command().run_from_argv(
        ["dispatcher", *sys.argv[1:]]
    )


def _start() -> None:
    from dispatcher.errors import BadInput

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatcher.settings")
    try:
        import django

        django.setup()
    except BadInput as wrong:
        print(f"dispatcher: {wrong}", file=sys.stderr)
        # A mail server that hands in a bounce throws it away at any other code than this one: come again.
        sys.exit(75 if sys.argv[1:3] == ["bounces", "ingest"] else 2)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {what}" for name, what in COMMANDS.items()]
    return "\n".join(["usage: dispatcher COMMAND [--help]", "", *lines])


if __name__ == "__main__":
    main()
