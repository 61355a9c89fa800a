"""Against a real server on this machine that drips, bombs, breaks off and sends people to where nobody should go."""

import gzip
import time
from dataclasses import replace

import pytest
from fetching import FEED, LIMITS, answered, ask, failed

from dispatcher.errors import Refused, Unreachable, Unreadable
from dispatcher.sources.fetch import Answer, Request, fetch_all


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

    def test_a_connection_of_a_local_source_is_lent_to_nobody_else(self, web):
        web.says("/feed", FEED, Content_Length=str(len(FEED)))
        own, other = Request(web.url("/feed"), allow_private=True), Request(web.url("/feed"))
        results = fetch_all([own, other, own], LIMITS, "t")
        assert [type(one) for one in results] == [Answer, Refused, Answer]
        assert len(web.asked) == 2
