"""An approval is bound to what is sent, in whose name, to whom and when; to nothing that may differ without that."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import blasting
import factories as make
import pytest
from blasting import settings

from dispatcher.config import Config
from dispatcher.mailings import binding
from dispatcher.mailings.audience import Audience
from dispatcher.mailings.binding import Rule
from dispatcher.models import Bulletin, Catalog, Match, Submission, Topic

AT = datetime(2027, 1, 5, 14, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def bulletin(db: str, tmp_path: Path) -> Bulletin:
    blasting.set_up(tmp_path)
    return Bulletin.objects.get(id=blasting.submitted(topics=("pharmacy", "dental")))


def now_hash(bulletin: Bulletin, rule: Rule | None = None, config: Config | None = None) -> str:
    rule = rule or Rule.of(Submission.objects.get())
    config = config or settings()
    fresh = Bulletin.objects.get(id=bulletin.id)
    return binding.content_hash(config, fresh, binding.composed(config, fresh, rule, AT), rule)


def test_it_is_the_same_at_any_time_and_in_any_order(bulletin: Bulletin) -> None:
    assert now_hash(bulletin) == now_hash(bulletin) == bulletin.content_hash
    turned = Rule(topics=("dental", "pharmacy"))
    assert now_hash(bulletin, turned) == bulletin.content_hash


@pytest.mark.parametrize(
    "change",
    [
        {"title": "New form for prior authorization."},
        {"body_html": "<p>From January 5, 2027, use the form MC-12!</p>"},
        {"type": "adopted"},
        {"markdown": "# New form\n\nSomething else that looks harmless."},
        {"url": "https://www.maine.gov/other"},
        {"contact": {"name": "Ann", "telephone": "207-555-0134"}},
    ],
)
def test_any_word_of_the_message_counts(bulletin: Bulletin, change: dict) -> None:
    Bulletin.objects.filter(id=bulletin.id).update(**change)
    assert now_hash(bulletin) != bulletin.content_hash


@pytest.mark.parametrize(
    "rule",
    [
        Rule(topics=("pharmacy",)),
        Rule(topics=("pharmacy", "dental"), everyone=True),
        Rule(topics=("pharmacy", "dental"), send_at=AT),
    ],
)
def test_to_whom_and_when_counts(bulletin: Bulletin, rule: Rule) -> None:
    assert now_hash(bulletin, rule) != bulletin.content_hash


def test_a_topic_more_or_less_or_why_counts(bulletin: Bulletin) -> None:
    before = {now_hash(bulletin)}
    match = Match.objects.get(topic__slug="dental")
    match.evidence = [match.evidence[0] | {"reason": "because I say so"}]
    match.save()
    before.add(now_hash(bulletin))
    match.delete()
    before.add(now_hash(bulletin))
    Match.objects.create(
        bulletin=bulletin, topic=make.topic(), evidence=match.evidence, catalog="", matched_at=AT
    )
    assert len(before | {now_hash(bulletin)}) == 4


def test_the_sender_and_where_our_pages_are_count(bulletin: Bulletin) -> None:
    for change in ({"from_": "Eve <eve@maine.gov>"}, {"public_url": "https://elsewhere.maine.gov"}):
        assert now_hash(bulletin, config=replace(settings(), **change)) != bulletin.content_hash


def test_any_change_of_topics_yaml_counts(bulletin: Bulletin, tmp_path: Path) -> None:
    blasting.reload_topics(tmp_path, blasting.TOPICS.replace("description: Dentists", "description: Dentist"))
    assert now_hash(bulletin) != bulletin.content_hash
    Catalog.objects.order_by("-id").first().delete()
    assert now_hash(bulletin) == bulletin.content_hash


def test_a_rule_names_its_audience_in_ids() -> None:
    ids = tuple(Topic.objects.order_by("id").values_list("id", flat=True))
    assert Rule(topics=("dental", "pharmacy")).audience == Audience(ids)
    assert Rule(everyone=True).audience == Audience(everyone=True)
    assert Rule(topics=("never-heard-of",)).audience == Audience()
