"""`dispatcher messages`: look at what people receive, without sending anything."""

import secrets
from argparse import ArgumentParser
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

from dispatcher import config
from dispatcher.config import Config
from dispatcher.errors import BadInput, NotFound
from dispatcher.management.command import DispatcherCommand, Options, Verbs
from dispatcher.messages import editions, samples, translations
from dispatcher.messages.compose import Composed
from dispatcher.messages.kinds import AgencyContact
from dispatcher.messages.language import Variant
from dispatcher.messages.letters import Frame
from dispatcher.models import Bulletin
from dispatcher.models.clock import database_now

_NO_SENDER = "notices@example.gov"
_NO_NAME, _NO_ADDRESS = "Your agency", "its postal address"
_OF_A_ROW = "bulletin"


class Command(DispatcherCommand):
    help = "What people receive, to look at. Sends nothing."

    def declare(self, parser: ArgumentParser) -> None:
        verbs = Verbs(parser)
        rendering = verbs.add(
            "render", _render, "each kind of message, or one, with sample data or of a bulletin"
        )
        rendering.add_argument("kind", nargs="?", choices=sorted(samples.SAMPLES), metavar="KIND", help=f"one of {', '.join(samples.SAMPLES)}; without it, all")  # fmt: skip
        rendering.add_argument("--bulletin", type=int, metavar="ID", help="of this bulletin, as it would be mailed now, instead of a sample")  # fmt: skip
        rendering.add_argument("--language", choices=translations.OFFERED, default=translations.OFFERED[0], metavar="CODE", help=f"in this language: one of {', '.join(translations.OFFERED)}")  # fmt: skip
        rendering.add_argument("--plain", action="store_true", help="as a reader of text alone gets it")
        rendering.add_argument("--to", type=Path, metavar="DIR", help="write KIND.html, KIND.txt and KIND.eml (the raw mail) there, with --plain no HTML; without it the text is printed")  # fmt: skip


def _render(options: Options) -> None:
    for kind, composed in _composed(options).items():
        copy = samples.addressed(composed)
        if options.to is None:
            print(f"Subject: {composed.subject}\n\n{_part(copy, 'plain')}")
        else:
            _write(options.to, kind, copy)


def _part(copy: bytes, subtype: str) -> str:
    """What one reader sees. A composed message shows what there is for all of its readers together."""
    found = message_from_bytes(copy, policy=policy.default).get_body((subtype,))
    return str(found.get_content()).replace("\r\n", "\n") if found else ""


def _composed(options: Options) -> dict[str, Composed]:
    settings = config.current()
    variant = Variant(translations.of(options.language), options.plain)
    if options.bulletin is not None:
        if options.kind not in {None, _OF_A_ROW}:
            raise BadInput("--bulletin", f"goes with no {options.kind}", f"say `messages render {_OF_A_ROW}`")
        return {_OF_A_ROW: _of_row(settings, options.bulletin, variant)}
    frame = Frame(_agency(settings), settings.public_url, database_now(), secrets.token_hex(16), variant)
    kinds = [options.kind] if options.kind else list(samples.SAMPLES)
    return {kind: samples.SAMPLES[kind](frame) for kind in kinds}


def _of_row(settings: Config, bulletin_id: int, variant: Variant) -> Composed:
    found = Bulletin.objects.select_related("source").filter(id=bulletin_id).first()
    if found is None:
        raise NotFound(f"no bulletin {bulletin_id}; `dispatcher bulletins list` shows those there are")
    everyone = (
        not found.matches.exists()
    )  # who would get it is not known yet, and somebody has to stand there
    sender = _with_sender(settings)
    return editions.of_bulletin(sender, found, sent_at=database_now(), everyone=everyone, variant=variant)


def _agency(settings: Config) -> AgencyContact:
    """Of samples: what topics.yaml does not say yet has its place in them all the same."""
    found = editions.agency(_with_sender(settings))
    return replace(found, name=found.name or _NO_NAME, address=found.address or _NO_ADDRESS)


def _with_sender(settings: Config) -> Config:
    """While nobody has confirmed a sender one can look all the same."""
    try:
        editions.agency(settings)
    except BadInput:
        return replace(settings, from_=_NO_SENDER)
    return settings


def _write(folder: Path, kind: str, copy: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, content in {
            "html": _part(copy, "html").encode(),
            "txt": _part(copy, "plain").encode(),
            "eml": copy,
        }.items():
            if content:
                (folder / f"{kind}.{suffix}").write_bytes(content)
                print(folder / f"{kind}.{suffix}")
    except OSError as wrong:
        raise BadInput("--to", f"{folder}: {wrong.strerror}", "name a folder that you may write to") from None
