"""Words of a message that are computed: subjects, preheaders, moments, and the order of headings. Pure text, no templates."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dispatcher.formats.events import Event
from dispatcher.messages.language import ENGLISH, Language, later

_SUBJECT = 64  # what phones and lists show of a subject, give or take
_PREHEADER = (40, 110)
_ZERO_WIDTH_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_URL = re.compile(r"https?://\S+")
_HEADING = re.compile(r"<(/?)h([2-6])>")
# What we call an event, and not its notice.
_NAMES = frozenset(
    {
        later("Public hearing"),
        later("Comment deadline"),
        later("Registration deadline"),
        later("Deadline"),
    }
)
_BRIEFLY = {
    "meeting": later("meeting on %(day)s"),
    "hearing": later("hearing on %(day)s"),
    "deadline": later("deadline on %(day)s"),
}


# How titles of corrections begin, which says no more than our own word for it.
_CORRECTION = re.compile(
    r"\A(?:(?:notice of )?correction|corrected|updated)(?: notice)?(?:\s*[:;]\s*|\s+[\N{EN DASH}\N{EM DASH}-]\s+)",
    re.IGNORECASE,
)

# How official titles begin before they come to what they are about; in a subject the lead says that in two words.
_FORMULA = re.compile(
    r"""\A(?:(?:MaineCare\s+)?Notice\s+of\s+)?(?:
          (?:Agency\s+)?(?:Emergency\s+)?Rule[-\s]?making\s+(?:Proposal|Adoption)
        | (?:Proposed|Adopted|Emergency)\s+Rule
        | (?:MaineCare\s+)?(?:Change\s+in\s+)?Reimbursement\s+Methodology(?:\s+Change)?
        )\s*[:,]\s*
        (?:10-144\s+C\.?M\.?R\.?,?\s*)?(?:Ch(?:apter|\.)\s*101,?\s*)?(?:MaineCare\s+Benefits\s+Manual(?:\s+\(MBM\))?,?\s*)?""",
    re.IGNORECASE | re.VERBOSE,
)


# Of a correction: so many changes, and so much of them, stand before its words, or a phone shows nothing else.
_MOST_CHANGES = 20
_MOST_OF_CHANGES = 6_000


@dataclass(frozen=True, slots=True)
class Change:
    """`kind`: added · removed · changed. What was added has no `before`, what was removed no `after`."""

    kind: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a correction says otherwise, list by list. `more`: not all of it is shown."""

    changed: tuple[Change, ...]
    added: tuple[Change, ...]
    removed: tuple[Change, ...]
    more: bool

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.removed)


def what_changed(changes: Sequence[Change]) -> Changes:
    """As much of it as anybody reads, in three lists."""
    shown: list[Change] = []
    size = 0
    for one in changes[:_MOST_CHANGES]:
        size += len(one.before) + len(one.after)
        if size > _MOST_OF_CHANGES:
            break
        shown.append(one)
    changed, added, removed = (
        tuple(one for one in shown if one.kind == kind) for kind in ("changed", "added", "removed")
    )
    return Changes(changed, added, removed, more=len(shown) < len(changes) or len(changes) == _MOST_CHANGES)


def subject(corrects: bool, lead: str, title: str, language: Language = ENGLISH) -> str:  # noqa: FBT001 -- named at its only call
    """What it is and what it is about: the lead, then the title without its formula. A title that says the lead needs none.

    Titles are English, so only to readers of English do they say it.
    """
    if corrects:
        title = _CORRECTION.sub("", title, count=1) or title
    if lead:
        title = _FORMULA.sub("", title, count=1) or title
    first = re.escape(lead.partition(" ")[0])
    says_it = lead and language.is_english and re.search(rf"\b{first}\b", title[:_SUBJECT], re.IGNORECASE)
    leads = [language.gettext("Corrected")] if corrects else []
    leads += [language.gettext(lead)] if lead and not says_it else []
    leads += [language.gettext("Notice")] if title.isupper() and not leads else []
    return shortened(": ".join([*leads, language.isolated(title)]), _SUBJECT)


def preheader(title: str, text: str, fallback: str) -> str:
    """The line that lists of mail show beside the subject: how the text begins; with little text, what the message is."""
    shortest, longest = _PREHEADER
    beginning = " ".join(_URL.sub("", text).split()).removeprefix(title).lstrip(" .:-")
    if len(beginning) < shortest:
        beginning = f"{beginning} {fallback}".strip()
    return shortened(beginning, longest)


def introduced(type_name: str, origin: str, published: str, language: Language) -> str:
    """What a bulletin is, for when its own words say too little of it or are in another language."""
    source = language.isolated(origin)
    if not published:
        return language.gettext(
            "%(type)s from %(source)s. What it says, and whom to ask.", type=type_name, source=source
        )
    return language.gettext(
        "%(type)s from %(source)s, %(published)s. What it says, and whom to ask.",
        type=type_name,
        source=source,
        published=published,
    )


def shortened(text: str, longest: int) -> str:
    """The text, or as many whole words as fit and an ellipsis; a word that alone is too long is cut between characters."""
    if len(text) <= longest:
        return text
    at = text.rfind(" ", longest // 2, longest)
    if at < 0:
        at = longest - 1
        while at > 1 and _belongs_together(text[at - 1], text[at]):
            at -= 1
    return text[:at].rstrip(" ,;:-\N{EN DASH}") + "…"


def _belongs_together(before: str, after: str) -> bool:
    joins = (
        after == _ZERO_WIDTH_JOINER
        or unicodedata.category(after).startswith("M")
        or ord(after) in _SKIN_TONES
    )
    return joins or before == _ZERO_WIDTH_JOINER


def moment(when: datetime, zone: ZoneInfo, language: Language = ENGLISH) -> str:
    """`March 26, 2024, 2:00 p.m. Eastern`; the day alone where the source gave no time."""
    return language.moment(when, zone)


def occasion(event: Event, language: Language = ENGLISH) -> str:
    """`Thursday, March 28, 2024, 11:00 a.m. to 11:45 a.m. Eastern`; the day alone where no time is said."""
    day = language.weekday(event.day)
    if event.starts is None:
        return day
    starts, zone = language.clock(event.starts), language.zone(event.zone, event.zone.key)
    if event.ends is None:
        return language.gettext("%(day)s, %(time)s %(zone)s", day=day, time=starts, zone=zone)
    return language.gettext(
        "%(day)s, %(starts)s to %(ends)s %(zone)s",
        day=day,
        starts=starts,
        ends=language.clock(event.ends),
        zone=zone,
    )


def occasion_briefly(event: Event, language: Language = ENGLISH) -> str:
    """`hearing on December 7, 1:00 p.m.`: what no other event of its bulletin is called, for links."""
    day = language.month_and_day(event.day)
    if event.starts:
        day = language.gettext("%(day)s, %(time)s", day=day, time=language.clock(event.starts))
    return language.gettext(_BRIEFLY[event.kind], day=day)


def occasion_name(event: Event, language: Language) -> str:
    """The name in this language, if we gave it; empty if it is the notice's own."""
    return language.gettext(event.name) if event.name in _NAMES else ""


def levelled(html: str, below: int = 1) -> str:
    """Sanitised HTML whose headings stand below ours, the first at the next level, none skipping one and none beyond the sixth."""
    level = below
    given: list[int] = []

    def rewrite(found: re.Match[str]) -> str:
        nonlocal level
        if found[1]:
            return f"</h{level}>"
        while given and given[-1] >= int(found[2]):
            given.pop()
        given.append(int(found[2]))
        level = min(below + len(given), 6)
        return f"<h{level}>"

    return _HEADING.sub(rewrite, html)
