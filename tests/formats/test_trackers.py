import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.formats.trackers import unwrap


def token(claims: object) -> str:
    parts = (
        urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in ({"alg": "HS256"}, claims)
    )
    return f"https://lnks.gd/l/{'.'.join(parts)}.c2ln"


@pytest.mark.parametrize(
    ("url", "behind"),
    [
        ("http://links.govdelivery.com:80/track?type=click&enid=ZWFz&&&101&&&https://www.maine.gov/dhhs/?a=1&b=2", "https://www.maine.gov/dhhs/?a=1&b=2"),
        ("https://links.govdelivery.com/track?enid=x&&&1&&&https%3A%2F%2Fwww.maine.gov%2Fdhhs", "https://www.maine.gov/dhhs"),
        ("https://links-1.govdelivery.com/CL0/https:%2F%2Fwww.maine.gov%2Fdhhs%2Foms%3Fa=1/1/0100018/sig=312", "https://www.maine.gov/dhhs/oms?a=1"),
        (token({"url": "https://www.maine.gov/dhhs", "iss": "x"}), "https://www.maine.gov/dhhs"),
        (token({"url": "https://www.maine.gov/dhhs"}) + "/s/1416403025/br/154562476985-l", "https://www.maine.gov/dhhs"),
        (token({"url": "https://www.maine.gov/dhhs"}) + "/br/77971162643-l?x=1/2", "https://www.maine.gov/dhhs"),
        (token({"url": "https://links-2.govdelivery.com/CL0/https:%2F%2Fa.example%2Fb/1/x/y"}), "https://a.example/b"),
    ],
)  # fmt: skip
def test_the_address_behind_a_tracker_is_read(url, behind):
    assert unwrap(url) == behind


@pytest.mark.parametrize(
    "url",
    [
        "https://www.maine.gov/x?url=https://lnks.gd/l/a",
        "https://lnks.gd.example/l/x",
        "mailto:a@b.example",
        "",
        "nonsense",
        "https://content.govdelivery.com/accounts/MEHHS/bulletins/3913e5a",
    ],
)
def test_what_is_no_tracker_stays_as_it_is(url):
    assert unwrap(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://lnks.gd/l/not.a.token",
        "https://lnks.gd/l/short",
        "https://lnks.gd/2/abc",
        token(["https://a.example"]),
        token({"url": 7}),
        token({"url": "javascript:alert(1)"}),
        "https://links.govdelivery.com/track?enid=x",
        "https://links.govdelivery.com/track?enid=x&&&1&&&",
        "https://links-1.govdelivery.com/CL0/",
        "https://links-1.govdelivery.com/",
    ],
)
def test_a_tracker_that_cannot_be_read_is_nothing(url):
    assert unwrap(url) is None


@given(st.text(max_size=80))
@settings(max_examples=100)
def test_no_tracker_is_an_error(rest):
    for start in (
        "https://lnks.gd/l/",
        "https://links.govdelivery.com/track?",
        "https://links-1.govdelivery.com/CL0/",
    ):
        assert unwrap(start + rest) != start + rest
