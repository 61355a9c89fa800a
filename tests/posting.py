"""What mail providers post, in their own shapes and our own words, with and without what proves them."""

import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import time
from typing import Any

from returning import signed

from dispatcher.formats import message_names
from dispatcher.models import Delivery

PASSWORD = "hook:0123456789-abcdefghij"
SIGNING_KEY = "key-0123456789abcdef0123456789"
SETTING = (
    " ".join(f"{one}={PASSWORD}" for one in ("amazon-ses", "brevo", "mailjet", "postmark", "sparkpost"))
    + f" mailgun={SIGNING_KEY}"
)


@dataclass(frozen=True, slots=True)
class About:
    """The copy that a post is about, by its names."""

    address: str
    name: str
    sender: str

    @classmethod
    def of(cls, delivery: Delivery) -> "About":
        name = message_names.of(delivery.mailing.nonce, delivery.id)
        return cls(delivery.subscriber.address, name, signed(delivery.id))


def postmark(about: About, kind: str, **fields: Any) -> Any:
    record = {"bounce": "Bounce", "full": "Bounce", "filter": "Bounce", "reply": "Bounce", "complaint": "SpamComplaint",
              "delivered": "Delivery", "open": "Open", "delay": "Bounce"}[kind]  # fmt: skip
    type_, details = {
        "bounce": ("HardBounce", "smtp;550 5.1.1 The account does not exist"),
        "full": ("SoftBounce", "smtp;552 5.2.2 mailbox full"),
        "filter": ("Blocked", "smtp;554 5.7.1 refused by policy"),
        "complaint": ("SpamComplaint", ""),
        "reply": ("AutoResponder", ""),
        "delay": ("Transient", "smtp;451 4.7.1 try later"),
    }.get(kind, ("", ""))
    return {
        "RecordType": record, "Type": type_, "Details": details, "MessageID": "8e1b0c1a-7d3e-4f8a",
        "Email" if type_ else "Recipient": about.address, "Metadata": {"message": about.name}, **fields,
    }  # fmt: skip


def mailgun(about: About, kind: str, key: str = SIGNING_KEY, age: float = 0, **fields: Any) -> Any:
    event, more = {
        "bounce": ("failed", {"severity": "permanent", "reason": "bounce", "delivery-status": {"code": 550, "message": "5.1.1 no such user"}}),
        "full": ("failed", {"severity": "permanent", "reason": "bounce", "delivery-status": {"code": 552, "message": "552 5.2.2 full"}}),
        "filter": ("failed", {"severity": "permanent", "reason": "generic", "delivery-status": {"code": 554, "message": "554 5.7.1 refused"}}),
        "delay": ("failed", {"severity": "temporary", "reason": "generic", "delivery-status": {"code": 451, "message": "451 4.7.1 later"}}),
        "complaint": ("complained", {}),
        "delivered": ("delivered", {"delivery-status": {"code": 250, "message": "OK"}}),
        "open": ("opened", {"client-info": {"user-agent": "x"}}),
    }[kind]  # fmt: skip
    stamp, token = str(int(time() - age)), "t" * 50
    signature = hmac.digest(key.encode(), f"{stamp}{token}".encode(), "sha256").hex()
    data = {
        "event": event, "id": f"ev-{kind}", "timestamp": 1787319000.5, "recipient": about.address,
        "message": {"headers": {"message-id": f"{about.name}@example.gov", "to": about.address}}, **more,
    }  # fmt: skip
    return {
        "signature": {"timestamp": stamp, "token": token, "signature": signature},
        "event-data": data,
        **fields,
    }


def amazon_ses(about: About, kind: str, **fields: Any) -> Any:
    bounced = [
        {
            "emailAddress": about.address,
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        }
    ]
    full = [{"emailAddress": about.address, "diagnosticCode": "smtp; 552 5.2.2 mailbox full"}]
    filtered = [{"emailAddress": about.address, "diagnosticCode": "smtp; 554 5.7.1 refused"}]
    replied = [{"emailAddress": about.address}]
    event = {
        "bounce": {"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": bounced}},
        "full": {"eventType": "Bounce", "bounce": {"bounceType": "Transient", "bounceSubType": "MailboxFull", "bouncedRecipients": full}},
        "filter": {"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": filtered}},
        "reply": {"eventType": "Bounce", "bounce": {"bounceType": "Transient", "bounceSubType": "General", "bouncedRecipients": replied}},
        "delay": {"eventType": "DeliveryDelay", "deliveryDelay": {"delayType": "MailboxFull"}},
        "complaint": {"eventType": "Complaint", "complaint": {"complaintFeedbackType": "abuse", "complainedRecipients": replied}},
        "delivered": {"eventType": "Delivery", "delivery": {"recipients": [about.address], "smtpResponse": "250 2.6.0 ok"}},
        "open": {"eventType": "Open", "open": {"userAgent": "x", "ipAddress": "192.0.2.1"}},
    }[kind]  # fmt: skip
    mail = {
        "messageId": "0100018f-aaaa-bbbb",
        "source": about.sender,
        "destination": [about.address],
        "headers": [],
    }
    message = json.dumps({**event, "mail": mail})
    return {"Type": "Notification", "MessageId": f"sns-{kind}", "TopicArn": "arn:aws:sns:us-east-1:1:bounces", "Message": message,
            "Timestamp": "2026-08-21T13:31:00.000Z", **fields}  # fmt: skip


def brevo(about: About, kind: str, **fields: Any) -> Any:
    event, reason = {
        "bounce": ("hard_bounce", "550 5.1.1 user unknown"), "full": ("soft_bounce", "552 5.2.2 full"), "filter": ("blocked", ""),
        "delay": ("deferred", "451 later"), "complaint": ("spam", ""), "delivered": ("delivered", ""), "open": ("opened", ""),
    }[kind]  # fmt: skip
    return {"event": event, "email": about.address, "reason": reason, "message-id": "<2026@smtp-relay.example>", "ts_epoch": 1787319000000,
            "X-Mailin-custom": json.dumps({"message": about.name}), **fields}  # fmt: skip


def mailjet(about: About, kind: str, **fields: Any) -> Any:
    event, more = {
        "bounce": (
            "bounce",
            {"error": "user unknown", "smtp_reply": "550 5.1.1 user unknown", "hard_bounce": True},
        ),
        "full": ("bounce", {"error": "quota exceeded", "smtp_reply": "552 5.2.2 full"}),
        "filter": ("blocked", {"error": "policy issue"}),
        "complaint": ("spam", {}),
        "delivered": ("sent", {"smtp_reply": "250 ok"}),
        "open": ("open", {"agent": "x"}),
    }[kind]
    return [
        {
            "event": event,
            "time": 1787319000,
            "MessageID": 19421777835146490,
            "email": about.address,
            "CustomID": about.name,
            **more,
            **fields,
        }
    ]


def sparkpost(about: About, kind: str, **fields: Any) -> Any:
    class_, type_, more = {
        "bounce": ("message_event", "bounce", {"bounce_class": "10", "raw_reason": "550 5.1.1 user unknown"}),
        "full": ("message_event", "bounce", {"bounce_class": "22", "raw_reason": "552 5.2.2 full"}),
        "filter": ("message_event", "policy_rejection", {"bounce_class": "25", "raw_reason": ""}),
        "reply": ("message_event", "out_of_band", {"bounce_class": "60", "raw_reason": ""}),
        "delay": ("message_event", "delay", {"bounce_class": "70", "raw_reason": "451 later"}),
        "complaint": ("message_event", "spam_complaint", {}),
        "delivered": ("message_event", "delivery", {}),
        "open": ("track_event", "open", {}),
    }[kind]
    event = {"type": type_, "event_id": f"sp-{kind}", "timestamp": "1787319000", "raw_rcpt_to": about.address, "transmission_id": "6504",
             "rcpt_meta": {"message": about.name}, **more, **fields}  # fmt: skip
    return [{"msys": {class_: event}}, {"msys": {}}]


PROVIDERS: Mapping[str, Callable[..., Any]] = {
    "amazon-ses": amazon_ses, "brevo": brevo, "mailgun": mailgun, "mailjet": mailjet, "postmark": postmark, "sparkpost": sparkpost,
}  # fmt: skip


def body(provider: str, about: About, kind: str, **fields: Any) -> bytes:
    return json.dumps(PROVIDERS[provider](about, kind, **fields)).encode()


def shown(password: str = PASSWORD) -> dict[str, str]:
    """The header that shows user and password."""
    return {"authorization": "Basic " + b64encode(password.encode()).decode()}
