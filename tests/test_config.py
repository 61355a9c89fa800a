"""Settings: what is wrong stops the start and names its variable; secrets come from files and are never shown."""

from pathlib import Path

import pytest
from calling import set_environment

from dispatcher import config
from dispatcher.errors import BadSetting
from dispatcher.failpoints import Failpoint, reach
from dispatcher.settings import database

BAD = [
    ("SEND", "maybe"),
    ("PUBLIC_URL", "http://notices.example.gov"),
    ("PUBLIC_URL", "notices.example.gov"),
    ("PUBLIC_URL", "https://notices example.gov"),
    ("PUBLIC_URL", "https://notices.example.gov/<script>"),
    ("PUBLIC_URL", "https://notices.example.gov:99999"),
    ("PUBLIC_URL", "https://no\ntices.example.gov"),
    ("DATABASE_URL", "mysql://db.example.gov/dispatcher"),
    ("DATABASE_URL", "sqlite:///"),
    ("DATABASE_URL", "sqlite://dispatcher.sqlite3"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "postgresql://db.example.gov"),
    ("DATABASE_URL", "dispatcher.sqlite3"),
    ("DATA_DIR", __file__),
    ("DATA_DIR", f"{__file__}/below"),
    ("SMTP_URL", "smtp://user:secret-word@relay.example.gov"),
    ("SMTP_URL", "http://relay.example.gov"),
    ("SECRET_KEY", "short"),
    ("SECRET_KEY", "change-me-change-me-change-me-change-me"),
    ("TIME_ZONE", "Maine"),
    ("FROM", "nobody"),
    ("BOUNCE_DOMAIN", "Bounces Example"),
    ("CLAIM_SIZE", "many"),
    ("CLAIM_SIZE", "0"),
    ("LEASE_SECONDS", "-1"),
    ("PROXIES", "proxy.example.gov"),
    ("CAP_ADDRESS", ""),
    ("CAP_ADDRESS", "3 a day"),
    ("CAP_ALL", "0/1h"),
    ("FAILPOINT", "after_claim"),
    ("FAILPOINT", "after_claim:0"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_wrong_value_names_its_variable_and_what_is_wanted(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as told:
        config.load({f"DISPATCHER_{name}": value})
    assert told.value.place == f"DISPATCHER_{name}"
    assert told.value.remedy.startswith("wanted: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "smtp://user:secret-word@relay.example.gov"),
        ("SMTP_URL", "smtps://user:secret-word/more@relay.example.gov"),
        ("DATABASE_URL", "mysql://user:secret-word@db.example.gov/name"),
        ("DATABASE_URL", "postgresql://user:secret-word/more@db.example.gov/name"),
    ],
)
def test_a_secret_is_never_repeated_in_an_error(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as told:
        config.load({f"DISPATCHER_{name}": value})
    assert "secret-word" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////srv/dispatcher.sqlite3",
        "sqlite:///beside.sqlite3",
        "postgresql://user:word@db.example.gov:5432/name",
        "postgres://%2Frun%2Fpostgresql/name?sslmode=require",
    ],
)
def test_a_database_is_a_file_or_a_server(url: str) -> None:
    assert config.load({"DISPATCHER_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    "url", ["https://notices.example.gov/maine-care", "http://127.0.0.1:8000", "http://[::1]:8000"]
)
def test_people_see_a_plain_address(url: str) -> None:
    assert config.load({"DISPATCHER_PUBLIC_URL": f"{url}/"}).public_url == url


def test_another_alphabet_is_asked_for_as_punycode() -> None:
    with pytest.raises(BadSetting, match="xn--"):
        config.load({"DISPATCHER_PUBLIC_URL": "https://bücher.example.gov"})


def test_an_armed_failpoint_that_is_nowhere_is_told_at_the_first_arrival(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_environment(monkeypatch, FAILPOINT="after_lunch:1")
    with pytest.raises(BadSetting, match="after_claim"):
        reach(Failpoint.AFTER_CLAIM)
    config.current.cache_clear()


def test_a_relay_shows_no_password() -> None:
    (relay,) = config.load({"DISPATCHER_SMTP_URL": "smtps://user:secret%20word@relay.example.gov"}).smtp_url
    assert relay.password == "secret word"
    assert "secret" not in repr(relay) + str(relay)


def test_several_relays_stand_in_order_of_failover() -> None:
    relays = config.load({"DISPATCHER_SMTP_URL": "smtp+starttls://a smtp://b:2525 smtps://c"}).smtp_url
    assert [(one.host, one.port, one.security) for one in relays] == [
        ("a", 587, "starttls"),
        ("b", 2525, "plain"),
        ("c", 465, "tls"),
    ]


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("0123456789-abcdefghijklmnopqrstuvwxyz\n")
    assert (
        config.load({"DISPATCHER_SECRET_KEY_FILE": str(file)}).secret_key
        == "0123456789-abcdefghijklmnopqrstuvwxyz"
    )


def test_a_secret_file_that_is_not_there_is_told() -> None:
    with pytest.raises(BadSetting, match="DISPATCHER_SECRET_KEY_FILE"):
        config.load({"DISPATCHER_SECRET_KEY_FILE": "/nowhere/key"})


def test_the_generated_key_is_found_in_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("generated-0123456789-abcdefghijklmnop")
    assert config.load({"DISPATCHER_DATA_DIR": str(tmp_path)}).secret_key.startswith("generated-")


def test_a_cap_is_so_many_in_so_long() -> None:
    given = config.load({"DISPATCHER_CAP_ADDRESS": "1/15m 3/1d"}).cap_address
    assert [(cap.most, cap.seconds) for cap in given] == [(1, 900), (3, 86_400)]


def test_send_is_off_on_or_a_list() -> None:
    assert config.load({}).send.off
    assert config.load({"DISPATCHER_SEND": "on"}).send.everybody
    assert config.load({"DISPATCHER_SEND": "a@example.gov, b@example.gov"}).send.only == (
        "a@example.gov",
        "b@example.gov",
    )


def test_a_slip_of_the_pen_is_found() -> None:
    assert config.unknown(
        {"DISPATCHER_SMPT_URL": "x", "DISPATCHER_SEND": "on", "DISPATCHER_SECRET_KEY_FILE": "x"}
    ) == ["DISPATCHER_SMPT_URL"]


def test_a_mailbox_is_shown_only_where_a_folder_is_named(tmp_path: Path) -> None:
    assert config.load({}).mailbox is None
    assert config.load({"DISPATCHER_MAILBOX": ""}).mailbox is None
    assert config.load({"DISPATCHER_MAILBOX": str(tmp_path)}).mailbox == tmp_path


def test_what_a_database_url_asks_for_is_kept() -> None:
    options = database("postgresql://user@db.example.gov/name?sslmode=require")["OPTIONS"]
    assert options["sslmode"] == "require"
    assert options["connect_timeout"] == 5


def test_what_a_database_url_must_not_ask_for_is_refused() -> None:
    with pytest.raises(BadSetting, match="DISPATCHER_DATABASE_URL: asks for assume_role"):
        database("postgresql://user@db.example.gov/name?assume_role=owner")


@pytest.mark.parametrize(
    "value",
    [
        "postmark",
        "postmark=",
        "postmark=user:",
        "postmark=user:short",
        "postmark=no-colon-0123456789-0123456789",
        "postmark=user:with@sign-0123456789-012345",
        "mailgun=short",
        "mandrill=user:0123456789-0123456789",
        "postmark=user:0123456789-0123456789 postmark=user:0123456789-0123456789",
    ],
)
def test_a_webhook_without_a_fit_secret_stops_the_start(value: str) -> None:
    with pytest.raises(BadSetting, match="DISPATCHER_WEBHOOKS") as told:
        config.load({"DISPATCHER_WEBHOOKS": value})
    assert "0123456789" not in str(told.value)


def test_webhooks_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "webhooks"
    file.write_text("postmark=user:0123456789-0123456789\nmailgun=key-0123456789-0123456789\n")
    found = config.load({"DISPATCHER_WEBHOOKS_FILE": str(file)}).webhooks
    assert dict(found) == {"postmark": "user:0123456789-0123456789", "mailgun": "key-0123456789-0123456789"}
    assert config.load({}).webhooks == {}
