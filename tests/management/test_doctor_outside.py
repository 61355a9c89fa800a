"""The doctor looks at what stands outside: a real Valkey, real relays, real web servers; as they should be, and broken."""

import socket
from collections.abc import Iterator
from threading import Event, Thread
from time import monotonic
from urllib.parse import urlsplit

import pytest
import redis
import webserver
from acts import On
from relay import CERTIFICATE, Smtpd
from works import Bell

from dispatcher.errors import Unreachable
from dispatcher.management.doctor import broker, mail, names, pages
from dispatcher.management.doctor.findings import Finding
from dispatcher.parsing import SmtpUrl
from tasks import broker as look_at
from tasks.broker import BrokerFacts, RedisFacts


def told(found: Iterator[Finding]) -> dict[str, str]:
    """What was seen, with its level."""
    return {one.what: one.level for one in found}


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate of the servers is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bell]:
    bell = Bell(tmp_path_factory.mktemp("bell"))
    yield bell
    bell.process.kill_whole()


@pytest.fixture
def bell(valkey: Bell) -> Iterator[Bell]:
    """Valkey as `up` starts it, empty."""
    yield valkey
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("appendonly", "yes")


@pytest.fixture
def client(bell: Bell) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(bell.url) as client:
        yield client


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


# --- the broker ---


def test_a_valkey_kept_as_it_should_be_is_fine(bell: Bell, client: redis.Redis) -> None:
    client.lpush("dispatcher:bulk", "a", "b")
    client.lpush("dispatcher:poll", "a")
    client.hset("dispatcher:unacked", "tag", "ring")
    found = list(broker.look(bell.url, named=True))
    assert {one.level for one in found} == {"ok"}
    words = " ".join(one.what for one in found)
    assert "it is Valkey " in words
    assert "3 rings wait (poll 1, bulk 2), 1 taken and not yet answered" in words


@pytest.mark.parametrize(("name", "value"), [("maxmemory-policy", "allkeys-lru"), ("appendonly", "no")])
def test_a_valkey_that_forgets_is_a_problem(bell: Bell, client: redis.Redis, name: str, value: str) -> None:
    client.config_set(name, value)
    assert told(broker.look(bell.url, named=True))[f"{name} is {value}"] == "problem"


def test_keys_of_somebody_else_are_told(bell: Bell, client: redis.Redis) -> None:
    client.set("session:1", "…")
    client.lpush("dispatcher:bulk", "a")
    assert told(broker.look(bell.url, named=True))["1 keys of somebody else in our database"] == "warning"


def test_what_it_will_not_say_is_to_be_seen_to_by_hand(bell: Bell, client: redis.Redis) -> None:
    client.acl_setuser(
        "guest", enabled=True, passwords=["+pw"], keys="*", channels="*", commands=["+@all", "-config"]
    )
    url = bell.url.replace("redis://", "redis://guest:pw@")
    assert told(broker.look(url, named=True))["appendonly cannot be asked"] == "warning"


@pytest.mark.parametrize(("named", "level"), [(True, "problem"), (False, "warning")])
def test_a_broker_that_is_away_matters_where_one_was_named(named: bool, level: str) -> None:
    (away,) = broker.look(f"redis://:secret@127.0.0.1:{closed_port()}/0", named=named)
    assert away.level == level
    assert "does not answer" in away.what
    assert "secret" not in f"{away.what} {away.remedy}"


@pytest.mark.parametrize(
    "url",
    [
        "amqp://guest:secret@127.0.0.1:{}//",
        "redis://:secret/0@127.0.0.1:none/0",
        "nonsense://secret",
        "sentinel://127.0.0.1:{}",
    ],
)
def test_whatever_the_url_it_is_unreachable_and_tells_no_password(url: str) -> None:
    with pytest.raises(Unreachable) as away:
        look_at.look(url.format(closed_port()))
    assert "secret" not in str(away.value)


def test_a_broker_that_says_nothing_costs_no_more_than_was_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = monotonic()
        with pytest.raises(Unreachable):
            look_at.look(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", 0.3)
        assert monotonic() - began < 1


def test_an_old_redis_and_a_pile_of_rings_are_told() -> None:
    old = RedisFacts("Redis 6.0.16", (6, 0, 16), "noeviction", "yes", 0)
    assert told(broker.kept(old))["Redis 6.0.16 is older than 6.2"] == "problem"
    assert broker.queues(BrokerFacts(1, {"bulk": 101})).level == "warning"
    assert broker.latency(500).level == "warning"


# --- the relays ---


@pytest.mark.parametrize(
    ("security", "account", "what"),
    [
        ("plain", {}, "answers, without encryption"),
        ("starttls", {}, "answers, STARTTLS with a certificate that holds"),
        (
            "tls",
            {"user": "us", "password": "pw"},
            "answers, TLS with a certificate that holds, and it knows us",
        ),
    ],
)
def test_a_relay_is_visited_and_sent_nothing(
    trusted: None, security: str, account: dict[str, str], what: str
) -> None:
    with Smtpd(security=security, **account) as relay:
        assert told(mail.look(relay.relay)) == {what: "ok"}
        assert relay.told(b"QUIT")
        assert not relay.told(b"MAIL")


def test_a_relay_that_refuses_our_password_is_our_fault(trusted: None) -> None:
    with Smtpd(security="starttls", user="us", password="right") as relay:
        (refused,) = mail.look(SmtpUrl("localhost", relay.port, "starttls", "us", "wrong"))
    assert refused.level == "problem"
    assert refused.what.startswith("our-fault at auth: ")
    assert refused.remedy == "check user and password in DISPATCHER_SMTP_URL"
    assert "wrong" not in refused.what.replace("wrong user or password", "")


def test_a_certificate_that_does_not_hold_is_told() -> None:
    with Smtpd(security="tls") as relay:
        (refused,) = mail.look(relay.relay)
    assert refused.level == "problem"
    assert "certificate" in refused.what


@pytest.mark.parametrize(
    ("script", "words"),
    [([On("banner", b"554 5.7.1 not you")], "not you"), ([On("ehlo", drop=True)], "relay-down at ")],
)
def test_a_relay_that_will_not_have_us_is_told(script: list[On], words: str) -> None:
    with Smtpd(script=script) as relay:
        (refused,) = mail.look(relay.relay)
    assert refused.level == "problem"
    assert words in refused.what


def test_a_closed_port_and_an_unknown_name_are_told_apart() -> None:
    (closed,) = mail.look(SmtpUrl("127.0.0.1", closed_port(), "plain"))
    (unknown,) = mail.look(SmtpUrl("relay.invalid", 25, "plain"))
    assert (closed.level, unknown.level) == ("problem", "problem")
    assert "at connect" in closed.what
    assert "its name does not resolve" in unknown.what


# --- the names ---


def test_a_name_without_an_address_is_only_a_warning() -> None:
    (unknown,) = names.look("domain of the sender", "notices.invalid")
    (known,) = names.look("domain of the sender", "localhost")
    (no_name,) = names.look("domain of the sender", "a..b")
    assert (unknown.level, known.level, no_name.level) == ("warning", "ok", "warning")
    assert "MX" in unknown.remedy


# --- the pages ---

HEADERS = {"Content_Security_Policy": "default-src 'none'", "X_Content_Type_Options": "nosniff"}
HSTS = {"Strict_Transport_Security": "max-age=63072000"}


@pytest.fixture(scope="module")
def shared_web() -> Iterator[webserver.Web]:
    with webserver.running() as running:
        yield running


@pytest.fixture
def web(shared_web: webserver.Web) -> webserver.Web:
    shared_web.routes.clear()
    return shared_web


def test_pages_behind_a_good_proxy_are_fine(web: webserver.Web, trusted: None) -> None:
    web.says("/notices/healthz", b"ok\n", **HEADERS, **HSTS)
    found = told(pages.look(web.url("/notices", host="localhost", scheme="https")))
    assert set(found.values()) == {"ok"}
    assert "their security headers arrive" in found


def test_headers_that_a_proxy_drops_are_named(web: webserver.Web, trusted: None) -> None:
    web.says("/healthz", b"ok\n", X_Content_Type_Options="nosniff")
    found = told(pages.look(web.url("", host="localhost", scheme="https")))
    assert found["without Content-Security-Policy, Strict-Transport-Security"] == "problem"


def test_an_answer_that_is_not_ours_is_a_problem_and_no_redirect_is_followed(web: webserver.Web) -> None:
    web.says("/healthz", b"", status="302 Found", Location=web.url("/elsewhere"))
    found = told(pages.look(web.url("")))
    assert found == {f"{web.url('')}/healthz answers 302": "problem"}
    assert all(path != "/elsewhere" for path, _ in web.asked)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_pages_that_do_not_answer_from_here_are_a_warning(scheme: str) -> None:
    assert list(told(pages.look(f"{scheme}://localhost:{closed_port()}")).values()) == ["warning"]


def test_pages_with_a_certificate_that_nobody_trusts_are_told(web: webserver.Web) -> None:
    (away,) = pages.look(web.url("", host="localhost", scheme="https"))
    assert away.level == "warning"
    assert "certificate" in away.what


def test_pages_are_not_asked_before_they_have_an_address() -> None:
    (unset,) = pages.look("http://127.0.0.1:8000")
    assert unset.level == "ok"
    assert "not asked" in unset.what


@pytest.mark.parametrize(
    ("status", "location", "level"),
    [
        ("301 Moved Permanently", "https://127.0.0.1/healthz", "ok"),
        ("308 Permanent Redirect", "https://evil.example/healthz", "warning"),
        ("301 Moved Permanently", "/healthz", "warning"),
        ("200 OK", "", "warning"),
    ],
)
def test_plain_http_must_lead_to_https(web: webserver.Web, status: str, location: str, level: str) -> None:
    web.says("/healthz", b"", status=status, Location=location)
    assert pages.redirect(urlsplit(web.url(""))).level == level


def test_no_plain_http_at_all_is_fine() -> None:
    assert pages.redirect(urlsplit(f"http://127.0.0.1:{closed_port()}")).level == "ok"


def test_a_server_that_is_no_web_server_does_not_break_the_look() -> None:
    done = Event()
    with socket.create_server(("127.0.0.1", 0)) as odd:

        def answer() -> None:
            line, _ = odd.accept()
            with line:
                line.recv(1024)
                line.sendall(b"220 relay.test ESMTP\r\n")
            done.set()

        Thread(target=answer, daemon=True).start()
        (away,) = pages.look(f"http://127.0.0.1:{odd.getsockname()[1]}")
        assert done.wait(5)
    assert away.level == "warning"
