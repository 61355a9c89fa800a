"""`dispatcher topics`: check the topic list, show it, and explain what its rules say of a text."""

from argparse import ArgumentParser
from pathlib import Path

from dispatcher import config
from dispatcher.errors import BadInput
from dispatcher.management import explaining, rehearsal, show, topic_moves
from dispatcher.management.command import DispatcherCommand, Options, Verbs
from dispatcher.topics import lint, load

COLUMNS = {"slug": "TOPIC", "name": "NAME", "group": "GROUP", "sections": "SECTIONS"}


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
        explaining.declare(
            verbs.add(
                "explain",
                explaining.explain,
                "which topics a notice would reach, why, and why not others",
                json=True,
            )
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
    found = load.read(config.current().topics)
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
            "group": topic.group,
            "aliases": topic.aliases_as_json(),
            "presets": [one.slug for one in found.presets if topic.slug in one.topics],
        }
        for topic in found.topics
    ]
    if options.json:
        show.as_json(rows)
        return
    show.table(
        [
            row | {"sections": [str(one) for one in topic.sections]}
            for row, topic in zip(rows, found.topics, strict=True)
        ],
        COLUMNS,
        "no topics",
    )
    for one in found.presets:
        print(f"\npreset {one.slug} ({one.name}): {', '.join(one.topics)}")
