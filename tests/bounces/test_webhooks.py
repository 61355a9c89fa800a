"""What providers post, read: each shape comes to the same words of ours, finds its delivery, and counts once."""

import json
from datetime import UTC, datetime

import posting
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from posting import PASSWORD, PROVIDERS, SIGNING_KEY, About, body, shown
from returning import ANN, accepted, of, post, suppressed

from dispatcher import parsing
from dispatcher.bounces import webhooks
from dispatcher.bounces.said import Kind
from dispatcher.messages.headers import REPEATED
from dispatcher.models import Arrival, Event, Subscription

SOMEBODY = About("ann@example.com", f"{'0' * 16}.1", "somebody@example.com")
NOTHING = {"reply": {"amazon-ses", "postmark", "sparkpost"}, "delay": PROVIDERS.keys() - {"mailjet"}}
HOPELESS = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"1",
    b'"x"',
    b"\xff\xfe",
    b"[[]]",
    b'{"event-data": 5, "Type": 7}',
    b"[" * 100_000,
]


def test_every_provider_of_the_setting_can_be_read_and_tested() -> None:
    assert set(parsing.PROVIDERS) == webhooks.PROVIDERS.keys() == PROVIDERS.keys()
    assert parsing.webhooks(posting.SETTING).keys() == PROVIDERS.keys()
    assert REPEATED.keys() < PROVIDERS.keys()


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("kind", "verdict", "reason"),
    [("bounce", "gone", "gone"), ("full", "bounced", ""), ("filter", "policy", ""), ("complaint", "", "complaint"), ("delivered", "", "")],
)  # fmt: skip
def test_an_event_finds_its_delivery_and_counts_once(
    db: str, provider: str, kind: str, verdict: str, reason: str
) -> None:
    accepted(ANN)
    raw = body(provider, About.of(of()), kind)
    assert post(provider, raw).outcome == "events"
    post(provider, raw)
    post(provider, raw + b"\n")
    event = Event.objects.get()
    expected = {"complaint": "complaint", "delivered": "delivered"}.get(kind, "bounce")
    assert (event.delivery_id, event.kind, event.verdict, event.proven) == (of().id, expected, verdict, True)
    assert suppressed() == reason
    assert Subscription.objects.filter(ended_because="complained").exists() == (kind == "complaint")


@pytest.mark.parametrize(
    ("provider", "kind"), sorted((one, kind) for kind, several in NOTHING.items() for one in several)
)
def test_automatic_replies_and_delays_count_as_nothing(provider: str, kind: str) -> None:
    assert {one.kind for one in webhooks.read(provider, body(provider, SOMEBODY, kind))} == {Kind.NOTHING}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_who_opens_what_is_none_of_our_business_and_not_kept(db: str, provider: str) -> None:
    arrival = post(provider, body(provider, SOMEBODY, "open"))
    assert (arrival.outcome, bytes(arrival.raw)) == ("nothing", b"")
    assert not Event.objects.exists()


def test_mailgun_that_tries_again_signs_anew_and_it_is_still_one_event(db: str) -> None:
    accepted(ANN)
    for age in (60, 0):
        post("mailgun", body("mailgun", About.of(of()), "bounce", age=age))
    assert Arrival.objects.count() == 2
    assert Event.objects.count() == 1


def test_an_event_of_another_system_beside_ours_hides_none(db: str) -> None:
    accepted(ANN)
    both = PROVIDERS["mailjet"](SOMEBODY, "bounce") + PROVIDERS["mailjet"](About.of(of()), "delivered")
    assert post("mailjet", json.dumps(both).encode()).outcome == "events"
    assert Event.objects.get().kind == "delivered"


def test_amazons_copy_is_found_by_the_reply_of_its_relay_too(db: str) -> None:
    accepted(ANN, reply="Ok 0100018f-aaaa-bbbb")
    about = About(ANN, "", "changed@elsewhere.example")
    post("amazon-ses", body("amazon-ses", about, "bounce"))
    assert Event.objects.get().delivery_id == of().id


def test_amazons_request_to_confirm_is_for_a_person_and_nothing_is_fetched(db: str) -> None:
    ask = {"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:us-east-1:1:bounces", "Token": "t",
           "SubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"}  # fmt: skip
    arrival = post("amazon-ses", json.dumps(ask).encode())
    assert arrival.outcome == "confirmation"
    assert ask["SubscribeURL"] in arrival.note
    for link in (
        "https://sns.us-east-1.amazonaws.com.evil.example/",
        "http://sns.us-east-1.amazonaws.com/",
        "https://evil.example/",
    ):
        arrival = post("amazon-ses", json.dumps(ask | {"SubscribeURL": link}).encode())
        assert link not in arrival.note
        assert "do not open it" in arrival.note


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_a_provider_never_documented_is_kept_and_told(provider: str) -> None:
    for raw in HOPELESS:
        assert all(
            one.kind in {Kind.UNREADABLE, Kind.NOTHING} and one.note for one in webhooks.read(provider, raw)
        )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(PROVIDERS)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["event", "Type", "msys", "event-data", "Message", "email", "bounce", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
)
def test_no_json_whatever_raises(provider: str, value: object) -> None:
    webhooks.read(provider, json.dumps(value).encode())


# --- authentication ---


@pytest.mark.parametrize("provider", sorted(PROVIDERS.keys() - {"mailgun"}))
@pytest.mark.parametrize(
    ("headers", "authentic"),
    [
        (shown(), True),
        ({"authorization": shown()["authorization"].replace("Basic", "basic")}, True),
        (shown(PASSWORD + "x"), False),
        (shown(PASSWORD[:-1]), False),
        (shown(""), False),
        ({"authorization": PASSWORD}, False),
        ({"authorization": "Basic !!!"}, False),
        ({"authorization": "Bearer " + shown()["authorization"][6:]}, False),
        ({}, False),
    ],
)
def test_user_and_password_prove_a_post(provider: str, headers: dict[str, str], authentic: bool) -> None:
    given = {name.title(): value for name, value in headers.items()}
    raw = body(provider, SOMEBODY, "bounce")
    assert webhooks.is_authentic(provider, PASSWORD, given, raw, datetime.now(UTC)) == authentic


@pytest.mark.parametrize(
    ("fields", "authentic"),
    [
        ({}, True),
        ({"age": 8 * 3600}, True),
        ({"age": 25 * 3600}, False),
        ({"age": -3600}, False),
        ({"key": "key-of-somebody-else-0123456789"}, False),
        ({"signature": {}}, False),
        ({"signature": None}, False),
        ({"signature": {"timestamp": "x", "token": "t", "signature": "s"}}, False),
    ],
)
def test_mailgun_signs_each_post_and_an_old_one_proves_nothing(
    fields: dict[str, object], authentic: bool
) -> None:
    raw = body("mailgun", SOMEBODY, "bounce", **fields)
    assert webhooks.is_authentic("mailgun", SIGNING_KEY, {}, raw, datetime.now(UTC)) == authentic
    assert not webhooks.is_authentic(
        "mailgun", SIGNING_KEY, shown(SIGNING_KEY), b"no json", datetime.now(UTC)
    )
