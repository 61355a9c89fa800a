"""What comes back from a real server on this machine, and whether asking again helps."""

from dataclasses import replace

import pytest
from fetching import FEED, LIMITS, answered, ask, failed

from dispatcher.errors import Challenged, Refused, Unreachable, Unreadable
from dispatcher.sources.fetch import Answer, Request, fetch_all


class TestAnswers:
    def test_a_body_comes_back_with_what_it_is_and_its_validators(self, web):
        web.says(
            "/feed", FEED, Content_Type="text/xml; charset=utf-8", ETag='W/"a b"', Last_Modified="yesterday"
        )
        answer = answered(ask(web.url("/feed")))
        assert answer == Answer(
            200, FEED, "text/xml; charset=utf-8", 'W/"a b"', "yesterday", web.url("/feed"), moved_to=None
        )

    def test_we_say_who_we_are_and_a_source_may_want_another_name(self, web):
        web.says("/feed", FEED)
        mine = Request(web.url("/feed"), allow_private=True)
        fetch_all([mine, replace(mine, user_agent="Other/2")], LIMITS, "Dispatcher-Test/1")
        assert [headers["user-agent"] for _, headers in web.asked] == ["Dispatcher-Test/1", "Other/2"]
        assert "if-none-match" not in web.asked[0][1]
        assert "if-modified-since" not in web.asked[0][1]

    @pytest.mark.parametrize("etag", ['"plain"', 'W/"weak"', "no quotes at all", '"a,b;c=\\"d"'])
    def test_validators_go_back_byte_for_byte(self, web, etag):
        web.says("/feed", status="304 Not Modified")
        ask(web.url("/feed"), etag=etag, last_modified="Tue, 31 Dec, or so")
        _, headers = web.asked[0]
        assert (headers["if-none-match"], headers["if-modified-since"]) == (etag, "Tue, 31 Dec, or so")

    def test_a_304_replaces_only_the_validators_it_carries(self, web):
        web.says("/feed", status="304 Not Modified", ETag='"new"')
        answer = answered(ask(web.url("/feed"), etag='"old"', last_modified="then"))
        assert (answer.status, answer.body, answer.etag, answer.last_modified) == (304, b"", '"new"', "then")

    def test_a_304_that_nobody_asked_for_hides_something(self, web):
        web.says("/feed", status="304 Not Modified")
        failed(ask(web.url("/feed")), Unreadable, "not asked")

    def test_a_validator_no_column_could_keep_counts_as_none(self, web):
        web.says("/feed", FEED, ETag='"\xe9"')
        assert answered(ask(web.url("/feed"))).etag == ""

    def test_no_proxy_of_the_environment_and_no_cookie_is_used(self, web, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        web.says("/a", status="302 Found", Location="/b", Set_Cookie="id=1; Path=/")
        web.says("/b", FEED)
        answered(ask(web.url("/a")))
        assert "cookie" not in web.asked[1][1]


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait"),
    [
        ("404 Not Found", {}, Unreadable, None),
        ("410 Gone", {}, Unreadable, None),
        ("401 Unauthorized", {}, Unreadable, None),
        ("403 Forbidden", {}, Unreadable, None),
        ("403 Forbidden", {"cf-mitigated": "challenge", "Retry-After": "5"}, Challenged, None),
        ("403 Forbidden", {"Retry-After": "120"}, Unreachable, 120),
        ("429 Too Many", {}, Unreachable, None),
        ("429 Too Many", {"Retry-After": "7"}, Unreachable, 7),
        ("503 Busy", {"Retry-After": "0"}, Unreachable, 0),
        ("503 Busy", {"Retry-After": "soon"}, Unreachable, None),
        ("500 Broken", {}, Unreachable, None),
        ("502 Bad Gateway", {}, Unreachable, None),
        ("206 Partial", {}, Unreadable, None),
        ("204 Empty", {}, Unreadable, None),
        ("300 Choose", {}, Unreadable, None),
    ],
)
def test_a_status_says_whether_asking_again_helps(web, status, headers, kind, wait):
    web.says("/feed", b"sorry", status=status, **{"Content-Length": "5"}, **headers)
    result = failed(ask(web.url("/feed")), kind, "127.0.0.1")
    assert getattr(result, "retry_after", None) == wait


def test_a_date_to_come_back_at_is_measured_by_the_servers_own_clock(web):
    headers = {"Retry-After": "Sun, 06 Nov 1994 09:00:00 GMT", "Date": "Sun, 06 Nov 1994 08:30:00 GMT"}
    web.says("/feed", status="503 Busy", **headers)
    result = ask(web.url("/feed"))
    assert isinstance(result, Unreachable)
    assert result.retry_after == 1800


def test_a_date_to_come_back_at_is_never_negative(web):
    web.says("/feed", status="503 Busy", **{"Retry-After": "Sun, 06 Nov 1994 09:00:00 GMT"})
    result = ask(web.url("/feed"))
    assert isinstance(result, Unreachable)
    assert result.retry_after == 0


@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
def test_an_empty_200_is_a_failure(web, body):
    web.says("/feed", body)
    failed(ask(web.url("/feed")), Unreadable, "nothing in it")


@pytest.mark.parametrize("kind", ["image/png", "application/pdf", "video/mp4", "application/zip"])
def test_what_is_neither_feed_nor_page_is_not_read(web, kind):
    web.says("/feed", b"x", Content_Type=kind)
    failed(ask(web.url("/feed")), Unreadable, kind)


@pytest.mark.parametrize(
    "kind", ["application/rss+xml", "text/html; charset=x", "application/octet-stream", "TEXT/XML"]
)
def test_what_servers_call_a_feed_is_read(web, kind):
    web.says("/feed", FEED, Content_Type=kind)
    assert answered(ask(web.url("/feed"))).content_type == kind


class TestMany:
    def test_results_stand_in_the_order_of_the_requests_and_failures_among_them(self, web):
        for name in "abc":
            web.says(f"/{name}", name.encode())
        urls = [
            web.url("/a"),
            "http://127.0.0.1:9/",
            web.url("/b", "127.0.0.2"),
            "nonsense",
            web.url("/c", "127.0.0.3"),
        ]
        results = fetch_all([Request(url, allow_private=True) for url in urls], LIMITS, "t")
        assert [type(one) for one in results] == [Answer, Unreachable, Answer, Refused, Answer]
        assert [one.body for one in results if isinstance(one, Answer)] == [b"a", b"b", b"c"]

    def test_a_host_group_is_asked_one_at_a_time(self, web):
        web.says("/feed", b"x", wait=0.03)
        fetch_all([Request(web.url("/feed"), allow_private=True)] * 4, LIMITS, "t")
        assert (len(web.asked), web.busiest) == (4, 1)

    def test_different_groups_are_asked_together_but_only_so_many(self, web):
        web.says("/feed", b"x", wait=0.1)
        requests = [
            Request(web.url("/feed", f"127.0.0.{number}"), allow_private=True) for number in range(1, 10)
        ]
        fetch_all(requests, replace(LIMITS, at_once=3), "t")
        assert (len(web.asked), web.busiest) == (9, 3)

    def test_no_requests_give_no_results(self):
        assert fetch_all([], LIMITS, "t") == []
