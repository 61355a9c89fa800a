"""What an approval is bound to: one hash over everything that decides what is sent to whom. Any difference voids the approval."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from dispatcher.config import Config
from dispatcher.mailings import audience
from dispatcher.mailings.audience import Audience
from dispatcher.messages import editions
from dispatcher.messages.compose import Composed
from dispatcher.models import Bulletin, Catalog, Submission, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """To whom, and not before when. `topics` are slugs."""

    topics: tuple[str, ...] = ()
    everyone: bool = False
    send_at: datetime | None = None

    @classmethod
    def of(cls, submission: Submission) -> "Rule":
        """As it was submitted."""
        return cls(topics=tuple(submission.topics), everyone=submission.everyone, send_at=submission.send_at)

    @property
    def audience(self) -> Audience:
        """The same in ids."""
        if self.everyone:
            return Audience(everyone=True)
        chosen = Topic.objects.filter(slug__in=self.topics).order_by("id")
        return audience.to_followers(chosen.values_list("id", "must_deliver"))


def content_hash(config: Config, bulletin: Bulletin, composed: Composed, rule: Rule) -> str:
    """SHA-256 over subject, rendered text and HTML, what the author typed, sender, version of topics.yaml, audience rule and time."""
    agency, catalog = editions.agency(config), Catalog.latest()
    bound = {
        "subject": composed.subject,
        "text": composed.text,
        "html": composed.html,
        "typed": bulletin.markdown,
        "from": agency.from_,
        "reply_to": agency.reply_to,
        "catalog": catalog.hash if catalog else "",
        "topics": sorted(rule.topics),
        "everyone": rule.everyone,
        "send_at": rule.send_at.isoformat() if rule.send_at else None,
    }
    return hashlib.sha256(json.dumps(bound, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def composed(config: Config, bulletin: Bulletin, rule: Rule, sent_at: datetime) -> Composed:
    """The message as it would be sent now."""
    return editions.of_bulletin(config, bulletin, sent_at=sent_at, everyone=rule.everyone)
