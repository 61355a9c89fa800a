"""Evidence: what speaks for a topic, as rows keep it and as a reader is told it in one line. Judges nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from dispatcher.formats.sections import Reference, Section
from dispatcher.topics.page import Page, Spot

IN = {
    "title": "in the title",
    "body": "in the text",
    "document": "in a linked document",
    "category": "in its category",
    "source": "in the name of its source",
    "link": "in its link",
}
TYPES = {
    "notice": "a notice",
    "proposed": "a proposed rule",
    "adopted": "an adopted rule",
    "emergency": "an emergency rule",
    "methodology": "a reimbursement methodology notice",
    "waiver": "a waiver notice",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for a topic: by which rule, in which field, the words and a little around them, a reason for readers.

    `words` alone are characters `start` to `end` of the nth block of that field; nothing stands anywhere for what no text says.
    `kind` and `of_type` are what the reason is made of, to say it in other languages.
    """

    rule: str
    field: str
    text: str
    reason: str
    words: str = ""
    block: int = 0
    start: int = 0
    end: int = 0
    kind: str = ""
    of_type: str = ""


def says(rule: str, page: Page, spot: Spot, of_type: str = "") -> Evidence:
    """A rule's words stand there. `of_type`: the type of document that the rule wanted too."""
    written = page.written(spot)
    reason = f"it {_also(of_type)}says “{written}” {IN[spot.field]}"
    return replace(_at(rule, page, spot, reason), kind="says", of_type=of_type)


def cites(rule: str, page: Page, reference: Reference, of_type: str = "") -> Evidence:
    """A section is cited there."""
    spot = page.spot_of(reference)
    written = page.written(spot)
    named = "section " if written[0].isdigit() else ""
    reason = f"it {_also(of_type)}cites {named}“{written}” {IN[spot.field]}"
    return replace(_at(rule, page, spot, reason), kind="cites", of_type=of_type)


def comes_from(rule: str, source: str, of_type: str = "") -> Evidence:
    """It is from a source of which the topic takes everything."""
    reason = f"it {_also(of_type)}is published by the source “{source}”"
    return Evidence(rule, "source", source, reason, source, 0, 0, len(source), "comes from", of_type)


def named(section: Section) -> str:
    """What evidence calls a declared section, where rules have numbers."""
    return f"section {section}"


def as_json(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Evidence in the form that rows, mails and scripts share: {rule, field, text, reason} and where the words stand."""
    return [asdict(one) for one in evidence]


def _at(rule: str, page: Page, spot: Spot, reason: str) -> Evidence:
    return Evidence(
        rule, spot.field, page.quote(spot), reason, page.written(spot), spot.block, spot.start, spot.end
    )


def _also(of_type: str) -> str:
    return f"is {TYPES.get(of_type, of_type)} and " if of_type else ""
