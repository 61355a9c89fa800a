"""Checks of what staff wrote, before anybody gets it: what would embarrass the agency, each finding with its remedy. Pure rules.

A finding blocks, or a second person must answer for it, or it only warns. Nothing here asks the outside: whether a link leads
anywhere is for whoever reads the preview.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, time
from enum import StrEnum
from urllib.parse import urlsplit

from dispatcher.formats import html, markdown
from dispatcher.formats.contact import Contact
from dispatcher.mailings.draft import Draft


class Weight(StrEnum):
    """What a finding does to a submission."""

    BLOCKS = "blocks"
    NEEDS_REASON = "needs a reason"  # of whoever approves
    WARNS = "warns"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found. `what` never repeats what may be personal."""

    weight: Weight
    where: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the checks know beside the draft: how many would get it, can they ask somebody, when it goes (local time), its text as HTML."""

    people: int
    can_ask: bool
    leaves_at: datetime
    html: str


_LONGEST_SUBJECT = 200
_LARGEST = 40_000  # bytes of HTML; a longer notice is cut in the message and "goes on at its source", which a blast has not
_QUIET = (time(21), time(7))
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
# With a sign to calculate by, two braces are a formula, which stays as typed.
_UNFILLED = re.compile(
    r"\{\{[^{}*/+=^<>\n]{0,80}\}\}|\{%|\[(?:insert|add|your|enter|name|date|phone|link|e-?mail|tbd)\b[^\]]{0,80}\](?!\()"
    r"|\b(?:TBD|TODO|FIXME|lorem ipsum)\b|\bXX+[/-]XX+|\bxxx[.-]xxx",
    re.IGNORECASE,
)
_SAYS_NOTHING = {"here", "click here", "this link", "link", "read more", "learn more", "more", "this page"}
_EXAMPLES = re.compile(r"(?:\A|\.)(?:example|test|invalid|localhost)\Z|(?:\A|\.)example\.(?:com|org|net)\Z")
_BETWEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")  # takes no room between two digits
_PERSONAL = {
    "a social security number": re.compile(
        r"(?<![\d-])\d{3}[-\u2010-\u2013]\d{2}[-\u2010-\u2013]\d{4}(?![\d-])"
        r"|\b(?:SSN|social security)\W{0,3}(?:number|no\.?|#)?\W{0,3}\d{9}(?!\d)",
        re.IGNORECASE,
    ),
    "a member id": re.compile(r"(?<!\w)\d{8}[A-Za-z](?!\w)"),
    "a date of birth": re.compile(
        r"\b(?:DOB|date of birth|born(?: on)?)\b\W{0,3}(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d\d-\d\d"
        r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2})",
        re.IGNORECASE,
    ),
    "a claim number": re.compile(
        r"\b(?:claim|TCN|ICN)\W{0,12}(?:number|no\.?|#)?\W{0,3}\d{8,}", re.IGNORECASE
    ),
}


def examine(draft: Draft, about: Circumstances) -> list[Finding]:
    """Everything there is to find, the worst first."""
    found = [
        *_subject(draft.subject),
        *_body(draft.markdown, about.html),
        *_links(draft),
        *_contact(draft.contact),
        *_head(draft),
        *_personal(draft, about.html),
        *_circumstances(about),
    ]
    return sorted(found, key=lambda one: list(Weight).index(one.weight))


_TELEPHONE = re.compile(r"(?<![\d-])(?:\+?1[\s.-]?)?\(?\d{3}\)?[\s.-]{1,2}\d{3}[\s.-]\d{4}(?![\d-])")
# Looked for only where a run of such characters begins: else a long word without @ takes the square of its length.
_MAILBOX = re.compile(r"(?<![^\s@<>()])[^\s@<>()]+@[^\s@<>()]+\.[a-z]{2,}", re.IGNORECASE)


def names_somebody(text: str) -> bool:
    """Does it hold a telephone number or a mailbox?"""
    return bool(_TELEPHONE.search(text) or _MAILBOX.search(text))


def _subject(subject: str) -> Iterator[Finding]:
    if not subject.strip():
        yield Finding(
            Weight.BLOCKS, "subject", "there is none", "write `subject: …` in the head, or begin with `# …`"
        )
    elif len(subject) > _LONGEST_SUBJECT:
        yield Finding(
            Weight.BLOCKS,
            "subject",
            f"{len(subject)} characters",
            f"at most {_LONGEST_SUBJECT}; about 60 are read",
        )
    elif subject.isupper() and len(subject) > 8:
        yield Finding(Weight.WARNS, "subject", "all in capitals", "write it as a sentence")
    if _UNSEEN.search(subject):
        yield Finding(Weight.BLOCKS, "subject", "holds characters that nobody sees", "type it anew")
    yield from _unfilled("subject", subject)


def _body(typed: str, rendered: str) -> Iterator[Finding]:
    """What was typed, for the lines, and what it becomes: a brace may be typed as `&#123;`, or with a backslash before it."""
    mailed = _mailed(rendered)
    if not typed.strip():
        yield Finding(
            Weight.BLOCKS, "text", "there is none", "say what changed, who is concerned, what to do, by when"
        )
    if _UNSEEN.search(typed) or _UNSEEN.search(mailed):
        yield Finding(Weight.BLOCKS, "text", "holds characters that nobody sees", "type that place anew")
    size = len(rendered.encode())
    if size > _LARGEST:
        yield Finding(
            Weight.BLOCKS,
            "text",
            f"{size:,} bytes as HTML",
            f"at most {_LARGEST:,}: mail programs hide the rest",
        )
    found = [
        one
        for number, line in enumerate(typed.split("\n"), start=1)
        for one in _unfilled(f"text, line {number}", line)
    ]
    yield from found
    told = {one.what for one in found}
    yield from (one for one in _unfilled("text", mailed) if one.what not in told)


def _mailed(rendered: str) -> str:
    """The words of a body that readers get, in one line, its links and what stands behind them too."""
    titles = [str(anchor.get("title") or "") for anchor in html.parse(rendered).iter("a")]
    return " ".join(" ".join([html.to_text(rendered), *titles]).split())


def _unfilled(where: str, text: str) -> Iterator[Finding]:
    for found in _UNFILLED.finditer(text):
        yield Finding(
            Weight.BLOCKS, where, f"{found[0]!r} is not filled in", "write what belongs there, or take it out"
        )


def _links(draft: Draft) -> Iterator[Finding]:
    given = markdown.links(draft.markdown)
    if draft.link:
        given.append(markdown.Link("the notice at its source", draft.link))
    targets: dict[str, str] = {}
    for link in given:
        yield from _link(link)
        first = targets.setdefault(link.words.casefold(), link.href)
        if first != link.href and link.words:
            yield Finding(
                Weight.WARNS, f"link {link.words!r}", "leads to two places", "give each its own words"
            )


def _link(link: markdown.Link) -> Iterator[Finding]:
    where = f"link {link.words or link.href!r}"
    if link.is_picture:
        remedy = "say in words what it shows, or link to it"
        yield Finding(Weight.BLOCKS, where, "is a picture, and messages hold none", remedy)
        return
    problem = _unusable(link.href)
    if problem:
        yield Finding(Weight.BLOCKS, where, problem, "a whole https address, or mailto:name@example.gov")
        return
    if _EXAMPLES.search(urlsplit(link.href).hostname or ""):
        yield Finding(Weight.WARNS, where, "leads to an example", "put in the real address")
    if link.words.casefold().strip(" .:>»") in _SAYS_NOTHING or not link.words:
        yield Finding(Weight.WARNS, where, "does not say where it leads", "name what is behind it")


def _unusable(href: str) -> str:
    """Why a link must not be mailed; empty if it may."""
    try:
        parts = urlsplit(href)
        _ = parts.port
    except ValueError:
        return f"{href!r} is no address"
    if parts.scheme == "mailto":
        return "" if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", parts.path) else f"{href!r} is no mailbox"
    if parts.scheme == "tel":
        return "telephone links are taken out of messages; write the number"
    if parts.scheme != "https":
        return f"{href!r} is not https"
    name = parts.hostname or ""
    numeric = ":" in name or name.replace(".", "").isdigit()
    if "." not in name or numeric or "@" in parts.netloc:
        return f"{href!r} is no public address"
    return ""


def _contact(contact: Contact) -> Iterator[Finding]:
    if contact.email and not _MAILBOX.fullmatch(contact.email):
        yield Finding(Weight.BLOCKS, "email", f"{contact.email!r} is no mailbox", "name@example.gov")
    if contact.website and _unusable(contact.website):
        yield Finding(Weight.BLOCKS, "website", _unusable(contact.website), "a whole https address")


def _head(draft: Draft) -> Iterator[Finding]:
    for where, value in _entries(draft):
        yield from _unfilled(where, value)
        if _UNSEEN.search(value):
            yield Finding(Weight.BLOCKS, where, "holds characters that nobody sees", "type it anew")


def _entries(draft: Draft) -> list[tuple[str, str]]:
    """The other lines of the head, by their names there."""
    contact = asdict(draft.contact)
    return [("contact", contact.pop("name")), *contact.items(), ("link", draft.link)]


def _personal(draft: Draft, rendered: str) -> Iterator[Finding]:
    """Looked for in what readers get, not in what was typed."""
    for where, text in (("subject", draft.subject), ("text", _mailed(rendered)), *_entries(draft)):
        read = _BETWEEN.sub("", text)
        for kind, pattern in _PERSONAL.items():
            if count := len(pattern.findall(read)):
                what = f"what looks like {kind} ({count})"
                remedy = "take it out; if it is none, whoever approves says so"
                yield Finding(Weight.NEEDS_REASON, where, what, remedy)


def _circumstances(about: Circumstances) -> Iterator[Finding]:
    if not about.people:
        yield Finding(
            Weight.BLOCKS, "audience", "nobody would get it", "`dispatcher topics list` shows the topics"
        )
    if not about.can_ask:
        yield Finding(
            Weight.BLOCKS,
            "contact",
            "readers find nobody to ask",
            "write `contact:` and `telephone:` or `email:` in the head",
        )
    after, before = _QUIET
    if about.leaves_at.time() >= after or about.leaves_at.time() < before:
        yield Finding(
            Weight.WARNS,
            "time",
            f"it would leave at {about.leaves_at:%H:%M} in Maine",
            "`--at` a time when offices are open",
        )
