"""Every failpoint is a place in the code and dies in a test: one that is nowhere, or that nobody tries, promises what is not kept."""

import ast
from collections.abc import Iterable

from house.tree import Source, calls, dotted, product, sources

from dispatcher.failpoints import Failpoint

ALL = set(Failpoint.__members__)


def reached(code: Iterable[Source]) -> list[str]:
    """The names that the code passes, one for each place."""
    arguments = [dotted(call.args[0]) for source in code for call, name in calls(source) if name == "reach"]
    return [one.removeprefix("Failpoint.") for one in arguments]


def tried(tests: Iterable[Source]) -> set[str]:
    """The names that tests arm: one by one, or all by going through the enum."""
    found: set[str] = set()
    for source in tests:
        for node in source.nodes:
            if isinstance(node, ast.Attribute) and dotted(node.value) == "Failpoint":
                found.add(node.attr)
            through = [node.iter] if isinstance(node, ast.comprehension) else []
            through += node.args if isinstance(node, ast.Call) else []
            if any(dotted(one) == "Failpoint" for one in through):
                found |= ALL
    return found


def test_every_failpoint_is_one_place_in_the_code() -> None:
    places = reached(product())
    nowhere = ALL - set(places)
    twice = {one for one in places if places.count(one) > 1}
    assert not nowhere, f"{sorted(nowhere)} → call reach() where one can die, or take the name away"
    assert not twice, f"{sorted(twice)} → give the second place a name of its own"


def test_every_failpoint_dies_in_a_test() -> None:
    untried = ALL - tried(sources("tests/journeys"))
    assert not untried, f"{sorted(untried)} → add it to the journeys that kill and run again"


def test_places_and_tests_are_read_as_meant() -> None:
    assert reached([Source("sample.py", "reach(Failpoint.AFTER_CLAIM)\nother(Failpoint.IN_DATA)")]) == [
        "AFTER_CLAIM"
    ]
    assert tried([Source("sample.py", "run(Failpoint.IN_DATA)")]) == {"IN_DATA"}
    assert tried([Source("sample.py", "[one for one in Failpoint if one]")]) == ALL
    assert tried([Source("sample.py", "parametrize('place', list(Failpoint))")]) == ALL
