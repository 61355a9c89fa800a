"""The labelled notices that we ship, and the score of the rules that we ship; and what is told of a file that is wrong."""

import pytest

from dispatcher.config import bundled
from dispatcher.errors import Mistakes
from dispatcher.management.rehearsal import GOOD, SHIPPED
from dispatcher.topics import catalog, labelled
from dispatcher.topics.asked import Rule, TopicRules
from dispatcher.topics.rules import compile_rules
from dispatcher.topics.score import score

TOPICS = catalog.parse(bundled("topics.yaml").read_text(encoding="utf-8"), "topics.yaml").topics
NOTICES = labelled.parse(SHIPPED.read_text(encoding="utf-8"), SHIPPED.name, [one.slug for one in TOPICS])


def test_the_shipped_rules_agree_with_people() -> None:
    done = score(NOTICES, compile_rules([one.to_rules() for one in TOPICS]))
    told = "\n".join(map(str, done.disagreements))
    assert done.overall.precision >= GOOD, told
    assert done.overall.recall >= GOOD, told
    assert done.cited.recall == 1, told
    assert done.cited.right >= 80, "there are enough of them for this to mean something"


def test_there_are_enough_notices_and_traps_for_every_kind_of_topic() -> None:
    assert len(NOTICES) >= 120
    assert sum(1 for one in NOTICES if not one.topics) >= 20, "what concerns nobody is where rules go wrong"
    assert {one.document.type for one in NOTICES} == {
        "notice",
        "proposed",
        "adopted",
        "emergency",
        "methodology",
        "waiver",
    }
    assert len({one.title for one in NOTICES}) == len(NOTICES)
    unheard = {one.slug for one in TOPICS} - set().union(*(one.topics for one in NOTICES))
    assert not unheard, "each topic of the list has a notice that is its own"


FILE = """notices:
  - title: Section 80
    sections: [II-80]
    topics: [pharmacy, dental]
    body: |
      Drugs.
  - title: Teeth
    topics: [dental]
"""


def test_right_wrong_and_missed_are_counted_by_topic_and_over_all() -> None:
    rules = [
        TopicRules("pharmacy", TOPICS_80, ()),
        TopicRules("dental", (), (Rule(any=("teeth",)),)),
        TopicRules("wide", (), (Rule(any=("drugs", "teeth")),)),
    ]
    done = score(labelled.parse(FILE, "labels.yaml", ["pharmacy", "dental"]), compile_rules(rules))
    assert (done.overall.right, done.overall.wrong, done.overall.missed) == (2, 2, 1)
    assert (done.overall.precision, round(done.overall.recall, 2)) == (0.5, 0.67)
    assert (done.topics["dental"].right, done.topics["dental"].missed) == (1, 1)
    assert (done.cited.right, done.cited.missed) == (1, 0)
    first, second = done.disagreements
    assert (first.place, first.wrong, first.missed) == ("labels.yaml:2 notices[0]", ("wide",), ("dental",))
    assert second.missed == ()


TOPICS_80 = next(one.sections for one in TOPICS if one.slug == "pharmacy")


@pytest.mark.parametrize(
    ("old", "new", "place", "problem"),
    [
        ("title: Teeth", "titel: Teeth", "labels.yaml:7 notices[1].titel", "not a known key"),
        ("topics: [dental]", "topics: [dentel]", "labels.yaml:8 notices[1].topics[0]", "'dentel'"),
        ("[II-80]", "[II-81]", "labels.yaml:3 notices[0].sections[0]", "no Section 81"),
        (
            "  - title: Teeth\n",
            "  - title: Teeth\n    type: rule\n",
            "labels.yaml:8 notices[1].type",
            "'rule'",
        ),
    ],
)
def test_each_mistake_of_a_file_is_told_with_its_place(old: str, new: str, place: str, problem: str) -> None:
    with pytest.raises(Mistakes) as caught:
        labelled.parse(FILE.replace(old, new, 1), "labels.yaml", ["pharmacy", "dental"])
    told = [one for one in caught.value.found if one.place == place]
    assert told, caught.value.found
    assert problem in f"{told[0].problem} {told[0].remedy}"
