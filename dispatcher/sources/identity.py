"""Which Item is this? What was published once has one identity at every poll, however its address is dressed up.

The shape of the link tells which rule applies. Nothing here knows what was seen before: looking that up, and telling a
reused guid from a new title, is for whoever has the rows.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from difflib import SequenceMatcher
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from dispatcher.formats import dates
from dispatcher.formats.dates import MAINE
from dispatcher.formats.html import normalised_title
from dispatcher.formats.kinds import is_list
from dispatcher.formats.trackers import unwrap
from dispatcher.sources.reading import MOST_ENTRIES, Record
from dispatcher.sources.texts import blocks, first_heading, hrefs, normalised_blocks

# Identities are kept in an indexed column; a longer one is stored as its digest.
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Identity:
    """`value` is unique among all kinds. `revision`: the date in a page's heading, which is the document's, not ours."""

    value: str
    kind: str
    revision: str = ""


@lru_cache(maxsize=8 * MOST_ENTRIES)
def canonical(url: str) -> str:
    """One spelling for every address of the same page. Path case, other query parts and endings such as `-0` stay."""
    try:
        parts = urlsplit(unwrap(url.strip()) or url.strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return url.strip()
    if not host:
        return url.strip()
    host = "www.maine.gov" if re.fullmatch(r"(?:www\d*\.)?maine\.gov", host) else host
    query = "&".join(one for one in parts.query.split("&") if not one.lower().startswith("utm_"))
    whole = SplitResult(
        "https", f"[{host}]" if ":" in host else host, parts.path.rstrip("/"), query, ""
    ).geturl()
    return re.sub(r"\s", "%20", whole)


def identify_all(kind: str, records: Sequence[Record], page_url: str) -> list[tuple[Identity, Record]]:
    """The records of one fetch with their identities; what stands there twice counts once."""
    candidates = [list(_candidates(kind, record, page_url)) for record in records]
    shared = _shared(candidates, records)
    chosen = [next(one for one in offered if one.value not in shared) for offered in candidates]
    found: dict[str, tuple[Identity, Record]] = {}
    for identity, record in zip(_dated_apart(chosen), records, strict=True):
        found.setdefault(identity.value, (identity, record))
    return list(found.values())


def identify(kind: str, record: Record, page_url: str) -> Identity:
    """The identity of a record that shares nothing with its neighbours."""
    return next(_candidates(kind, record, page_url))


def _shared(candidates: list[list[Identity]], records: Sequence[Record]) -> set[str]:
    """What entries with different titles have in common identifies none of them. A content hash always does."""
    titles = defaultdict(set)
    for offered, record in zip(candidates, records, strict=True):
        for one in offered[:-1]:
            titles[one.value].add((_undated if one.kind == "listed" else normalised_title)(record.title))
    return {value for value, named in titles.items() if len(named) > 1}


def _dated_apart(chosen: list[Identity]) -> list[Identity]:
    """Two notices of one title and two dates on a page: the earlier keeps the name, so that it has it at the next poll."""
    first: dict[str, str] = {}
    for one in chosen:
        first[one.value] = min(first.get(one.value, one.revision), one.revision)
    return [
        one if one.revision == first[one.value] else replace(one, value=f"{one.value} {one.revision}")
        for one in chosen
    ]


def _candidates(kind: str, record: Record, page_url: str) -> Iterator[Identity]:
    """From the surest to the last resort."""
    link, page = canonical(record.link), canonical(page_url)
    by_shape = named_by(link) or _video(kind, record.guid)
    if by_shape:
        yield by_shape
    elif is_list(kind) and (link in {"", page} or _FILE.search(link)):
        yield _listed(record, page)
    if record.guid:
        yield _identity("guid", record.guid)
    if link not in {"", page}:
        yield _identity("link", link)
    yield _identity("hash", _digest("\n".join((normalised_title(record.title), *main_text(record)))))


def _identity(kind: str, value: str, revision: str = "") -> Identity:
    if len(value) > _LONGEST:
        value = _digest(value)
    return Identity(f"{kind}:{value}", kind, revision)


# What in an address names the thing itself, whatever its site, topic or title: looked for in host, path and query.
_SHAPES = (
    ("whatsnew", re.compile(r"www\.maine\.gov/tools/whatsnew/[^?]*\?(?:.*&)?id=(\d+)(?:&.*)?")),
    (
        "notice",
        re.compile(
            r"www\.maine\.gov(/dhhs/"
            r"(?:oms/providers/provider-bulletins|about/rulemaking|oms/member-resources|news)/[^/?]+)(?:\?.*)?"
        ),
    ),
    ("govdelivery", re.compile(r"[\w-]+\.govdelivery\.com/accounts/[^/]+/bulletins/([0-9a-fA-F]+)(?:\?.*)?")),
    ("register", re.compile(r"(?:www\.)?federalregister\.gov/documents/\d{4}/\d\d/\d\d/([^/?]+).*")),
    (
        "youtube",
        re.compile(r"(?:www\.|m\.)?youtube\.com/(?:watch\?(?:.*&)?v=|shorts/|live/|embed/)([\w-]+).*"),
    ),
    ("youtube", re.compile(r"youtu\.be/([\w-]+).*")),
)
_FILE = re.compile(r"/files/|/attach\.php\?|\.(?:pdf|docx?|xlsx?|pptx?|csv|txt|zip)(?:\?|$)", re.IGNORECASE)


@lru_cache(maxsize=4 * MOST_ENTRIES)
def named_by(link: str) -> Identity | None:
    """What a canonical link names by its very shape, at whatever source it stands."""
    address = link.removeprefix("https://")
    found = ((kind, shape.fullmatch(address)) for kind, shape in _SHAPES)
    kind, named = next(((kind, match[1]) for kind, match in found if match), ("", ""))
    return _identity(kind, named.lower() if kind == "govdelivery" else named) if kind else None


def _video(kind: str, guid: str) -> Identity | None:
    mark, _, video = guid.rpartition(":")
    return _identity("youtube", video) if kind == "youtube" and mark == "yt:video" else None


def _listed(record: Record, page: str) -> Identity:
    """A page whose records lead to files: a revised document keeps its title and gets a later date."""
    published = record.published_at or _date_of(record.title)
    day = published.astimezone(MAINE).date().isoformat() if published else ""
    return _identity("listed", f"{page} {_undated(record.title)}", day)


_DATE_AT_END = re.compile(
    r"[\s,:(-]*\b(?:(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2},? \d{4}|\d{1,2}/\d{1,2}/\d{4})\)?$"
)


def _undated(title: str) -> str:
    normal = normalised_title(title)
    return _DATE_AT_END.sub("", normal) or normal


def _date_of(title: str) -> datetime | None:
    """Where no pattern reads it, it parts two notices of one title all the same."""
    found = _DATE_AT_END.search(normalised_title(title))
    return dates.read(found[0].strip(" ,:(-)"))[0] if found else None


# Counters and clocks that change at every fetch without anybody having written anything.
_COUNTER = re.compile(
    r"[\d,.]+ views?|views?:? [\d,.]+"
    r"|(?:(?:page )?(?:generated|last (?:updated|modified|built))|updated)(?: on| at|:) (?=.*\d)[\w ,:/+-]{4,40}",
    re.IGNORECASE,
)


def change_hash(record: Record, identity: Identity) -> str:
    """Changes when the title, the text, a link or the heading's date does; spacing, dashes and counters don't count."""
    said = (normalised_title(record.title), *_normalised(record.body_html))
    links = (canonical(one) for one in (record.link, *hrefs(record.body_html)))
    return _digest("\n".join((identity.revision, *said, *links)))


def text_hash(record: Record) -> str:
    """Of what it says beside its title, links apart; empty if it says nothing."""
    return _text_hash(record.body_html)


@lru_cache(maxsize=MOST_ENTRIES)
def _text_hash(body_html: str) -> str:
    said = _normalised(body_html)
    return _digest("\n".join(said)) if said else ""


def _normalised(body_html: str) -> list[str]:
    written = zip(blocks(body_html), normalised_blocks(body_html), strict=True)
    return [normal for one, normal in written if not _COUNTER.fullmatch(one)]


def main_text(record: Record) -> list[str]:
    """Its blocks of text, without counters."""
    return [one for one in blocks(record.body_html) if not _COUNTER.fullmatch(one)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# Two versions of one item: so much alike their titles must be, and so much may the text grow, for the change to be small.
_ALIKE = 0.9
_SMALL_GROWTH = 50


def significant(before: Record, after: Record) -> bool:
    """Would somebody who was told the earlier version need the later one? Mended typing and dropped words need nobody."""
    earlier, later = normalised_title(before.title), normalised_title(after.title)
    grown = sum(map(len, main_text(after))) - sum(map(len, main_text(before)))
    return (
        _with_digits(earlier) != _with_digits(later)
        or lifecycle(before.title, before.body_html) != lifecycle(after.title, after.body_html)
        or SequenceMatcher(None, earlier, later).ratio() < _ALIKE
        or _heading_date(after) > _heading_date(before)
        or bool(change_requests(after) - change_requests(before))
        or attachments(after) != attachments(before)
        or grown > _SMALL_GROWTH
    )


def _with_digits(title: str) -> set[str]:
    return {word.strip(".,;:()") for word in title.split() if any(one.isdigit() for one in word)}


def _heading_date(record: Record) -> str:
    """A heading gives a day, which we read as midnight in Maine; a feed's instant may be stamped anew by any edit."""
    published = record.published_at.astimezone(MAINE) if record.published_at else None
    return published.date().isoformat() if published and published.time() == time.min else ""


def change_requests(record: Record) -> set[str]:
    """The CR numbers that it names."""
    return set(re.findall(r"\bCR[\s,:#]*(\d{4,7})\b", " ".join((record.title, *main_text(record)))))


def attachments(record: Record) -> set[str]:
    """The files that it links to."""
    links = {canonical(one) for one in (record.link, *hrefs(record.body_html))}
    return {one for one in links if _FILE.search(one)}


_RULE = r"rules?|rule-? ?making"
_EMERGENCY = re.compile(
    rf"\(emergency\)|\bemergency (?!department|medical|services|room|preparedness|shelter|transport)"
    rf"(?:[\w-]+ ){{0,3}}(?:{_RULE}|adoption|amendment)\b|\b(?:{_RULE}|adopted|adoption),? emergency$"
)
_STAGE = re.compile(
    r"\b(?:(?P<proposed>proposal|proposed|proposes)|(?P<adopted>adopted|adopts|adoption(?! assistance| subsid| agenc)))\b"
)
_METHODOLOGY = re.compile(
    r"\breimbursement methodolog(?:y|ies)\b|\bmethodology change|\bchanges? in [\w -]*methodolog"
)
_WAIVER = re.compile(
    r"\bwaivers?\b.*\b(?:renewals?|amendments?)\b|\b(?:renewals?|amendments?)\b.*\bwaivers?\b"
)


# What a title says of itself it says early; the patterns above take time by the square of what they read.
_READ_OF_TITLE = 1_000


def lifecycle(title: str, body_html: str) -> str:
    """The lifecycle type, from the title, else the body's first heading; never from running text, which says both words."""
    return _stage(normalised_title(title)) or _stage(normalised_title(first_heading(body_html))) or "notice"


def _stage(text: str) -> str:
    text = text[:_READ_OF_TITLE]
    if _EMERGENCY.search(text):
        return "emergency"
    stage = _STAGE.search(text)
    if stage:
        return stage.lastgroup or ""
    if _METHODOLOGY.search(text):
        return "methodology"
    return "waiver" if _WAIVER.search(text) else ""
