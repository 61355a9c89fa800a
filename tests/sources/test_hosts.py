"""Who belongs together, and when it is our own network that is down."""

import pytest

from dispatcher.sources.hosts import host_group, is_our_outage


@pytest.mark.parametrize(
    ("url", "group"),
    [
        ("https://www.maine.gov/x", "maine.gov"),
        ("http://www11.maine.gov:80/x", "maine.gov"),
        ("https://content.govdelivery.com/y", "govdelivery.com"),
        ("https://public.govdelivery.com/y", "govdelivery.com"),
        ("https://www.federalregister.gov./", "federalregister.gov"),
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("http://[::1]/", "::1"),
        ("http://[", ""),
    ],
)
def test_hosts_of_one_publisher_are_one_group(url: str, group: str) -> None:
    assert host_group(url) == group


@pytest.mark.parametrize(
    ("answers", "under_way", "ours"),
    [
        ("", False, False),
        ("", True, False),
        ("a- b- c-", False, True),
        ("a- b- c+", False, True),
        ("a- b+ c+", False, False),
        ("a- b- c+ d+", False, False),
        ("a- b-", False, False),
        ("a- a- a- a-", False, False),
        ("a- a+ b- c- d+", False, False),
        ("a-", True, True),
        ("a- b+", True, False),
        ("a+", True, False),
    ],
)
def test_most_of_at_least_three_publishers_must_be_silent(answers: str, under_way: bool, ours: bool) -> None:
    told = [(one[0], one[1] == "+") for one in answers.split()]
    assert is_our_outage(told, under_way=under_way) == ours
