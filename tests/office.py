"""Who speaks in letters for tests, and the topics that they are about."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from dispatcher.formats.contact import Contact
from dispatcher.messages import reasons
from dispatcher.messages.kinds import AgencyContact, Reason
from dispatcher.messages.language import Language

AGENCY = AgencyContact(
    name="Office of Examples",
    from_="Office of Examples <notices@example.gov>",
    reply_to="questions@example.gov",
    zone=ZoneInfo("America/New_York"),
    address="1 Sample Street\nAugusta, Maine 04330",
    contact=Contact(name="Provider help", telephone="207-555-0100 ext. 4", email="help@example.gov"),
)
BARE_AGENCY = AgencyContact(
    name="Office of Examples", from_="notices@example.gov", reply_to="", zone=ZoneInfo("America/New_York")
)

HOSPITAL = Reason(
    topic_id=17,
    topic_name="Hospital services",
    topic_slug="hospital-services",
    words="it cites “Section 45” in the title",
    contact=Contact(
        name="Hospital desk", telephone="207-555-0145", website="https://www.example.gov/hospitals"
    ),
)
BILLING = Reason(
    topic_id=3,
    topic_name="Claims & billing <all>",
    topic_slug="claims-billing",
    words="it says “claims” in the text",
)
# What the rows say of the two, from which other languages make their own sentence.
_EVIDENCE = {
    HOSPITAL.topic_id: {"kind": "cites", "field": "title", "words": "Section 45"},
    BILLING.topic_id: {"kind": "says", "field": "body", "words": "claims", "of_type": "adopted"},
}


def translated(reason: Reason, language: Language) -> Reason:
    """As a reader of this language is told it."""
    evidence = _EVIDENCE.get(reason.topic_id)
    return replace(reason, translated=reasons.said(evidence, language)) if evidence else reason
