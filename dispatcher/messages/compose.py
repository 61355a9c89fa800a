"""Compose a message once: templates in, a stencil out. The only user of Jinja2 and css-inline for mail; knows no person.

Each kind has a folder under `templates/messages`. Two environments of our own: escaping on for HTML, off for text and subject
(Django's backend escapes everything: a text part would say `R&amp;D`); an undefined name is an error in both. What templates say goes
through gettext; what comes from elsewhere (names, titles, notices) is English, and is marked so among words of another language.
"""

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dispatcher import config
from dispatcher.errors import BadInput
from dispatcher.messages import headers as header_block
from dispatcher.messages.headers import Headers
from dispatcher.messages.language import USUAL, Language, Variant
from dispatcher.messages.stencil import Choice, Encoding, Fixed, Segment, Slot, Stencil, cut, mark, named

Context: TypeAlias = Mapping[str, object]
Fragments: TypeAlias = Mapping[str, Mapping[str, Context]]
_WIDTH = 72


@dataclass(frozen=True, slots=True)
class Composed:
    """A message for all.

    `text` and `html` are for people to look at: each fragment in place, but for those that stand in for another, `[ticket]` where a
    ticket will be.
    """

    subject: str
    text: str
    html: str
    stencil: Stencil


def compose(
    kind: str,
    context: Context,
    fragments: Fragments,
    headers: Headers,
    boundary: str,
    variant: Variant = USUAL,
) -> Composed:
    """Render, inline, encode. `fragments`: for each choice, by key, what its small template gets. `boundary`: random hexadecimal digits."""
    language = variant.language
    spoken: Context = {**context, "language": language}
    subject = " ".join(_render(_TEXT, f"{kind}/subject", spoken).marked.split())
    about = {**spoken, "subject": subject}
    block = header_block.segments(replace(headers, language=language.code), subject)
    text = _body(_TEXT, kind, about, fragments)
    if variant.plain_text:
        return Composed(subject, text.shown, "", Stencil([*block, *_alone(text)]))
    html = _body(_HTML, kind, about, fragments)
    return Composed(subject, text.shown, html.shown, Stencil([*block, *_alternatives(text, html, boundary)]))


@dataclass(frozen=True, slots=True)
class _Part:
    """How one of the two bodies is made."""

    suffix: str
    encoding: Encoding
    escapes: bool
    finish: Callable[[str], str]
    finish_fragment: Callable[[str], str]

    @property
    def slots(self) -> dict[str, Slot]:
        return {"ticket": Slot("ticket", Encoding.LINK), "address": Slot("address", self.encoding)}


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A template's output with marks in it, and how often the template asked for each."""

    marked: str
    calls: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Body:
    shown: str
    segments: tuple[Segment, ...]


def _body(part: _Part, kind: str, context: Context, fragments: Fragments) -> _Body:
    """One body, cut at its slots, with the fragments of its choices."""
    known: dict[str, Slot | Choice] = dict(part.slots)
    shown = {name: f"[{name}]" for name in part.slots}
    for name, by_key in fragments.items():
        rendered = {
            key: _render(part, f"{kind}/{name}", {**context, **about}) for key, about in by_key.items()
        }
        ready = {key: _Rendered(part.finish_fragment(one.marked), one.calls) for key, one in rendered.items()}
        known[name] = Choice(
            name, {key: cut(one.marked, part.slots, one.calls) for key, one in ready.items()}
        )
        shown[name] = "".join(
            named(one.marked, shown) for key, one in ready.items() if not by_key[key].get("stands_in")
        )
    whole = _render(part, f"{kind}/body", context)
    finished = part.finish(whole.marked)
    segments = cut(finished, known, whole.calls)
    return _Body(named(finished, shown), segments)


def _render(part: _Part, template: str, context: Context) -> _Rendered:
    calls: Counter[str] = Counter()

    def placeholder(name: str) -> str:
        calls[name] += 1
        return mark(name)

    language = context["language"]
    assert isinstance(language, Language)  # noqa: S101 -- `compose` put it there; tells the type checker
    text = _environment(language, escapes=part.escapes).get_template(f"{template}.{part.suffix}")
    return _Rendered(text.render({**context, "slot": placeholder, "choice": placeholder}), calls)


@cache
def _environment(language: Language, *, escapes: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(config.bundled("templates") / "messages"),
        autoescape=escapes,  # noqa: S701 -- off for text alone; going by file names would let `body.html.j2` through
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    environment.filters.update(wrap=_wrap, original=_original(language, escapes=escapes))
    # Of an element with words of a notice, whose direction the client finds out.
    environment.globals["foreign"] = "" if language.is_english else Markup(' lang="en"')
    # Of an element with our words inside of one with a notice's.
    environment.globals["ours"] = (
        "" if language.is_english else Markup(' lang="{}" dir="{}"').format(language.code, language.direction)
    )
    return environment


def _original(language: Language, *, escapes: bool) -> Callable[[str], str]:
    """English words among those of another language, so that a voice reads them right and no full stop jumps to their other end."""
    if language.is_english:
        return str
    if not escapes:
        return lambda words: language.isolated(words) if words else ""
    return lambda words: Markup('<span lang="en" dir="ltr">{}</span>').format(words) if words else ""


def _wrap(text: str, hanging: str = "") -> str:
    """Each line to about 72 characters, further ones behind `hanging`; a URL is never broken."""
    return "\n".join(_wrap_line(line, hanging) for line in text.split("\n"))


def _wrap_line(line: str, hanging: str) -> str:
    behind = hanging or ("  " if line.lstrip().startswith("- ") else "")
    return textwrap.fill(
        line, _WIDTH, subsequent_indent=behind, break_long_words=False, break_on_hyphens=False
    )


def _tidied(text: str) -> str:
    """No white space at the end of a line, one empty line at most, one line break at the end of what is not empty."""
    tidy = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip("\n")
    return f"{tidy}\n" if tidy else ""


def _tidied_fragment(text: str) -> str:
    """As above; one that ends with an empty line keeps it, so that fragments may stand apart."""
    return _tidied(text) + "\n" * (text.endswith("\n\n") and bool(text.strip()))


def _inlined(html: str) -> str:
    # A style element marked data-css-inline="keep" stays as it is, `[data-ogsc]` rules and all; `keep_at_rules` would
    # move the others' at-rules before the charset declaration and lose everything else in them.
    return CSSInliner(load_remote_stylesheets=False).inline(html)


def _inlined_fragment(html: str) -> str:
    style = (config.bundled("templates") / "messages" / "style.css").read_text(encoding="utf-8")
    return CSSInliner(load_remote_stylesheets=False).inline_fragment(html, style)


_TEXT = _Part("txt", Encoding.TEXT, escapes=False, finish=_tidied, finish_fragment=_tidied_fragment)
_HTML = _Part("html", Encoding.HTML, escapes=True, finish=_inlined, finish_fragment=_inlined_fragment)


def _alone(text: _Body) -> list[Segment]:
    """A single part, for whoever wants text alone."""
    return [Fixed(_kind_of("plain")), *text.segments]


def _alternatives(text: _Body, html: _Body, boundary: str) -> list[Segment]:
    """multipart/alternative, the plainest first."""
    if not re.fullmatch(r"[0-9a-f]{16,64}", boundary):
        raise BadInput(
            "boundary", "is no random number in hexadecimal", "16 to 64 digits, such as secrets.token_hex(16)"
        )
    line = f"=_{boundary}"  # `=_` can't occur in quoted-printable
    return [
        Fixed(f'Content-Type: multipart/alternative;\r\n boundary="{line}"\r\n\r\n'.encode("ascii")),
        Fixed(_opening(line, "plain")),
        *text.segments,
        Fixed(b"\r\n" + _opening(line, "html")),
        *html.segments,
        Fixed(f"\r\n--{line}--\r\n".encode("ascii")),
    ]


# Whatever a notice says, it cannot say this: `=_` does not occur in quoted-printable, nor a line break in a header.
_BOTH = re.compile(rb'Content-Type: multipart/alternative;\r\n boundary="(=_[0-9a-f]+)"\r\n\r\n--\1\r\n')


def text_only(message: Stencil) -> Stencil:
    """The same message as plain text alone: cut out of what was composed, so it says what was approved and kept."""
    segments: list[Segment] = []
    end = b""
    for one in message.segments:
        if not isinstance(one, Fixed):
            segments.append(one)
            continue
        content = one.content
        if not end and (both := _BOTH.search(content)):
            end = b"\r\n--" + both[1] + b"\r\nContent-Type: text/html"
            content = content[: both.start()] + content[both.end() :]
        text, html, _ = content.partition(end) if end else (content, b"", b"")
        segments.append(Fixed(text))
        if html:
            break
    return Stencil(segments)


def _opening(line: str, subtype: str) -> bytes:
    return f"--{line}\r\n".encode("ascii") + _kind_of(subtype)


def _kind_of(subtype: str) -> bytes:
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode("ascii")
