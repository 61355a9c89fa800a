"""What lint says of rules that say the same twice, and of topics whose past looks wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.topics import catalog, habits
from dispatcher.topics.habits import Habit
from dispatcher.topics.lint import lint

HEAD = "agency: {name: A, address: x, contact: a@example.gov, reply_to: a@example.gov, from: a@example.gov}\ntopics:\n"
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def told(*topics: str) -> list[tuple[str, str]]:
    text = HEAD + "".join(
        f"  - {{slug: t{number}, name: T, description: d, contact: b@example.gov, {topic}}}\n"
        for number, topic in enumerate(topics)
    )
    return [(place, problem) for place, problem, _ in lint(catalog.parse(text, "topics.yaml"))]


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        (["sections: [II-80]", "sections: [80]"], [("topics[1] (t1).sections", "80 is claimed by t0 too")]),
        (["sections: [II-45]", "sections: [III-45]"], []),
        (["sections: [97 appendix B]", "sections: [97 appendix C]"], []),
        (["sections: [80], retired: 2026-01-01", "sections: [80]"], []),
        (
            ["rules: [{any: [drug list*]}]", "rules: [{any: [Drug-List*, other thing], in: [title]}]"],
            [],  # a hyphen is not a space: the second finds more
        ),
        (
            ["rules: [{any: [drug list]}]", "rules: [{any: [Drug List], in: [title]}]"],
            [("topics[1] (t1).rules[0].any", "'Drug List' alone is enough for t0 too")],
        ),
        (["rules: [{any: [drug list]}]", "rules: [{any: [drug list], type: [adopted]}]"], []),
        (
            ["rules: [{any: [pharmacy*]}, {all: [pharmacy claims, denied]}]"],
            [("topics[0] (t0).rules[1]", "adds nothing: whatever it finds, rules[0] finds")],
        ),
        (["rules: [{any: [pharmacy*], none: [school]}, {all: [pharmacy claims, denied]}]"], []),
        (["rules: [{any: [pharmacy*], in: [title]}, {any: [pharmacy claims], in: [body]}]"], []),
        (
            ["rules: [{any: [one thing]}, {any: [one thing]}]"],
            [("topics[0] (t0).rules[1]", "adds nothing: whatever it finds, rules[0] finds")],
        ),
        (
            ["rules: [{any: [preferred drug list, drug list, drug*, other]}]"],
            [
                ("topics[0] (t0).rules[0].any", "'preferred drug list' adds nothing beside 'drug list'"),
                ("topics[0] (t0).rules[0].any", "'drug list' adds nothing beside 'drug*'"),
            ],
        ),
    ],
)  # fmt: skip
def test_overlaps_shadows_and_idle_terms_are_named(topics, expected) -> None:
    assert told(*topics) == expected


def test_a_contact_whom_nobody_can_reach_is_named() -> None:
    text = HEAD + "  - {slug: a, name: A, description: d, contact: Somebody, sections: [80]}\n"
    found = [problem for _, problem, _ in lint(catalog.parse(text, "topics.yaml"))]
    assert found == ["names a contact whom nobody can reach"]


def habit(days: int, last: int | None, lately: int) -> Habit:
    return Habit(NOW - timedelta(days=days), None if last is None else NOW - timedelta(days=last), lately)


@pytest.mark.parametrize(
    ("one", "bulletins", "problem"),
    [
        (habit(400, 200, 0), 100, "has matched nothing since 2026-05-12"),
        (habit(400, None, 0), 100, "has matched nothing ever"),
        (habit(100, None, 0), 100, ""),
        (habit(400, 1, 600), 2000, "matched 6 bulletins a day"),
        (habit(10, 1, 60), 200, "matched 6 bulletins a day"),
        (habit(400, 1, 51), 100, "matched 51 of 100 bulletins"),
        (habit(400, 1, 50), 100, ""),
        (habit(400, 1, 9), 10, ""),
    ],
)
def test_a_topic_that_is_dead_or_too_wide_is_named(one: Habit, bulletins: int, problem: str) -> None:
    found = [what for _, what, _ in habits.warnings({"t": one}, bulletins, NOW)]
    assert found == [problem] * bool(problem)
