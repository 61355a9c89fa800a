"""What headers ask of us, by the server's own clock."""

import pytest
from multidict import CIMultiDict

from dispatcher.sources.freshness import fresh_for, retry_after

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT
DATE = {"Date": "Sun, 06 Nov 1994 08:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({}, None),
        ({"Cache-Control": "max-age=600"}, 600),
        ({"cache-control": 'public, Max-Age = "600"'}, 600),
        ({"Cache-Control": "max-age=600", "Age": "500"}, 100),
        ({"Cache-Control": "max-age=600", "Age": "900"}, 0),
        ({"Cache-Control": "no-cache, max-age=600"}, None),
        ({"Cache-Control": "max-age=600, no-store"}, None),
        ({"Cache-Control": "no-cache", "Expires": "Sun, 06 Nov 1994 09:00:00 GMT"}, None),
        ({"Cache-Control": "s-maxage=600"}, None),
        ({"Cache-Control": "max-age=-1"}, None),
        ({"Cache-Control": "max-age=soon"}, None),
        ({"Expires": "Sun, 06 Nov 1994 09:00:00 GMT", **DATE}, 3600),
        ({"Expires": "Sun, 06 Nov 1994 08:49:47 GMT"}, 10),
        ({"Expires": "Sun, 06 Nov 1994 07:00:00 GMT", **DATE}, 0),
        ({"Expires": "0"}, None),
        ({"Expires": "-1"}, None),
        ({"Cache-Control": "max-age=60", "Expires": "Sun, 06 Nov 1994 09:00:00 GMT", **DATE}, 60),
    ],
)
def test_how_long_an_answer_stays_good(headers: dict[str, str], wanted: float | None) -> None:
    assert fresh_for(CIMultiDict(headers), NOW) == wanted


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Sun, 06 Nov 1994 09:00:00 GMT", **DATE}, 3600),
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT"}, 10),
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT", "Date": "no date"}, 10),
        ({"Retry-After": "Sun, 06 Nov 1994 07:00:00 GMT"}, 0),
        ({"Retry-After": "Fri, 32 Dec 2026 00:00:00 GMT"}, None),
    ],
)
def test_when_a_server_wants_to_be_asked_again(headers: dict[str, str], wanted: float | None) -> None:
    assert retry_after(CIMultiDict(headers), NOW) == wanted
