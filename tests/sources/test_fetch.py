"""Against a real server on this machine that drips, bombs, breaks off and sends people round in circles."""

import gzip
import re
import time
from collections.abc import Iterator
from dataclasses import replace

import aiohttp.connector
import pytest
import webserver

from dispatcher.errors import DispatcherError, Refused, Unreachable, Unreadable
from dispatcher.sources.fetch import Answer, Limits, Request, Result, fetch_all, host_group

LIMITS = Limits(whole_seconds=3, connect_seconds=1, gap_seconds=0.3, body_bytes=200_000, pause_seconds=0)
FEED = b"<rss version='2.0'><channel><title>Notices</title></channel></rss>"


@pytest.fixture
def web() -> Iterator[webserver.Web]:
    with webserver.running() as server:
        yield server


def ask(url: str, limits: Limits = LIMITS, *, private: bool = True, **validators: str) -> Result:
    (result,) = fetch_all([Request(url, allow_private=private, **validators)], limits, "Dispatcher-Test/1")
    return result


def answered(result: Result) -> Answer:
    assert isinstance(result, Answer), repr(result)
    return result


def failed(result: Result, kind: type[DispatcherError], words: str) -> DispatcherError:
    assert type(result) is kind, repr(result)
    assert re.search(words, str(result)), str(result)
    return result


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


class TestLimits:
    def test_a_slow_drip_is_stopped_by_the_whole_deadline(self, web):
        web.says("/feed", *[b"x"] * 100, wait=0.1)
        began = time.monotonic()
        failed(ask(web.url("/feed"), replace(LIMITS, whole_seconds=0.5)), Unreachable, "0.5 s")
        assert time.monotonic() - began < 2

    @pytest.mark.parametrize("parts", [(b"late",), (b"x", b"late")])
    def test_silence_is_stopped_by_the_gap(self, web, parts):
        web.says("/feed", *parts, wait=1.5)
        began = time.monotonic()
        failed(ask(web.url("/feed"), replace(LIMITS, gap_seconds=0.2)), Unreachable, "127.0.0.1")
        assert time.monotonic() - began < 1

    def test_gzip_is_unpacked(self, web):
        web.says("/feed", gzip.compress(FEED), Content_Encoding="gzip")
        assert answered(ask(web.url("/feed"))).body == FEED
        assert web.asked[0][1]["accept-encoding"] == "gzip"

    def test_a_bomb_is_stopped_while_it_is_read(self, web):
        bomb = gzip.compress(bytes(5_000_000))
        web.says(
            "/feed",
            *[bomb[at : at + 500] for at in range(0, len(bomb), 500)],
            wait=0.02,
            Content_Encoding="gzip",
        )
        began = time.monotonic()
        failed(ask(web.url("/feed")), Unreadable, "100 times|200000 bytes")
        assert time.monotonic() - began < 1

    def test_a_packed_body_that_ends_too_early_is_a_failure(self, web):
        web.says("/feed", gzip.compress(FEED * 50)[:-9], Content_Encoding="gzip")
        failed(ask(web.url("/feed")), Unreachable, "cut off")

    def test_a_body_too_large_is_stopped_even_unannounced(self, web):
        web.says("/feed", *[bytes(50_000)] * 50)
        failed(ask(web.url("/feed")), Unreadable, "200000 bytes")

    def test_a_body_announced_too_large_is_not_read(self, web):
        web.says("/feed", b"x", Content_Length="999999999")
        failed(ask(web.url("/feed")), Unreadable, "announces 999999999")

    def test_a_connection_lost_in_the_middle_is_tried_again_later(self, web):
        web.says("/feed", b"half", Content_Length="100")
        failed(ask(web.url("/feed")), Unreachable, "in the middle")

    def test_nobody_listening_is_tried_again_later(self):
        failed(ask("http://127.0.0.1:9/feed"), Unreachable, "127.0.0.1")

    def test_gibberish_is_no_answer(self, web):
        web.says("/feed", status="two hundred")
        failed(ask(web.url("/feed")), Unreadable, "proper HTTP")


class TestRedirects:
    @pytest.mark.parametrize(
        ("statuses", "moved"),
        [
            ((301,), True),
            ((308, 301), True),
            ((301, 302), False),
            ((307,), False),
            ((303, 308), False),
            ((301,) * 5, True),
        ],
    )
    def test_an_address_has_moved_only_if_every_hop_says_so(self, web, statuses, moved):
        for number, status in enumerate(statuses):
            web.says(f"/{number}", status=f"{status} Moved", Location=f"/{number + 1}")
        last = f"/{len(statuses)}"
        web.says(last, FEED)
        answer = answered(ask(web.url("/0")))
        assert (answer.url, answer.moved_to) == (web.url(last), web.url(last) if moved else None)

    def test_a_circle_ends(self, web):
        web.says("/feed", status="301 Moved", Location="/feed")
        failed(ask(web.url("/feed")), Unreadable, "more than 5 redirects")
        assert len(web.asked) == 6

    def test_validators_go_along(self, web):
        web.says("/a", status="302 Found", Location="/b")
        web.says("/b", status="304 Not Modified")
        assert answered(ask(web.url("/a"), etag='"x"')).status == 304

    @pytest.mark.parametrize(
        ("location", "words"),
        [
            ("http://10.0.0.1/", "10.0.0.1 is private"),
            ("http://127.0.0.2/", "loopback"),
            ("http://localhost/", "loopback"),
            ("http://169.254.169.254/latest", "link-local"),
            ("http://[::ffff:127.0.0.1]/", "no public IPv6"),
            ("http://2130706433/", "no host"),
            ("http://127.0.0.1:{other}/", "only 80 and 443"),
            ("http://localhost:{port}/", "only 80 and 443"),
            ("http://user@127.0.0.1:{port}/", "user name"),
            ("http://127.0.0.1:{port}\\@example.com/", "backslash"),
            ("file:///etc/passwd", "no http"),
            ("ftp://127.0.0.1/", "no http"),
            ("http://[/", "no address"),
        ],
    )
    def test_a_redirect_opens_no_door_that_the_source_itself_would_not(self, web, location, words):
        place = location.format(port=web.ports["http"], other=web.ports["https"])
        web.says("/feed", status="302 Found", Location=place)
        failed(ask(web.url("/feed")), Refused, words)
        assert len(web.asked) == 1

    def test_a_redirect_without_a_place_is_no_answer(self, web):
        web.says("/feed", status="302 Found")
        failed(ask(web.url("/feed")), Unreadable, "without saying where")

    @pytest.mark.usefixtures("trusted")
    def test_https_never_leads_to_http(self, web):
        web.says("/feed", status="301 Moved", Location=web.url("/feed", "localhost"))
        failed(ask(web.url("/feed", "localhost", "https")), Refused, "from https to http")
        assert len(web.asked) == 1


@pytest.fixture
def trusted() -> None:
    """What aiohttp trusts is built when it is imported; the test's certificate is added to it, for `localhost` alone."""
    aiohttp.connector._SSL_CONTEXT_VERIFIED.load_verify_locations(webserver.CERTIFICATE)


class TestTls:
    @pytest.mark.usefixtures("trusted")
    def test_a_certificate_for_this_name_will_do(self, web):
        web.says("/feed", FEED)
        assert answered(ask(web.url("/feed", "localhost", "https"))).body == FEED

    @pytest.mark.usefixtures("trusted")
    def test_a_certificate_for_another_name_is_as_good_as_no_answer(self, web):
        web.says("/feed", FEED)
        failed(ask(web.url("/feed", scheme="https")), Unreachable, "(?i)certificate")
        assert not web.asked


class TestGuard:
    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("http://127.0.0.1/", "loopback"),
            ("http://localhost/", "loopback"),
            ("http://[::1]/", "loopback"),
            ("http://0.0.0.0/", "unspecified"),
            ("http://127.1/", "no host"),
            ("http://0x7f000001/", "loopback|no host"),
        ],
    )
    def test_addresses_of_this_machine_are_refused_however_written(self, url, words):
        failed(ask(url, private=False), Refused, words)

    @pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://0.0.0.0/", "http://[fe80::1]/"])
    def test_not_even_a_local_source_may_be_there(self, url):
        failed(ask(url), Refused, "never fetch")

    @pytest.mark.parametrize(
        "url",
        ["http://example.com:8080/", "http://u:p@example.com/", "http://example.com\\@evil.example/", "file:///etc/passwd",
         "http://", "", "gopher://example.com/", "http://example.com/\x00", "http://example.com:70000/", "/feed"],
    )  # fmt: skip
    def test_what_is_written_wrongly_is_refused_before_anything_is_sent(self, url):
        failed(ask(url, private=False), Refused, "")


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait"),
    [
        ("404 Not Found", {}, Unreadable, None),
        ("410 Gone", {}, Unreadable, None),
        ("401 Unauthorized", {}, Unreadable, None),
        ("403 Forbidden", {}, Unreadable, None),
        ("403 Forbidden", {"cf-mitigated": "challenge", "Retry-After": "5"}, Unreadable, None),
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

    def test_each_result_is_told_as_it_comes(self, web):
        web.says("/slow", b"x", wait=0.2)
        web.says("/fast", b"x")
        slow = Request(web.url("/slow"), allow_private=True)
        fast = Request(web.url("/fast", "127.0.0.2"), allow_private=True)
        told = []
        fetch_all([slow, fast], LIMITS, "t", lambda request, result: told.append((request, type(result))))
        assert told == [(fast, Answer), (slow, Answer)]

    def test_no_requests_give_no_results(self):
        assert fetch_all([], LIMITS, "t") == []


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
def test_hosts_of_one_publisher_are_one_group(url, group):
    assert host_group(url) == group
