"""The kinds of message that tell of several bulletins: plain values in, a composed message out. Reads no rows, like `kinds`.

Of each bulletin there is one ready fragment with its text and one without, and one for each topic that says why: what a copy is joined
from is settled by `contents`, person by person.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from email.utils import parseaddr
from urllib.parse import urlsplit

from dispatcher.formats import html
from dispatcher.messages import contents, kinds, wording
from dispatcher.messages.compose import Composed, Context, compose
from dispatcher.messages.headers import Headers, ListId, ListMail
from dispatcher.messages.kinds import AgencyContact, BulletinContent, Links, Reason
from dispatcher.messages.language import USUAL, Language, Variant, later
from dispatcher.messages.stencil import unmarked

_DIGESTS = {
    "daily": {
        "kind": later("Daily digest"),
        "headline": later("Daily digest, %(day)s: %(agency)s"),
        "title": later("Your daily digest"),
        "preheader": later(
            "What is new on your topics since the last daily digest, and why you get each of it."
        ),
        "why": later(
            "You asked for a daily digest. It holds what is new on these of your topics. How to stop one topic:"
        ),
        "stop": later("Stop the daily digest"),
    },
    "weekly": {
        "kind": later("Weekly digest"),
        "headline": later("Weekly digest, %(day)s: %(agency)s"),
        "title": later("Your weekly digest"),
        "preheader": later(
            "What is new on your topics since the last weekly digest, and why you get each of it."
        ),
        "why": later(
            "You asked for a weekly digest. It holds what is new on these of your topics. How to stop one topic:"
        ),
        "stop": later("Stop the weekly digest"),
    },
}
# One long notice must not take the room of all others.
_LARGEST_TEXT = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One bulletin of several, with the reasons of all who hear of it, in the order of the topic list."""

    content: BulletinContent
    reasons: Sequence[Reason]
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """What stood beside them: its title leads to where it can be read."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The e-mail message that the notices were parts of."""

    title: str
    url: str
    source_name: str
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a message about several bulletins has of its mailing: who speaks, from where, when. `boundary`: random hexadecimal digits."""

    agency: AgencyContact
    mailing_id: int
    public_url: str
    sent_at: datetime
    boundary: str
    variant: Variant = USUAL

    @property
    def language(self) -> Language:
        """In which it is written."""
        return self.variant.language

    @property
    def links(self) -> Links:
        """Ours, but for a page of the whole message: each bulletin has its own."""
        return Links(self.public_url, 0)


def parts(whole: Whole, entries: Sequence[Entry], others: Sequence[Other], sending: Sending) -> Composed:
    """The notices of one e-mail message: those that concern the reader first, and the titles of whatever else stood in it."""
    agency, language, title = sending.agency, sending.language, kinds.one_line(whole.title)
    source = unmarked(html.link(whole.url, whole.url))
    published = wording.moment(whole.published_at, agency.zone, language) if whole.published_at else ""
    titles = "; ".join(kinds.one_line(one.content.title) for one in entries if language.is_english)
    context = {
        "headline": wording.subject(False, "", title, language),  # noqa: FBT003 -- as `subject` is declared
        "preheader": wording.preheader(
            title, titles, language.gettext("What concerns you stands first, with the reasons.")
        ),
        "title": title,
        "origin": kinds.one_line(whole.source_name) or agency.name,
        "published": published,
        "source": source,
        "source_host": urlsplit(source).hostname or "",
    }
    reasons = _reasons(entries)
    lists = {
        str(one.topic_id): ListId(
            one.topic_name, one.topic_slug, _feedback(sending, f"t{one.topic_id}", "bulletin")
        )
        for one in reasons
    }
    also = {contents.HEADING: Other(title="", url="")}
    also |= {_key(one): Other(title=one.content.title, url=one.links.online) for one in entries}
    also |= {f"x{place}": one for place, one in enumerate(others)}
    fragments: dict[str, Mapping[str, Context]] = {
        "news": _news(entries, agency, language, level=2, dated=False),
        "also": {key: {"other": _printable(one)} for key, one in also.items()},
    }
    return _compose("parts", context, fragments, reasons, sending, lists)


def digest(cadence: str, day: date, entries: Sequence[Entry], sending: Sending) -> Composed:
    """What came since the last one, under the topics of its reader. `cadence`: daily or weekly; `day`: when it was due, by the agency's clock."""
    language, reasons, words = sending.language, _reasons(entries), _DIGESTS[cadence]
    said = {name: language.gettext(words[name]) for name in ("kind", "title", "preheader", "why", "stop")}
    headings: dict[str, Context] = {
        contents.topic_key(one.topic_id): {"what": "topic", "reason": one} for one in reasons
    }
    titles = _apart(entries, sending.agency, language)
    headline = language.gettext(
        words["headline"], day=language.day(day), agency=language.isolated(sending.agency.name)
    )
    context = {
        **said,
        "headline": wording.shortened(headline, 64),
        "day": language.weekday(day),
    }
    fragments: dict[str, Mapping[str, Context]] = {
        "title": {_key(one): {"title": titles[_key(one)], "online": one.links.online} for one in entries},
        "news": headings | _news(entries, sending.agency, language, level=3, dated=True),
    }
    name = f"{cadence.title()} digest of {sending.agency.name}"
    lists = {cadence: ListId(name, cadence, _feedback(sending, cadence, "digest"))}
    return _compose("digest", context, fragments, reasons, sending, lists)


def _apart(entries: Sequence[Entry], agency: AgencyContact, language: Language) -> dict[str, str]:
    """The titles, by key; equal ones told apart by day, and if that does not do, by number: a link says where it goes."""
    titles = {_key(one): kinds.one_line(one.content.title) for one in entries}
    often = Counter(titles.values())
    for one in entries:
        key = _key(one)
        if often[titles[key]] > 1:
            published = one.content.published_at
            told = (
                wording.moment(published, agency.zone, language)
                if published
                else language.gettext("number %(number)s", number=key)
            )
            titles[key] = f"{titles[key]} ({told})"
    return titles


def _compose(
    kind: str,
    context: Context,
    fragments: Mapping[str, Mapping[str, Context]],
    reasons: Sequence[Reason],
    sending: Sending,
    lists: Mapping[str, ListId],
) -> Composed:
    """With what every such message has: whom to ask, and each topic with the way to stop it."""
    agency = sending.agency
    by_topic: Mapping[str, Context] = {str(one.topic_id): {"reason": one} for one in reasons}
    asks = (
        agency.contact.reachable or bool(agency.contact_list) or all(one.contact.reachable for one in reasons)
    )
    about = {**context, "agency": agency, "asks": asks, "links": sending.links}
    headers = Headers(
        from_=agency.from_,
        reply_to=agency.reply_to,
        date=sending.sent_at,
        auto_submitted=True,
        list_mail=ListMail(
            lists=lists,
            unsubscribe=sending.links.unsubscribe,
            help_url=f"{sending.public_url}/",
            owner=parseaddr(agency.reply_to)[1],
        ),
    )
    ready = {**fragments, "reason": by_topic, "contact": by_topic}
    return compose(kind, about, ready, headers, sending.boundary, sending.variant)


def _feedback(sending: Sending, topic: str, class_: str) -> str:
    return f"m{sending.mailing_id}:{topic}:{class_}:{kinds.SENDER}"


def _key(entry: Entry) -> str:
    return str(entry.links.bulletin_id)


def _reasons(entries: Iterable[Entry]) -> list[Reason]:
    """Of all entries, each topic once, in the order of the topic list."""
    found = {one.topic_id: one for entry in entries for one in entry.reasons}
    return sorted(found.values(), key=lambda one: (one.position, one.topic_id))


def _printable(other: Other) -> Other:
    return Other(
        title=kinds.one_line(other.title), url=unmarked(html.link(other.url, other.url)) or other.url
    )


def _news(
    entries: Sequence[Entry], agency: AgencyContact, language: Language, *, level: int, dated: bool
) -> dict[str, Context]:
    """The fragments of each bulletin: its text, what stands for it, and why each topic brings it. `dated`: it says whose it is, and when."""
    found: dict[str, Context] = {}
    titles = _apart(entries, agency, language)
    for one in entries:
        words = kinds.words_of(one.content, agency, one.links, _LARGEST_TEXT, language, below=level)
        told = {
            **words,
            "level": level,
            "label": titles[_key(one)],
            "online": one.links.online,
            "dated": dated,
            "contact": kinds.printable(one.content.contact),
        }
        key = _key(one)
        found[contents.text_key(key)] = {"what": "text", "entry": told}
        found[contents.brief_key(key)] = {"what": "brief", "entry": told, "stands_in": True}
        for reason in one.reasons:
            why = replace(reason, words=unmarked(reason.words), translated=unmarked(reason.translated))
            found[contents.reason_key(key, reason.topic_id)] = {"what": "reason", "reason": why}
    return found
