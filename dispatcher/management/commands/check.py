"""`dispatcher check`: are the settings and topics.yaml fit to send? Looks at nothing outside; changes nothing."""

import os
from argparse import ArgumentParser
from urllib.parse import urlsplit

from dispatcher import config
from dispatcher.delivery import signing
from dispatcher.errors import BadInput
from dispatcher.management import show
from dispatcher.management.command import DispatcherCommand, Options, add_json
from dispatcher.parsing import is_loopback
from dispatcher.topics import lint, load
from dispatcher.topics.catalog import CatalogFile

Finding = dict[str, str]


class Command(DispatcherCommand):
    help = "Are the settings and topics.yaml fit to send? Exit 1 if something must be mended first."

    def declare(self, parser: ArgumentParser) -> None:
        add_json(parser)
        parser.set_defaults(handler=_check)


def _check(options: Options) -> int:
    settings = config.current()
    findings = [*of_environment(), *of_topics(settings), *of_settings(settings)]
    _tell(findings, options)
    return 1 if any(one["level"] == "mistake" for one in findings) else 0


def of_environment() -> list[Finding]:
    """Variables that look like ours and are not."""
    return [
        _finding("warning", name, "no setting of that name", "see docs/settings.md")
        for name in config.unknown(os.environ)
    ]


def of_topics(settings: config.Config) -> list[Finding]:
    """Every mistake of topics.yaml, or what is unwise in a good one."""
    try:
        found = load.read(settings.topics)
    except BadInput as wrong:
        return [
            _finding("mistake", one.place, one.problem, one.remedy)
            for one in getattr(wrong, "found", [wrong])
        ]
    return _of_catalog(settings, found)


def _of_catalog(settings: config.Config, found: CatalogFile) -> list[Finding]:
    """What nobody has confirmed may not stand in real mail: a mistake as soon as SEND is on, else a reminder."""
    unconfirmed = "mistake" if settings.send.everybody else "warning"
    elsewhere = {"agency.from"} if settings.from_ else set()
    return [
        _finding(
            unconfirmed if problem == lint.UNCONFIRMED else "warning", f"topics.yaml {place}", problem, remedy
        )
        for place, problem, remedy in lint.lint(found)
        if place not in elsewhere
    ]


def of_settings(settings: config.Config) -> list[Finding]:
    """What does not fit together."""
    findings = [*_of_signing(settings), *_of_bounces(settings)]
    if not settings.secret_key:
        findings.append(
            _finding(
                "mistake",
                "DISPATCHER_SECRET_KEY",
                "no secret key",
                "run `dispatcher migrate`, which makes one, or set it",
            )
        )
    if not settings.send.off and not settings.smtp_url:
        findings.append(
            _finding(
                "mistake",
                "DISPATCHER_SMTP_URL",
                "SEND is on, but there is no relay",
                "name one: smtp+starttls://user:password@host",
            )
        )
    if settings.send.everybody and settings.public_url.startswith("http://"):
        findings.append(
            _finding(
                "mistake",
                "DISPATCHER_PUBLIC_URL",
                "links in mail would lead to this machine",
                "set the https address people see",
            )
        )
    if settings.mailbox and not is_loopback(urlsplit(settings.public_url).hostname or ""):
        findings.append(
            _finding(
                "mistake",
                "DISPATCHER_MAILBOX",
                "the pages would show everybody's mail, and with it everybody's links",
                "unset it; the mailbox is for this machine alone",
            )
        )
    return findings


def _of_signing(settings: config.Config) -> list[Finding]:
    unsigned = signing.unfit(settings)
    remedy = "until then nothing is mailed: what should be signed does not leave unsigned"
    return [_finding("mistake", "DISPATCHER_DKIM_KEYS", unsigned, remedy)] if unsigned else []


def _of_bounces(settings: config.Config) -> list[Finding]:
    away = [one for one in settings.smtp_url if not is_loopback(one.host)]
    if not settings.send.everybody or settings.bounce_domain or not away:
        return []
    problem = "bounces go to the sender's mailbox, where nobody learns of them: addresses that are gone are mailed for ever"
    return [
        _finding(
            "warning", "DISPATCHER_BOUNCE_DOMAIN", problem, "a domain for bounces; README, “What comes back”"
        )
    ]


def _finding(level: str, place: str, problem: str, remedy: str) -> Finding:
    return {"level": level, "place": place, "problem": problem, "remedy": remedy}


def _tell(findings: list[Finding], options: Options) -> None:
    if options.json:
        show.as_json(findings)
        return
    for one in findings:
        print(f"{one['level']}: {one['place']}: {one['problem']} → {one['remedy']}")
    if not findings:
        print("nothing to find fault with")
