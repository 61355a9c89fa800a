"""What a notice that matched nothing was nearest to, and what was missing."""

from dispatcher.formats.sections import parse_declared
from dispatcher.topics.nearest import nearest
from dispatcher.topics.page import Document
from dispatcher.topics.rules import Rule, TopicRules

TOPICS = [
    ("Pharmacy (Section 80)", TopicRules("pharmacy", (parse_declared("80"),), (Rule(any=("drug list*",)),))),
    ("Hospital (Section 45)", TopicRules("hospital", (parse_declared("45"),), (Rule(any=("inpatient hospital*",)),))),
    ("Provider enrollment", TopicRules("provider-enrollment", (), (Rule(any=("revalidation*",)),))),
]  # fmt: skip


def near(title: str, *body: str) -> dict[str, str]:
    return {one.slug: one.told for one in nearest(Document(title, body), TOPICS)}


def test_words_that_a_topic_has_too_bring_it_near_the_title_first() -> None:
    found = near("New drug prices", "Hospital enrollment goes on as before.")
    assert list(found) == ["pharmacy", "hospital", "provider-enrollment"]
    assert found["pharmacy"] == "has drug, but no rule holds"


def test_a_section_that_is_only_mentioned_says_so() -> None:
    found = near("Chapter II, Section 75, Vision Services", "Rates of Section 80 stay as they are.")
    assert found["pharmacy"].startswith("mentions section 80, but is about another")


def test_words_that_stand_everywhere_bring_nothing_near() -> None:
    assert near("A notice for providers from MaineCare", "Services of the program") == {}
