"""The shipped list and the manual: every section has its topic, by number, by name, and by no other topic's; presets and contacts."""

import pytest

from dispatcher.config import bundled
from dispatcher.formats import manual
from dispatcher.formats.manual import Entry
from dispatcher.topics import catalog
from dispatcher.topics.page import Document
from dispatcher.topics.rules import compile_rules

SHIPPED = catalog.parse(bundled("topics.yaml").read_text(encoding="utf-8"), "topics.yaml")
MATCHER = compile_rules([topic.to_rules() for topic in SHIPPED.topics])
# Slugs are for ever: these went out with the first list.
FIRST = {
    "pharmacy", "hospital", "private-non-medical-institutions", "physician", "behavioral-health", "home-health", "dental",
    "340b", "provider-enrollment", "all-rulemaking",
}  # fmt: skip
ABOUT_RULES = {"all-rulemaking", "adopted-rules"}


def reached(title: str, kind: str = "notice") -> set[str]:
    return {slug for slug, _ in MATCHER.match(Document(title, (), kind)).topics}


def owners(entry: Entry) -> set[str]:
    return {
        topic.slug
        for topic in SHIPPED.topics
        for one in topic.sections
        if one.number == entry.number and one.chapter in {None, entry.chapter}
    }


@pytest.mark.parametrize("entry", manual.ENTRIES, ids=lambda entry: f"{entry.chapter}-{entry.number}")
def test_a_rule_on_a_section_reaches_its_topic_and_no_other_section_s(entry: Entry) -> None:
    title = f"Adopted Rule: Chapter {entry.chapter}, Section {entry.number}, {entry.title}"
    assert owners(entry) | ABOUT_RULES == reached(title, "adopted")


NAMED = [entry for entry in manual.ENTRIES if entry.chapter != "III"]


@pytest.mark.parametrize("entry", NAMED, ids=lambda entry: entry.title)
def test_a_title_that_only_names_a_section_reaches_the_same_topic(entry: Entry) -> None:
    assert reached(f"News about {entry.title} in May") == owners(entry)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("EPSDT: forms", "vitalcare-for-kids"),
        ("VitalCare for Kids: forms", "vitalcare-for-kids"),
        ("Family Planning Services: forms", "family-planning"),
        ("Federally Qualified Health Centers: forms", "federally-qualified-health-centers"),
        (
            "Developmental and Behavioral Health Clinic Services: forms",
            "developmental-and-behavioral-clinics",
        ),
        ("Rehabilitative and Community Support Services: forms", "adaptive-behavior-services"),
        ("Psychiatric Residential Treatment Facilities: forms", "psychiatric-residential-treatment"),
        ("Behavioral Health Homes: forms", "behavioral-health-homes"),
    ],
)
def test_names_that_drifted_reach_today_s_topic_alone(title: str, slug: str) -> None:
    assert reached(title) == {slug}


def test_no_slug_of_the_first_list_is_gone() -> None:
    assert {topic.slug for topic in SHIPPED.topics} >= FIRST


def test_every_topic_says_what_it_is_where_it_stands_and_what_is_not_confirmed() -> None:
    for topic in SHIPPED.topics:
        assert (topic.category, bool(topic.group), bool(topic.description)) == (
            "MaineCare Stakeholders",
            True,
            True,
        )
        assert topic.contact.website
        assert dict(topic.unconfirmed).keys() == {"contact.email"}


def test_groups_stand_together() -> None:
    groups = [topic.group for topic in SHIPPED.topics]
    changes = [one for one, before in zip(groups, [None, *groups], strict=False) if one != before]
    assert len(changes) == len(set(groups)) < 12


def test_every_section_topic_is_in_a_preset_or_too_special_for_one() -> None:
    chosen = {slug for preset in SHIPPED.presets for slug in preset.topics}
    left = {topic.slug for topic in SHIPPED.topics if topic.sections} - chosen
    assert left == {
        "covid-19", "health-information-technology", "ambulatory-care-clinics", "ambulatory-surgical-centers", "indian-health",
        "dialysis", "family-planning", "mainemom", "chiropractic", "podiatric", "vision", "health-homes", "day-health",
        "hiv-aids-benefit",
    }  # fmt: skip
