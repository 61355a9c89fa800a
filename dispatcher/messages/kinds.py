"""The kinds of message, one function each: plain values in, a composed message out. Reads no rows and never spells out a person."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from email.utils import parseaddr
from html import escape
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dispatcher.formats import beginning, html, pdf
from dispatcher.formats.characters import storable
from dispatcher.formats.contact import NOBODY, Contact
from dispatcher.formats.events import Event
from dispatcher.messages import wording
from dispatcher.messages.compose import Composed, Context, Fragments, compose
from dispatcher.messages.headers import Headers, ListId, ListMail
from dispatcher.messages.language import ENGLISH, USUAL, Language, Variant, later
from dispatcher.messages.stencil import unmarked
from dispatcher.messages.wording import Change

# Gmail's feedback loop counts complaints by it: 5 to 15 characters, and never changed again.
SENDER = "mainecare"
# Gmail shows 102 KB of a message; of that the two forms of the body get so much each, and the frame the rest.
_LARGEST_BODY = 40_000
# Of each type of bulletin: what its subject begins with, what it is called in the message.
TYPES = {
    "notice": ("", later("Notice")),
    "proposed": (later("Proposed rule"), later("Proposed rule")),
    "adopted": (later("Adopted rule"), later("Adopted rule")),
    "emergency": (later("Emergency rule"), later("Emergency rule")),
    "methodology": (later("Payment method"), later("Change in payment method")),
    "waiver": (later("Waiver"), later("Waiver")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyContact:
    """Who speaks. `address`, `contact` and `website` are empty until confirmed; `contact_list` is a page that lists whom to ask.

    `providers`: whose relays may carry what they say.
    """

    name: str
    from_: str
    reply_to: str
    zone: ZoneInfo
    address: str = ""
    contact: Contact = NOBODY
    contact_list: str = ""
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletinContent:
    """What a bulletin says. Without `source_name` it was written by staff, who may name a `contact`; `url` may then be empty.

    `events`: the meetings and deadlines in it, which are shown first.
    `pdfs`: links that turned out to lead to a PDF, though they may not look like it.
    """

    title: str
    type: str
    url: str
    source_name: str
    published_at: datetime | None
    body_html: str
    corrects: bool = False
    changes: Sequence[Change] = ()
    events: Sequence[Event] = ()
    contact: Contact = NOBODY
    test: bool = False
    pdfs: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a subscriber of this topic gets the bulletin. `words` goes on after the topic's name: `it cites “Section 80”`.

    `words` are English; `translated`: the same in the language of the message, if that is another and the words are known in it.
    """

    topic_id: int
    topic_name: str
    topic_slug: str
    words: str
    translated: str = ""
    contact: Contact = NOBODY
    position: int = 0  # in the topic list


# Of a message to all who subscribe to anything: no topic brought it, and none can be stopped alone.
EVERYONE = Reason(
    topic_id=0,
    topic_name=later("All subscribers"),
    topic_slug="everyone",
    words=later("this one goes to everybody who subscribes to at least one topic"),
)
_TO_ALL = (str(EVERYONE.topic_id),)


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of ours that a bulletin shows. Opening one changes nothing: behind each stands a page."""

    public_url: str
    bulletin_id: int

    @property
    def unsubscribe(self) -> str:
        """What a ticket is put behind."""
        return f"{self.public_url}/u/"

    @property
    def manage(self) -> str:
        """Where one asks for a link to change what one gets."""
        return f"{self.public_url}/manage/"

    @property
    def online(self) -> str:
        """The bulletin's place in our archive."""
        return f"{self.public_url}/bulletins/{self.bulletin_id}"


def bulletin(
    content: BulletinContent,
    agency: AgencyContact,
    reasons: Sequence[Reason],
    links: Links,
    *,
    sent_at: datetime,
    boundary: str,
    variant: Variant = USUAL,
) -> Composed:
    """A bulletin for all who hear of it; `reasons` are those of any of them, in the order of the topic list."""
    reasons = [_said(one, variant.language) for one in reasons]
    fragments: Fragments = {
        "reason": {str(one.topic_id): {"reason": one} for one in reasons},
        "contact": {str(one.topic_id): {"reason": one} for one in reasons},
    }
    context = _bulletin_context(content, agency, reasons, links, variant.language)
    headers = _bulletin_headers(content, agency, reasons, links, sent_at)
    return compose("bulletin", context, fragments, headers, boundary, variant)


def person(address: str, ticket: str, message_id: str, answers: str = "") -> dict[str, str]:
    """The values of one person's copy. `answers`: of a correction, the message that told them what it corrects."""
    return {"address": address, "ticket": ticket, "message_id": message_id, "answers": answers}


def chosen(topics: Collection[str], order: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The choices of one person's copy; `order` is `stencil.keys("reason")`, the order of the topic list. No topics: a message to all."""
    mine = tuple(one for one in order if one in (topics or _TO_ALL))
    return {"list": mine[:1], "reason": mine, "contact": mine}


def one_line(text: str) -> str:
    """Text that somebody typed, for one line of a message: neither marks of ours nor control characters."""
    return " ".join(storable(unmarked(text)).split())


def _bulletin_context(
    content: BulletinContent,
    agency: AgencyContact,
    reasons: Sequence[Reason],
    links: Links,
    language: Language,
) -> Context:
    words = words_of(content, agency, links, _LARGEST_BODY, language)
    return {
        **words,
        "headline": wording.subject(content.corrects, TYPES[content.type][0], words["title"], language),
        "preheader": wording.preheader(
            words["title"],
            words["body_text"] if language.is_english else "",
            wording.introduced(words["type_name"], words["origin"], words["published"], language),
        ),
        "agency": agency,
        "contact": printable(content.contact),
        "asks": _can_ask(content, agency, reasons),
        "everyone": any(one.topic_id == EVERYONE.topic_id for one in reasons),
        "test": content.test,
        "links": links,
    }


def _said(reason: Reason, language: Language) -> Reason:
    """Without marks of ours; that a message goes to everybody is told in the language of the message."""
    said = replace(reason, words=unmarked(reason.words), translated=unmarked(reason.translated))
    if reason != EVERYONE or language.is_english:
        return said
    name, words = language.gettext(reason.topic_name), language.gettext(reason.words)
    return replace(said, topic_name=name, translated=words)


def _occasion(event: Event, links: Links, language: Language) -> dict[str, str]:
    return {
        "name": one_line(event.name),
        "translated": wording.occasion_name(event, language),
        "when": wording.occasion(event, language),
        "briefly": wording.occasion_briefly(event, language),
        "calendar": f"{links.online}/{event.key}.ics",
        "join": event.url,
    }


def words_of(
    content: BulletinContent,
    agency: AgencyContact,
    links: Links,
    most: int,
    language: Language = ENGLISH,
    *,
    below: int = 1,
) -> dict[str, Any]:
    """What a bulletin says, ready for a template: its body weighs no more than `most`, and its headings stand below that level."""
    source = unmarked(html.link(content.url, content.url))
    said = pdf.named(unmarked(html.sanitise(content.body_html, content.url)), content.pdfs)
    body = _fitting(wording.levelled(said, below), source or links.online, most, language)
    return {
        "title": " ".join(unmarked(content.title).split()),
        "type_name": language.gettext(TYPES[content.type][1]),
        "origin": unmarked(content.source_name) or agency.name,
        "published": wording.moment(content.published_at, agency.zone, language)
        if content.published_at
        else "",
        "body_html": body,
        "body_text": unmarked(html.to_text(body)),
        "source": source,
        "source_host": urlsplit(source).hostname or "",
        "source_is_pdf": pdf.is_pdf(source) or content.url in content.pdfs,
        "corrects": content.corrects,
        "changes": wording.what_changed(
            [Change(one.kind, one_line(one.before), one_line(one.after)) for one in content.changes]
        ),
        "events": [_occasion(one, links, language) for one in content.events],
    }


def _fitting(body: str, source: str, most: int, language: Language) -> str:
    """Mail programs hide the end of a large message, and with it the way to unsubscribe: such a body ends early and says so."""
    begun = beginning.of(body, most)
    if begun == body:
        return body
    goes_on = language.gettext("The notice goes on at its source:")
    whose = "" if language.is_english else f' lang="{language.code}" dir="{language.direction}"'
    return f'{begun}<p{whose}>{goes_on} <a href="{escape(source)}">{escape(source)}</a></p>'


def printable(typed: Contact) -> Contact:
    """A contact as its author typed it: each entry one line, the website an address that we pass on."""
    lines = {name: one_line(value) for name, value in asdict(typed).items()}
    return Contact(**{**lines, "website": html.link(lines["website"], "")})


def _can_ask(content: BulletinContent, agency: AgencyContact, reasons: Sequence[Reason]) -> bool:
    """Does every reader find somebody to ask? Some would find an empty section if only some topics had a contact."""
    everybody = content.contact.reachable or agency.contact.reachable or bool(agency.contact_list)
    return everybody or all(one.contact.reachable for one in reasons)


def _bulletin_headers(
    content: BulletinContent,
    agency: AgencyContact,
    reasons: Sequence[Reason],
    links: Links,
    sent_at: datetime,
) -> Headers:
    lists = {str(one.topic_id): _list_id(one, links.bulletin_id) for one in reasons}
    return Headers(
        from_=agency.from_,
        reply_to=agency.reply_to,
        date=sent_at,
        providers=agency.providers,
        auto_submitted=bool(content.source_name),
        answers=content.corrects and not content.test,
        list_mail=ListMail(
            lists=lists,
            unsubscribe=links.unsubscribe,
            help_url=f"{links.public_url}/",
            owner=parseaddr(agency.reply_to)[1],
        ),
    )


def _list_id(reason: Reason, bulletin_id: int) -> ListId:
    feedback_id = f"b{bulletin_id}:t{reason.topic_id}:bulletin:{SENDER}"
    return ListId(reason.topic_name, reason.topic_slug, feedback_id)
