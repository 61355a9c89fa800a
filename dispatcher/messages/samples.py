"""A sample of each kind of message, so that anybody can look at it without a notice, a subscriber or a relay.

What is said in them is made up; names, addresses and words around it are those of the deployment. Reads no rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from dispatcher.formats.contact import Contact
from dispatcher.formats.events import Event
from dispatcher.messages import kinds, letters, reasons, several
from dispatcher.messages.compose import Composed
from dispatcher.messages.contents import Contents
from dispatcher.messages.kinds import BulletinContent, Links, Reason
from dispatcher.messages.language import Language
from dispatcher.messages.letters import Ailing, Alert, Frame, Submitted, Waiting
from dispatcher.messages.several import Entry, Other, Sending, Whole
from dispatcher.messages.wording import Change

_BULLETIN = 42
_PHARMACY = Reason(
    topic_id=1,
    topic_name="Pharmacy (Section 80)",
    topic_slug="pharmacy",
    words="it cites “Section 80” in the title",
    contact=Contact(name="Pharmacy help desk", telephone="207-555-0145", email="pharmacy@example.gov"),
)
_RULES = Reason(
    topic_id=2,
    topic_name="All rulemaking",
    topic_slug="rulemaking",
    words="it says “adopted” in the title",
    position=1,
)
# What a match keeps of the two reasons, from which other languages make their own sentence.
_EVIDENCE = {
    _PHARMACY.topic_id: {"kind": "cites", "field": "title", "words": "Section 80"},
    _RULES.topic_id: {"kind": "says", "field": "title", "words": "adopted"},
}
_RULE = BulletinContent(
    title="Rule adopted: Section 80, Pharmacy Services, prior authorization",
    type="adopted",
    url="https://www.example.gov/rules/section-80",
    source_name="Headline News: policy and rules",
    published_at=None,
    body_html=(
        "<p>The Department adopted changes to <strong>Section 80, Pharmacy Services</strong>. From the first of next month a "
        "prior authorization is good for twelve months.</p><h3>Who is affected</h3><ul><li>Pharmacies</li><li>Whoever prescribes"
        '</li></ul><p>The <a href="https://www.example.gov/rules/section-80.pdf">rule in full</a> has the details.</p>'
    ),
)


def bulletin(frame: Frame) -> Composed:
    """A notice with two reasons, and office hours that it announces."""
    return _bulletin(replace(_RULE, events=[_office_hours(frame.sent_at)]), frame)


def correction(frame: Frame) -> Composed:
    """What a reader of the first version gets when it was changed."""
    changes = [
        Change("changed", "A prior authorization is good for six months.", "A prior authorization is good for twelve months."),
        Change("added", "", "Claims that were denied since June are paid without a new request."),
    ]  # fmt: skip
    return _bulletin(replace(_RULE, corrects=True, changes=changes), frame)


def blast(frame: Frame) -> Composed:
    """A message that staff wrote."""
    content = BulletinContent(
        title="The portal is closed on Saturday night",
        type="notice",
        url="",
        source_name="",
        published_at=frame.sent_at,
        body_html="<p>The online portal is closed from <strong>6 p.m. on Saturday</strong> until Sunday noon. Claims that wait are not lost.</p>",
        contact=Contact(name="Provider relations", telephone="207-555-0134"),
    )
    return _bulletin(content, frame)


def parts(frame: Frame) -> Composed:
    """An e-mail message with several notices, and the title of one that is of no topic."""
    whole = Whole(
        title="Updates for providers", url="https://www.example.gov/updates", source_name="Bulletins for providers", published_at=frame.sent_at
    )  # fmt: skip
    others = [Other(title="Survey of providers", url="https://www.example.gov/updates")]
    return several.parts(whole, _entries(frame), others, _sending(frame))


def digest(frame: Frame) -> Composed:
    """What came since the last one, for somebody who asked for it once a day."""
    day = frame.sent_at.astimezone(frame.agency.zone).date()
    return several.digest("daily", day, _entries(frame), _sending(frame))


def confirm(frame: Frame) -> Composed:
    """To whoever was signed up: the link that confirms."""
    topics = [_PHARMACY.topic_name, _RULES.topic_name]
    return letters.confirm(topics, frame.sent_at, frame.sent_at + timedelta(hours=72), frame)


def sign_in(frame: Frame) -> Composed:
    """The link to see and change what one gets."""
    return letters.sign_in(frame.sent_at, frame.sent_at + timedelta(hours=24), frame)


def goodbye(frame: Frame) -> Composed:
    """To whoever stopped everything on our pages."""
    return letters.goodbye([_PHARMACY.topic_name, _RULES.topic_name], frame.sent_at, frame)


def moved(frame: Frame) -> Composed:
    """To the followers of a topic that ended: what took its place."""
    return letters.moved(_PHARMACY.topic_name, [_RULES.topic_name], "Pharmacy news is part of it now.", frame)


def approval(frame: Frame) -> Composed:
    """To approvers: a blast waits for one of them."""
    title = "The portal is closed on Saturday night"
    submitted = Submitted(bulletin_id=_BULLETIN, title=title, author="ana", audience=1_204, send_at=None)
    return letters.approval_request(submitted, frame)


def alert(frame: Frame) -> Composed:
    """To operators: what needs one of them."""
    since = frame.sent_at - timedelta(hours=9)
    ailing = Ailing(
        name="MaineCare Bulletins",
        what="www.example.gov answers 503 Service Unavailable",
        since=since,
        remedy="`dispatcher sources preview provider-bulletins`",
    )
    waiting = Waiting(
        title="Hearing on Section 45", why="matched no topic", since=since, by=_soon(frame.sent_at)
    )
    return letters.alert(Alert(ailing=[ailing], waiting=[waiting], polled=5), frame)


SAMPLES: Mapping[str, Callable[[Frame], Composed]] = {
    one.__name__: one
    for one in (bulletin, correction, blast, parts, digest, confirm, sign_in, goodbye, moved, approval, alert)
}


def addressed(composed: Composed) -> bytes:
    """One copy, for nobody: the links in it grant nothing."""
    contents = Contents.of(composed.stencil)
    values = kinds.person("reader@example.org", "a-sample-has-no-ticket-in-it", "sample.1", "sample.0")
    topics, told = contents.topics, contents.bulletins
    choices = contents.choose(told, topics) if told else kinds.chosen(topics, topics)
    return composed.stencil.splice(values, choices)


def _entries(frame: Frame) -> list[Entry]:
    hours = replace(
        _RULE, title="Pharmacy office hours", type="notice", body_html="<p>Bring your questions.</p>", events=[_office_hours(frame.sent_at)]
    )  # fmt: skip
    why = _reasons(frame.language)
    told = [(_RULE, why), (hours, why[:1])]
    return [
        Entry(
            content=replace(content, published_at=frame.sent_at),
            reasons=reasons,
            links=Links(frame.public_url, _BULLETIN + place),
        )
        for place, (content, reasons) in enumerate(told)
    ]


def _bulletin(content: BulletinContent, frame: Frame) -> Composed:
    shown = replace(content, published_at=content.published_at or frame.sent_at)
    links = Links(frame.public_url, _BULLETIN)
    return kinds.bulletin(
        shown,
        frame.agency,
        _reasons(frame.language),
        links,
        sent_at=frame.sent_at,
        boundary=frame.boundary,
        variant=frame.variant,
    )


def _reasons(language: Language) -> list[Reason]:
    return [
        replace(one, translated=reasons.said(_EVIDENCE[one.topic_id], language))
        for one in (_PHARMACY, _RULES)
    ]


def _sending(frame: Frame) -> Sending:
    return Sending(
        agency=frame.agency,
        mailing_id=7,
        public_url=frame.public_url,
        sent_at=frame.sent_at,
        boundary=frame.boundary,
        variant=frame.variant,
    )


def _office_hours(sent_at: datetime) -> Event:
    return Event(
        "meeting", "Pharmacy office hours", _soon(sent_at), time(11), time(11, 45), url="https://meet.example.org/register"
    )  # fmt: skip


def _soon(sent_at: datetime) -> date:
    return sent_at.date() + timedelta(days=3)
