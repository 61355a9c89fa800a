"""`dispatcher topics explain`: a notice with the words that brought it to its topics marked in it, and why others came near only.

The notice is a text file, standard input, a bulletin of ours, or a page fetched and read as a source is: on guard, and in the child.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

from dispatcher import config
from dispatcher.config import Config
from dispatcher.errors import BadInput, DispatcherError, NotFound, Unreadable
from dispatcher.formats.html import blocks
from dispatcher.formats.sections import known_as_json
from dispatcher.formats.selectors import Select
from dispatcher.management.command import Options
from dispatcher.models import Bulletin, Source
from dispatcher.sources import asking, poll, reader
from dispatcher.sources.fetch import Answer, Request
from dispatcher.sources.identity import lifecycle
from dispatcher.sources.questions import Question
from dispatcher.topics import load, match, why_not
from dispatcher.topics.entries import CatalogFile
from dispatcher.topics.page import Document
from dispatcher.topics.reasons import TYPES, Evidence, as_json
from dispatcher.topics.rules import Matcher, Outcome, compile_rules
from dispatcher.topics.why_not import Lack

# A page is an e-mail message as its publisher shows it, or has a main part, or is all there is.
_PAGES = (
    Question("message"),
    Question("page", select=Select(record="main", exclude="header, nav, footer", title="h1")),
    Question("page", select=Select(record="body", exclude="header, nav, footer", title="h1")),
)


def declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "notice",
        metavar="FILE|URL|BULLETIN",
        help='a text file (first line: title), a page, the number of a bulletin, or - for standard input; with --json a file has one {"title", "body"} a line',
    )
    parser.add_argument(
        "--topic", metavar="SLUG", help="why this topic is not reached; without it the nearest are told"
    )


def explain(options: Options) -> None:
    settings = config.current()
    found = load.read(settings.topics)
    live = [topic for topic in found.topics if topic.retired is None]
    if options.topic and options.topic not in {topic.slug for topic in live}:
        raise NotFound(f"no topic {options.topic!r} in use; `dispatcher topics list` names them")
    matcher = compile_rules([topic.to_rules() for topic in live])
    for document in _documents(options.notice, settings, lines=options.json):
        if options.json:
            print(json.dumps(_as_json(matcher, document, options.topic), ensure_ascii=False))
        else:
            _show(matcher, document, found, options.topic or "")


def _documents(named: str, settings: Config, *, lines: bool) -> Iterator[Document]:
    if named.startswith(("http://", "https://")):
        yield _fetched(named, settings)
    elif named.isascii() and named.isdigit() and not Path(named).exists():
        yield _bulletin(int(named))
    else:
        text = sys.stdin.read() if named == "-" else _text(named)
        yield from _of_lines(text, named) if lines else [_of_text(text)]


def _bulletin(number: int) -> Document:
    bulletin = Bulletin.objects.select_related("source").filter(id=number).first()
    if bulletin is None:
        raise NotFound(f"no bulletin {number}; `dispatcher bulletins list` names them")
    return match.document(bulletin)


def _fetched(url: str, settings: Config) -> Document:
    (answer,) = asking.ask([_request(url)], poll.limits(settings), poll.user_agent(settings))
    if isinstance(answer, DispatcherError):
        raise answer
    title, body = _read(answer)
    return _document(title, body, link=answer.url)


def _request(url: str) -> Request:
    """As the source on that host would ask for it, if we have one: its own server may be a local one."""
    host = urlsplit(url).netloc
    sources = Source.objects.filter(dropped_at__isnull=True)
    source = next((one for one in sources if urlsplit(one.url).netloc == host), None)
    return asking.for_link(source, url, any_type=True) if source else Request(url=url, any_type=True)


def _read(answer: Answer) -> tuple[str, str]:
    """Title and body of what was fetched. Raises what the last way of reading it raised."""
    if answer.body.startswith(b"%PDF-"):
        linked = reader.text(answer.body)
        title, _, text = linked.text.partition("\n")
        return title or linked.note, _paragraphs(text)
    failure: Unreadable | None = None
    for question in _PAGES:
        asked = Question(question.kind, answer.content_type, answer.url, question.select)
        try:
            record = reader.read(asked, answer.body).records[0]
        except Unreadable as failed:
            failure = failed
        except IndexError:
            failure = Unreadable(f"{answer.url} has no text")
        else:
            return record.title, record.body_html
    assert failure is not None  # noqa: S101 -- every way failed; tells the type checker
    raise failure


def _of_text(text: str) -> Document:
    title, _, body = text.strip().partition("\n")
    return _document(title, _paragraphs(body))


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{part}</p>" for part in text.split("\n\n"))


def _of_lines(text: str, name: str) -> Iterator[Document]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            notice = json.loads(line)
            title, body = str(notice["title"]), str(notice.get("body") or "")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadInput(
                f"{name}:{number}", "not a notice", 'one JSON object a line: {"title": "…", "body": "…"}'
            ) from None
        yield _document(title, body)


def _document(title: str, body: str, link: str = "") -> Document:
    return Document(title=title, body=blocks(body), type=lifecycle(title, body), link=link)


def _text(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadInput(
            name,
            f"cannot be read: {wrong}",
            "name a UTF-8 text file, a page by its address, a bulletin by its number, or - for standard input",
        ) from None


def _as_json(matcher: Matcher, document: Document, topic: str | None) -> dict[str, object]:
    outcome = matcher.match(document)
    found: dict[str, object] = {
        "topics": [{"slug": slug, "evidence": as_json(evidence)} for slug, evidence in outcome.topics],
        "sections": known_as_json(outcome.sections),
    }
    if topic:
        found["near"] = [
            {
                "slug": one.slug,
                "rule": one.rule,
                "evidence": as_json(one.found),
                "missing": list(one.missing),
            }
            for one in why_not.nearest(matcher, document, topic)
        ]
    return found


def _show(matcher: Matcher, document: Document, catalog: CatalogFile, topic: str) -> None:
    outcome = matcher.match(document)
    names = {one.slug: one.name for one in catalog.topics}
    console = Console(soft_wrap=True, highlight=False)
    for block in _marked(document, [one for _, evidence in outcome.topics for one in evidence], console):
        console.print(block, end="\n\n")
    _print_topics(outcome, names)
    cited = [
        f"{one['chapter'] + '-' if one['chapter'] else ''}{one['section']}"
        for one in known_as_json(outcome.sections)
    ]
    is_type = TYPES.get(document.type, document.type)
    print(f"it is {is_type}; sections cited: {', '.join(cited) or 'none'}")
    _print_lacks(why_not.nearest(matcher, document, topic), names)


def _marked(document: Document, evidence: Sequence[Evidence], console: Console) -> Iterator[Text]:
    """Title and body, with the words of the evidence marked: by colour, or in brackets where there is none."""
    for name, texts in (("title", (document.title,)), ("body", document.body)):
        for number, text in enumerate(texts):
            spans = {(one.start, one.end) for one in evidence if (one.field, one.block) == (name, number)}
            yield _with_marks(text, sorted(_merged(spans)), console, bold=name == "title")


def _with_marks(text: str, spans: Sequence[tuple[int, int]], console: Console, *, bold: bool) -> Text:
    marked, done = Text(style="bold" if bold else ""), 0
    for start, end in spans:
        words = text[start:end] if console.is_terminal and not console.no_color else f"[[{text[start:end]}]]"
        marked.append(text[done:start]).append(words, style="black on yellow")
        done = end
    return marked.append(text[done:])


def _merged(spans: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without overlaps."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _print_topics(outcome: Outcome, names: dict[str, str]) -> None:
    for slug, evidence in outcome.topics:
        print(f"{names[slug]} ({slug})")
        for one in evidence:
            print(f"  {one.rule}: {one.reason}\n    {one.field}: {one.text}")
    if not outcome.topics:
        print("no topic matches")


def _print_lacks(lacks: Sequence[Lack], names: dict[str, str]) -> None:
    for one in lacks:
        print(f"\nnot {names[one.slug]} ({one.slug}), by {one.rule}:")
        for piece in one.found:
            print(f"  + {piece.reason}")
        for words in one.missing:
            print(f"  - {words}")
