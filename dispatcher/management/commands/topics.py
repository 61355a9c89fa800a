"""`dispatcher topics`: check the topic list, show it, and explain what its rules say of a text."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path

from dispatcher import config
from dispatcher.errors import BadInput
from dispatcher.formats.html import blocks
from dispatcher.formats.sections import known_as_json
from dispatcher.management import rehearsal, show, topic_moves
from dispatcher.management.command import DispatcherCommand, Options, Verbs
from dispatcher.sources.identity import lifecycle
from dispatcher.topics import lint, load
from dispatcher.topics.page import Document
from dispatcher.topics.reasons import as_json
from dispatcher.topics.rules import Matcher, Outcome, compile_rules

COLUMNS = {"slug": "TOPIC", "name": "NAME", "category": "CATEGORY", "sections": "SECTIONS"}


class Command(DispatcherCommand):
    help = "The e-message topic list: topics.yaml."

    def declare(self, parser: ArgumentParser) -> None:
        verbs = Verbs(parser)
        linting = verbs.add(
            "lint",
            _lint,
            "every mistake and every doubtful entry of the file; exit 1 on a mistake",
            json=True,
        )
        linting.add_argument("file", nargs="?", metavar="FILE", help="another file than DISPATCHER_TOPICS")
        verbs.add("list", _list, "the topics of the file", json=True)
        explaining = verbs.add("explain", _explain, "which topics a notice would reach, and why", json=True)
        explaining.add_argument(
            "file",
            metavar="FILE",
            help='a text file (first line: title), or - for standard input; with --json one {"title", "body"} a line',
        )
        rehearsal.declare(verbs)
        topic_moves.declare(verbs)


def _file(options: Options) -> Path:
    return Path(options.file) if getattr(options, "file", None) else config.current().topics


def _lint(options: Options) -> int:
    path = _file(options)
    try:
        found = load.read(path)
    except BadInput as wrong:
        mistakes = list(getattr(wrong, "found", [wrong]))
        _tell([_finding("mistake", one.place, one.problem, one.remedy) for one in mistakes], options)
        return 1
    of_rows = [] if options.file else rehearsal.warnings()
    _tell([_finding("warning", *one) for one in (*lint.lint(found), *of_rows)], options)
    return 0


def _finding(level: str, place: str, problem: str, remedy: str) -> dict[str, str]:
    return {"level": level, "place": place, "problem": problem, "remedy": remedy}


def _tell(findings: list[dict[str, str]], options: Options) -> None:
    if options.json:
        show.as_json(findings)
        return
    for one in findings:
        print(f"{one['level']}: {one['place']}: {one['problem']} → {one['remedy']}")
    print(f"{len(findings)} findings" if findings else "nothing to find fault with")


def _list(options: Options) -> None:
    rows: list[dict[str, object]] = [
        {
            "slug": topic.slug,
            "name": topic.name,
            "category": topic.category,
            "sections": [
                {"chapter": one.chapter, "section": one.number, "appendix": one.appendix}
                for one in topic.sections
            ],
            "retired": topic.retired is not None,
            "replaced_by": list(topic.replaced_by),
            "must_deliver": topic.must_deliver,
        }
        for topic in load.read(config.current().topics).topics
    ]
    if options.json:
        show.as_json(rows)
        return
    topics = load.read(config.current().topics).topics
    show.table(
        [
            row | {"sections": [str(one) for one in topic.sections]}
            for row, topic in zip(rows, topics, strict=True)
        ],
        COLUMNS,
        "no topics",
    )


def _explain(options: Options) -> None:
    found = load.read(config.current().topics)
    matcher = compile_rules([topic.to_rules() for topic in found.topics if topic.retired is None])
    text = sys.stdin.read() if options.file == "-" else _text(options.file)
    if options.json:
        for title, body in _lines(text, options.file):
            print(json.dumps(_as_json(_judge(matcher, title, body)), ensure_ascii=False))
        return
    title, _, body = text.strip().partition("\n")
    names = {topic.slug: topic.name for topic in found.topics}
    _print(_judge(matcher, title, "".join(f"<p>{part}</p>" for part in body.split("\n\n"))), names)


def _judge(matcher: Matcher, title: str, body: str) -> Outcome:
    return matcher.match(Document(title=title, body=blocks(body), type=lifecycle(title, body)))


def _lines(text: str, name: str) -> Iterable[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            notice = json.loads(line)
            yield str(notice["title"]), str(notice.get("body") or "")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadInput(
                f"{name}:{number}", "not a notice", 'one JSON object a line: {"title": "…", "body": "…"}'
            ) from None


def _as_json(outcome: Outcome) -> dict[str, object]:
    topics = [{"slug": slug, "evidence": as_json(evidence)} for slug, evidence in outcome.topics]
    return {"topics": topics, "sections": known_as_json(outcome.sections)}


def _print(outcome: Outcome, names: dict[str, str]) -> None:
    for slug, evidence in outcome.topics:
        print(f"{names[slug]} ({slug})")
        for one in evidence:
            print(f"  {one.rule}: {one.reason}\n    {one.field}: {one.text}")
    if not outcome.topics:
        print("no topic matches")
    sections = [
        f"{one['chapter'] + '-' if one['chapter'] else ''}{one['section']}"
        for one in known_as_json(outcome.sections)
    ]
    print(f"sections cited: {', '.join(sections) or 'none'}")


def _text(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadInput(
            name, f"cannot be read: {wrong}", "name a UTF-8 text file, or - for standard input"
        ) from None
