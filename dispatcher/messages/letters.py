"""System mail, one function a kind: to one person, or to a few of the staff, who are waiting for it. Reads no rows.

Nothing that a stranger typed into a form stands in any of them: adverts have been sent that way.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dispatcher.messages import wording
from dispatcher.messages.compose import Composed, Context, compose
from dispatcher.messages.headers import Headers
from dispatcher.messages.kinds import AgencyContact, one_line
from dispatcher.messages.language import USUAL, Language, Variant

_MOST_TOLD = 30  # of each list; `status` has the rest
_LONGEST_REASON = 300
_SUBJECT = 64  # as much of it as phones and lists show, like a bulletin's


@dataclass(frozen=True, slots=True)
class Frame:
    """What every letter has: who speaks, where our pages are, when it is sent, and a random number for the MIME boundary."""

    agency: AgencyContact
    public_url: str
    sent_at: datetime
    boundary: str
    variant: Variant = USUAL

    @property
    def language(self) -> Language:
        """In which it is written."""
        return self.variant.language


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What approvers are told of a blast that waits for one of them."""

    bulletin_id: int
    title: str
    author: str
    audience: int
    send_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailing:
    """A source that needs a person: what is wrong in words, since when, and the next step."""

    name: str
    what: str
    since: datetime
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A bulletin that goes nowhere until a person decides. `by`: the date in it that is close, if one is."""

    title: str
    why: str
    since: datetime
    by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What operators are told: all that needs one of them, and the sources that are well again. Empty: that all are well."""

    ailing: Sequence[Ailing] = ()
    waiting: Sequence[Waiting] = ()
    recovered: Sequence[str] = ()
    polled: int = 0


def confirm(topics: Sequence[str], asked_at: datetime, expires_at: datetime, frame: Frame) -> Composed:
    """To whoever was signed up: which topics, and the link that confirms."""
    return _letter(
        "confirm",
        {
            **_hours(asked_at, expires_at, frame),
            "confirm": f"{frame.public_url}/confirm/",
            "heading": frame.language.ngettext(
                "The topic asked for", "The %(count)s topics asked for", len(topics)
            ),
            "topics": [one_line(one) for one in topics],
        },
        frame,
    )


def sign_in(asked_at: datetime, expires_at: datetime, frame: Frame) -> Composed:
    """To a subscriber who asked: the link to see and change what they get."""
    about = {**_hours(asked_at, expires_at, frame), "manage": f"{frame.public_url}/manage/"}
    return _letter("sign_in", about, frame)


def goodbye(topics: Sequence[str], ended_at: datetime, frame: Frame) -> Composed:
    """To whoever stopped everything on our pages: the last message, so that nobody is silenced unawares by a forwarded link."""
    about = {
        "ended": wording.moment(ended_at, frame.agency.zone, frame.language),
        "topics": [one_line(one) for one in topics],
        "sign_up": f"{frame.public_url}/",
    }
    return _letter("goodbye", about, frame)


def moved(topic: str, successors: Sequence[str], why: str, frame: Frame) -> Composed:
    """To who followed a topic that was replaced: what they follow now, and why. The words are those of topics.yaml."""
    language = frame.language
    return _letter(
        "moved",
        {
            "headline": wording.shortened(
                language.gettext(
                    "A topic that you follow has changed: %(topic)s",
                    topic=language.isolated(one_line(topic)),
                ),
                _SUBJECT,
            ),
            "topic": one_line(topic),
            "successors": [one_line(one) for one in successors],
            "why": one_line(why),
            "manage": f"{frame.public_url}/manage/",
        },
        frame,
    )


def approval_request(about: Submitted, frame: Frame) -> Composed:
    """To the approvers: a blast waits. It carries no power, only the command to run."""
    title, language = one_line(about.title), frame.language
    return _letter(
        "approval",
        {
            "headline": wording.shortened(
                language.gettext("Please approve: %(title)s", title=language.isolated(title)), _SUBJECT
            ),
            "bulletin_id": about.bulletin_id,
            "title": title,
            "author": one_line(about.author),
            "audience": language.ngettext("%(count)s person", "%(count)s people", about.audience),
            "goes_out": _goes_out(about.send_at, frame),
        },
        frame,
    )


def alert(about: Alert, frame: Frame) -> Composed:
    """To the operators: one letter for all sources and bulletins that need one of them."""
    return _letter(
        "alert",
        {
            "headline": wording.shortened(_alert_headline(about, frame.language), _SUBJECT),
            "ailing": [_ailing(one, frame) for one in about.ailing[:_MOST_TOLD]],
            "waiting": [_waiting(one, frame) for one in about.waiting[:_MOST_TOLD]],
            "recovered": [one_line(one) for one in about.recovered[:_MOST_TOLD]],
            "more": [max(0, len(one) - _MOST_TOLD) for one in (about.ailing, about.waiting, about.recovered)],
        },
        frame,
    )


def _alert_headline(about: Alert, language: Language) -> str:
    urgent = min((one.by for one in about.waiting if one.by), default=None)
    if urgent:
        day = language.month_and_day(urgent)
        return language.gettext("Look today: a bulletin waits that names %(day)s", day=day)
    sources = {one.name for one in about.ailing}
    if sources:
        return language.ngettext(
            "%(source)s needs a person",
            "%(count)s sources need a person",
            len(sources),
            source=language.isolated(one_line(about.ailing[0].name)),
        )
    if about.waiting:
        return language.ngettext(
            "A bulletin waits for a decision", "%(count)s bulletins wait for a decision", len(about.waiting)
        )
    if about.recovered:
        return language.gettext("All sources are well again")
    return language.ngettext(
        "All is well with %(count)s source", "All is well with %(count)s sources", about.polled
    )


def _ailing(one: Ailing, frame: Frame) -> dict[str, str]:
    return {
        "name": one_line(one.name),
        "what": wording.shortened(one_line(one.what), _LONGEST_REASON),
        "since": wording.moment(one.since, frame.agency.zone, frame.language),
        "remedy": one_line(re.sub("`([^`]*)`", "“\\1”", one.remedy)),
    }


def _waiting(one: Waiting, frame: Frame) -> dict[str, str]:
    by = frame.language.gettext("It names %(day)s.", day=frame.language.day(one.by)) if one.by else ""
    return {
        "title": wording.shortened(one_line(one.title), _LONGEST_REASON),
        "why": one_line(one.why),
        "since": wording.moment(one.since, frame.agency.zone, frame.language),
        "by": by,
    }


def _letter(kind: str, about: Context, frame: Frame) -> Composed:
    headers = Headers(
        from_=frame.agency.from_,
        reply_to=frame.agency.reply_to,
        date=frame.sent_at,
        auto_submitted=True,
        providers=frame.agency.providers,
    )
    return compose(kind, {"agency": frame.agency, **about}, {}, headers, frame.boundary, frame.variant)


def _hours(asked_at: datetime, expires_at: datetime, frame: Frame) -> dict[str, str]:
    """When a link was asked for, and until when it works."""
    zone, language = frame.agency.zone, frame.language
    return {
        "asked": wording.moment(asked_at, zone, language),
        "expires": wording.moment(expires_at, zone, language),
    }


def _goes_out(send_at: datetime | None, frame: Frame) -> str:
    if send_at is None:
        return frame.language.gettext("as soon as it is approved")
    when = wording.moment(send_at, frame.agency.zone, frame.language)
    return frame.language.gettext("%(moment)s, if it is approved by then", moment=when)
