"""Parts: several notices in one e-mail message. Pure.

A message that lists what is "In this message:" has a heading for each; one that does not list it is one notice, whatever stands
in bold. Where list and headings disagree, the message stays whole: half a notice is worse than a long one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from lxml.html import HtmlElement

from dispatcher.formats.html import normalised_title, parse, plain
from dispatcher.sources.govdelivery import as_html, children, is_heading, is_list_lead
from dispatcher.sources.identity import canonical, named_by
from dispatcher.sources.likeness import alike
from dispatcher.sources.reading import Record, fitting

DISAGREE = "its list of what is in it and its headings do not agree: kept whole"

_LONGEST_KEY = 300
_SAME_HEADING = 0.8


@dataclass(frozen=True, slots=True)
class Part:
    """One notice. `key`: its normalised heading; empty for a message that is one notice."""

    key: str
    record: Record


def of(record: Record) -> tuple[list[Part], str]:
    """The notices in a record, and what was odd about them. Only e-mail messages carry several."""
    whole = [Part("", record)]
    named = named_by(canonical(record.link))
    if named is None or named.kind != "govdelivery":
        return whole, ""
    blocks = list(_blocks(parse(record.body_html)))
    bullets, after = _listed(blocks)
    if not bullets:
        return whole, ""
    headings = _headings(blocks[after:], bullets)
    if len(headings) != len(bullets):
        return whole, DISAGREE
    if len(headings) < 2:
        return whole, ""
    found = [
        _part(record, blocks, after + start, after + end)
        for start, end in _spans(headings, len(blocks) - after)
    ]
    return (found, "") if len({one.key for one in found}) == len(found) else (whole, DISAGREE)


def _blocks(body: HtmlElement) -> Iterator[HtmlElement]:
    """Top to bottom; what holds a heading is opened."""
    for node in children(body):
        if not is_heading(node) and any(is_heading(one) for one in node.iterdescendants()):
            yield from _blocks(node)
        else:
            yield node


def _listed(blocks: Sequence[HtmlElement]) -> tuple[list[str], int]:
    """What the message says is in it, and where that list ends."""
    for place, (lead, listed) in enumerate(pairwise(blocks)):
        if is_list_lead(lead) and listed.tag in {"ul", "ol"}:
            return [plain(one.text_content()) for one in listed.iter("li")], place + 2
    return [], 0


def _headings(blocks: Sequence[HtmlElement], bullets: Sequence[str]) -> list[int]:
    """Where the notices begin: at every heading, or if there are more, at those that the list names."""
    found = [place for place, block in enumerate(blocks) if is_heading(block)]
    if len(found) <= len(bullets):
        return found
    return [
        place
        for place in found
        if any(alike(plain(blocks[place].text_content()), bullet) >= _SAME_HEADING for bullet in bullets)
    ]


def _spans(starts: Sequence[int], end: int) -> Iterator[tuple[int, int]]:
    yield from zip(starts, [*starts[1:], end], strict=True)


def _part(record: Record, blocks: Sequence[HtmlElement], start: int, end: int) -> Part:
    title, cut = fitting(plain(blocks[start].text_content()))
    body = as_html(blocks[start + 1 : end])
    notice = replace(record, title=title, body_html=body, notes=(*record.notes, *cut))
    return Part(normalised_title(title)[:_LONGEST_KEY], notice)
