"""What mail providers post to us, by django-anymail, which knows the words of each; of its senders and settings nothing is used.

Who posts must show the secret that the provider was told: as user and password in the address of the webhook, or, at Mailgun, as the
key that signs each post. Amazon's own signature is not asked for: checking it means to fetch a certificate from wherever the post
says, and proves only that somebody's topic at Amazon posts to us. Nothing here fetches anything: a person opens Amazon's link.
"""

import hashlib
import hmac
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from anymail.webhooks.base import AnymailCoreWebhookView
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.sparkpost import SparkPostTrackingWebhookView

from dispatcher.bounces.said import Kind, Said
from dispatcher.formats.verdicts import Verdict, clean_reply, judge_report, status_in

Event = Mapping[str, Any]  # one event in a provider's words
Shows = Callable[[str, Mapping[str, str], bytes, datetime], bool]  # whether a post shows the secret

_AGE = timedelta(hours=24)  # Mailgun tries for eight hours
_AHEAD = timedelta(minutes=5)
_CONFIRMING = re.compile(r"https://sns\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[!-~]*")


@dataclass(frozen=True, slots=True)
class Provider:
    """How its posts are proven, and how its body becomes events: each in its words, and as anymail reads it."""

    shows: Shows
    read: Callable[[Any], Iterable[Said]]


def is_authentic(provider: str, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Does the post show that it comes from whom we told the secret?"""
    return PROVIDERS[provider].shows(secret, headers, body, now)


def read(provider: str, body: bytes) -> Sequence[Said]:
    """What a post says. Never raises: what cannot be read is told as that, and kept."""
    try:
        return tuple(PROVIDERS[provider].read(json.loads(body)))
    except Exception as odd:  # noqa: BLE001 -- anymail trusts that providers write what they document
        return (
            Said(
                kind=Kind.UNREADABLE, note=f"not what {provider} documents: {type(odd).__name__}: {odd}"[:500]
            ),
        )


def by_password(secret: str, headers: Mapping[str, str], _body: bytes, _now: datetime) -> bool:
    """`user:password`, as the provider has it in the address of the webhook."""
    scheme, _, shown = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        return hmac.compare_digest(b64decode(shown, validate=True), secret.encode())
    except ValueError:
        return False


def by_signature(secret: str, _headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Mailgun's: of a time and a token, by the key that it calls “HTTP webhook signing key”."""
    try:
        block = json.loads(body)["signature"]
        signed, said, shown = (
            int(block["timestamp"]),
            f"{block['timestamp']}{block['token']}",
            str(block["signature"]),
        )
    except (ValueError, KeyError, TypeError):
        return False
    wanted = hmac.digest(secret.encode(), said.encode("utf-8", "replace"), "sha256").hex()
    fresh = -_AHEAD.total_seconds() <= now.timestamp() - signed <= _AGE.total_seconds()
    return hmac.compare_digest(shown.encode("utf-8", "replace"), wanted.encode()) and fresh


class _Ses(AmazonSESTrackingWebhookView):  # type: ignore[misc]  # anymail has no types
    """Without what it would be given to fetch from Amazon with."""

    def __init__(self) -> None:
        AnymailCoreWebhookView.__init__(self)


@cache
def _anymail(view: Callable[..., Any]) -> Any:
    """A reader, with secrets that it wants to have and never looks at here."""
    wants = {MailgunTrackingWebhookView: {"webhook_signing_key": "-"}}.get(view, {})
    return view(webhook_secret="-:-", **wants)  # noqa: S106 -- as above


def _postmark(post: Event) -> Iterable[Said]:
    yield _said("postmark", post, _anymail(PostmarkTrackingWebhookView).esp_to_anymail_event(post))


def _mailgun(post: Event) -> Iterable[Said]:
    event, data = _anymail(MailgunTrackingWebhookView).esp_to_anymail_event(post), post["event-data"]
    # Anymail takes the signature's token, which is another one when Mailgun tries again; the event's own id is unique within a day.
    event.event_id = f"{data['id']}:{data['timestamp']}" if "id" in data and "timestamp" in data else None
    yield _said("mailgun", data, event)


def _brevo(post: Event) -> Iterable[Said]:
    yield _said("brevo", post, _anymail(BrevoTrackingWebhookView).esp_to_anymail_event(post))


def _mailjet(post: Event | list[Event]) -> Iterable[Said]:
    for one in post if isinstance(post, list) else [post]:
        yield _said("mailjet", one, _anymail(MailjetTrackingWebhookView).esp_to_anymail_event(one))


def _sparkpost(post: list[Event]) -> Iterable[Said]:
    view = _anymail(SparkPostTrackingWebhookView)
    for raw in post:
        kind, event, _ = view.unwrap_event(raw)
        if event is not None:  # None: they try whether we are there
            yield _said("sparkpost", event, view.esp_to_anymail_event(kind, event, raw))


def _amazon_ses(post: Event) -> Iterable[Said]:
    if post["Type"] == "SubscriptionConfirmation":
        yield Said(kind=Kind.CONFIRMATION, note=_to_confirm(post))
    if post["Type"] != "Notification":
        return
    try:
        event = json.loads(post["Message"])
    except ValueError:
        yield Said(
            kind=Kind.NOTHING, note=clean_reply(str(post["Message"]))
        )  # that the topic is confirmed, in words
        return
    for one in _ses().esp_to_anymail_events(event, post):
        yield _said("amazon-ses", event, one)


@cache
def _ses() -> _Ses:
    return _Ses()


def _to_confirm(post: Event) -> str:
    """The link for a person to open, if it leads to Amazon."""
    link = str(post.get("SubscribeURL", ""))
    if not _CONFIRMING.fullmatch(link):
        return "Amazon SNS asks to confirm a topic, by a link that does not lead to Amazon: do not open it"
    return f"Amazon SNS asks to confirm the topic {post.get('TopicArn', '')}: if it is yours, open {link}"


# The names stand in /webhooks/<name>/ and in DISPATCHER_WEBHOOKS.
PROVIDERS: Mapping[str, Provider] = {
    "amazon-ses": Provider(by_password, _amazon_ses),
    "brevo": Provider(by_password, _brevo),
    "mailgun": Provider(by_signature, _mailgun),
    "mailjet": Provider(by_password, _mailjet),
    "postmark": Provider(by_password, _postmark),
    "sparkpost": Provider(by_password, _sparkpost),
}

_PRIVATE = {EventType.OPENED, EventType.CLICKED}
# Why a provider did not even try, or gave up without a status: a verdict in our words. What it refuses by its own rules is about us.
_REASONS = {
    RejectReason.INVALID: Verdict.GONE,
    RejectReason.BOUNCED: Verdict.BOUNCED,
    RejectReason.TIMED_OUT: Verdict.BOUNCED,
}
_UNDELIVERED = {EventType.BOUNCED, EventType.REJECTED, EventType.FAILED}


def _said(provider: str, raw: Event, event: AnymailTrackingEvent) -> Said:
    text = json.dumps(raw, ensure_ascii=False, sort_keys=True)
    words = clean_reply(str(event.mta_response or event.description or ""))
    kind, note = _kind(provider, event, words)
    verdict, status = _judged(event, words) if kind is Kind.BOUNCE else (None, status_in(words))
    return Said(
        kind=kind,
        note=note,
        verdict=verdict,
        status=status,
        words=words,
        about=(event.recipient,) if event.recipient and "@" in event.recipient else (),
        event_id=str(event.event_id or hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()),
        reference=str(event.message_id or "").strip("<>"),
        text=text,
    )


def _kind(provider: str, event: AnymailTrackingEvent, words: str) -> tuple[Kind, str]:
    type_, told = event.event_type, f"{provider}: {event.event_type} {words}".rstrip()
    if type_ in _PRIVATE:
        return Kind.PRIVATE, f"{provider}: who opens or clicks what is not kept; turn such events off there"
    if type_ == EventType.COMPLAINED or (
        event.reject_reason == RejectReason.SPAM and type_ == EventType.REJECTED
    ):
        return Kind.COMPLAINT, told
    if type_ == EventType.DELIVERED:
        return Kind.DELIVERED, told
    if type_ in _UNDELIVERED and not _is_passing(event, words):
        return Kind.BOUNCE, told
    return Kind.NOTHING, f"{told}: counts as nothing"


def _is_passing(event: AnymailTrackingEvent, words: str) -> bool:
    """Amazon calls an automatic reply a transient bounce, too: without a status there was no refusal."""
    return str(event.description or "").startswith("Transient") and not status_in(words)


def _judged(event: AnymailTrackingEvent, words: str) -> tuple[Verdict, str]:
    if status_in(words):
        return judge_report("", words)
    if event.event_type == EventType.FAILED:
        return Verdict.CONTENT, ""
    if event.event_type == EventType.BOUNCED and event.reject_reason != RejectReason.INVALID:
        return Verdict.BOUNCED, ""
    return _REASONS.get(event.reject_reason, Verdict.POLICY), ""
