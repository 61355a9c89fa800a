"""`dispatcher blast`: a message that one person hands in and another approves. Without a verb the file is handed in."""

from argparse import ArgumentParser

from dispatcher import config
from dispatcher.delivery import copies
from dispatcher.mailings import blast
from dispatcher.mailings.progress import By
from dispatcher.management import acting, show
from dispatcher.management.blasts import told
from dispatcher.management.blasts.given import Given
from dispatcher.management.command import DispatcherCommand, Options, Verbs
from dispatcher.management.topic_list import refresh
from dispatcher.messages import editions
from dispatcher.models import Bulletin
from dispatcher.models.clock import database_now
from dispatcher.permissions import Permission

_VERBS = ("submit", "approve", "show", "list", "cancel")
_USAGE = """Without a verb: `dispatcher blast FILE.md --as NAME --topics A,B` hands the file in (the same as `blast submit`).
FILE.md is Markdown; its first line `# …` is the subject, or a head between two lines `---` says
subject, contact, telephone, email, website, type, link."""


class Command(DispatcherCommand):
    help = "A message that one person hands in and another approves."

    def run_from_argv(self, argv: list[str]) -> None:
        """As Django's; a first argument that is no verb is the file to hand in."""
        if len(argv) > 2 and argv[2] not in (*_VERBS, "-h", "--help"):
            argv = [*argv[:2], "submit", *argv[2:]]
        super().run_from_argv(argv)

    def declare(self, parser: ArgumentParser) -> None:
        parser.epilog = _USAGE
        verbs = Verbs(parser)
        _declare_submit(verbs.add("submit", _submit, "check, preview and hand in a file", json=True))
        approving = verbs.add("approve", _approve, "agree to exactly what was handed in", json=True)
        _declare_one(approving)
        approving.add_argument(
            "--because", default="", metavar="REASON", help="why it may go in spite of what the checks found"
        )
        approving.add_argument(
            "--people", type=int, metavar="N", help="the number of people, where it is large"
        )
        verbs.add("show", _show, "one blast: message, audience, checks, approvals", json=True).add_argument(
            "id", type=int
        )
        verbs.add("list", _list, "the newest first", json=True)
        _declare_one(verbs.add("cancel", _cancel, "call a blast back before its first message"))


def _declare_one(parser: ArgumentParser) -> None:
    parser.add_argument("id", type=int)
    acting.declare(parser, required=True)


def _declare_submit(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.md", help="- for standard input")
    acting.declare(parser, required=True)
    parser.add_argument(
        "--topics", default="", metavar="A,B", help="for those who follow one of these topics"
    )
    parser.add_argument("--everyone", action="store_true", help="for everybody who subscribes to anything")
    parser.add_argument("--at", metavar="TIME", help="not before: 2027-01-05 09:00, the agency's time")
    parser.add_argument("--people", type=int, metavar="N", help="the number of people, where it is large")
    parser.add_argument(
        "--test-to",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="a copy marked TEST; may be given several times",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="check, preview and send test copies; hand nothing in"
    )


def _submit(options: Options) -> int:
    settings = config.current()
    refresh(settings)
    by = _by(options, Permission.BULLETIN_SUBMIT)
    given = Given.of(options, editions.zone(settings))
    if given.test_to:
        copies.require_open(settings, given.test_to)  # before anything is handed in
    prepared = blast.submit(settings, given.proposal, by, dry_run=options.dry_run)
    preview = told.write_preview(settings.data_dir / "previews" / prepared.key[:12], prepared)
    handed = (
        copies.send(settings, prepared.test, editions.agency(settings).from_, given.test_to)
        if given.test_to
        else []
    )
    if prepared.bulletin_id is not None:
        _ring("delivery.deliver", "system", "system")
    if options.json:
        show.as_json(told.submitted(prepared, preview, handed))
    else:
        told.print_submitted(prepared, preview, handed)
    failed = (prepared.blocked and prepared.bulletin_id is None) or not all(one.accepted for one in handed)
    return 1 if failed else 0


def _approve(options: Options) -> None:
    settings = config.current()
    refresh(settings)
    by = _by(options, Permission.BULLETIN_APPROVE)
    mailing = blast.approve(settings, options.id, by, people=options.people, reason=options.because)
    _ring("mailings.fan_out", "fan_out")
    if options.json:
        show.as_json(told.one(Bulletin.objects.get(id=options.id)))
    else:
        told.print_approved(mailing, editions.zone(settings), database_now())


def _cancel(options: Options) -> None:
    bulletin = blast.cancel(options.id, _by(options, Permission.BULLETIN_VIEW))
    print(f"blast {bulletin.id} is cancelled; nobody got it")


def _show(options: Options) -> None:
    bulletin = blast.found(options.id)
    if options.json:
        show.as_json(told.one(bulletin))
    else:
        settings = config.current()
        told.print_one(bulletin, blast.words(settings, bulletin), editions.zone(settings))


def _list(options: Options) -> None:
    rows = [
        told.row(one) for one in Bulletin.objects.filter(author__isnull=False).select_related("author")[:1000]
    ]
    if options.json:
        show.as_json(rows)
    else:
        show.table(rows, told.COLUMNS, "no blasts yet: `dispatcher blast FILE.md --as NAME --topics A,B`")


def _by(options: Options, permission: Permission) -> By:
    actor = acting.acting(options, permission)
    return By(actor.name, actor.door, actor.facts)


def _ring(task: str, lane: str, *ids: str) -> None:
    from tasks.ring import ring

    ring(task, lane, *ids)
