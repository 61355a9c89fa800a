"""Compose a message once: templates in, a stencil out. The only user of Jinja2 and css-inline for mail; knows no person.

Each kind has a folder under `templates/messages`. Two environments of our own: escaping on for HTML, off for text and subject
(Django's backend escapes everything: a text part would say `R&amp;D`); an undefined name is an error in both.
"""

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dispatcher import config
from dispatcher.errors import BadInput
from dispatcher.messages import headers as header_block
from dispatcher.messages.headers import Headers
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


def compose(kind: str, context: Context, fragments: Fragments, headers: Headers, boundary: str) -> Composed:
    """Render, inline, encode. `fragments`: for each choice, by key, what its small template gets. `boundary`: random hexadecimal digits."""
    subject = " ".join(_render(_TEXT, f"{kind}/subject", context).marked.split())
    about = {**context, "subject": subject, "language": headers.language}
    text = _body(_TEXT, kind, about, fragments)
    html = _body(_HTML, kind, about, fragments)
    block = header_block.segments(headers, subject)
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

    text = _environment(escapes=part.escapes).get_template(f"{template}.{part.suffix}")
    return _Rendered(text.render({**context, "slot": placeholder, "choice": placeholder}), calls)


@cache
def _environment(*, escapes: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(config.bundled("templates") / "messages"),
        autoescape=escapes,  # noqa: S701 -- off for text alone; going by file names would let `body.html.j2` through
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrap"] = _wrap
    return environment


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


def _opening(line: str, subtype: str) -> bytes:
    return (
        f"--{line}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode("ascii")
