"""`dispatcher bounces` and `suppressions`: what came is taken in and looked at; who may not be mailed is listed, and a person lifts it."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from calling import Call
from returning import ANN, accepted, ago, come, filled, of, post, signed, suppressed

from dispatcher.bounces import inbox
from dispatcher.models import Arrival, Event, Journal, Source, Staff, Suppression
from dispatcher.models.clock import database_now
from dispatcher.topics import load


@pytest.fixture(autouse=True)
def mailed(topics: object) -> None:
    accepted(ANN, "ben@example.com")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch):
    """Hands bytes to standard input."""

    def give(raw: bytes) -> None:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(raw)))

    return give


def staff(name: str, role: str) -> Staff:
    return Staff.objects.create(name=name, role=role, created_at=database_now())


# --- bounces ---


def test_one_message_on_standard_input_is_kept_and_settled(call: Call, given) -> None:
    given(filled("postfix-unknown-user", of()))
    done = call("bounces", "ingest", "--to", signed(of().id))
    assert (done.code, done.out, done.err) == (0, "", "")
    assert Event.objects.get().kind == "bounce"
    assert suppressed() == "gone"


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff" * 50, b"x" * 1_500_000], ids=["nothing", "noise", "too much"]
)
def test_whatever_it_is_it_is_kept_and_never_refused(call: Call, given, raw: bytes) -> None:
    given(raw)
    assert call("bounces", "ingest").code == 0
    assert bytes(Arrival.objects.get().raw) == raw[: 1024 * 1024]
    assert Arrival.objects.get().outcome == "unreadable"


def test_without_workers_a_run_settles_what_was_kept(call: Call, topics: Path) -> None:
    load.refresh(topics)
    Source.objects.update(due_at=ago(-1))
    inbox.keep(inbox.MAIL, filled("complaint", of()), "")
    call("run", "--once", "--json")
    assert suppressed() == "complaint"


def test_help_tells_a_mail_server_what_the_codes_mean(call: Call) -> None:
    told = " ".join(call("bounces", "ingest", "--help").out.split())
    assert "75: it could not be kept, come again" in told
    assert "argv=dispatcher bounces ingest --to ${recipient}" in told


def test_what_came_is_listed_and_shown_without_harm_to_a_terminal(call: Call) -> None:
    assert call("bounces", "list").out == "nothing has come back\n"
    come(filled("postfix-unknown-user", of()), signed(of().id))
    come(b"Subject: \x1b[31mred\x1b[0m\r\n\r\nbad \xff bytes")
    listed = call("bounces", "list", "--json").json
    assert [(one["outcome"], one["deliveries"]) for one in listed] == [
        ("unreadable", []),
        ("events", [str(of().id)]),
    ]
    assert len(call("bounces", "list", "--outcome", "events", "--json").json) == 1
    assert len(call("bounces", "list", "--limit", "1", "--json").json) == 1
    shown = call("bounces", "show", listed[0]["id"])
    assert "\\x1b[31mred" in shown.out
    assert "\x1b" not in shown.out
    assert "nobody can tell what it says" in shown.out
    assert call("bounces", "show", listed[1]["id"], "--json").json["recipient"] == signed(of().id)
    assert call("bounces", "show", "99").code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--smtp", "25"], "a host and a port"),
        (["--lmtp", "127.0.0.1:smtp"], "a host and a port"),
        (["--smtp", "127.0.0.1:99999"], "a host and a port"),
        ([], "DISPATCHER_BOUNCE_DOMAIN"),
    ],
)
def test_the_listener_says_what_it_lacks(call: Call, arguments: list[str], words: str) -> None:
    wrong = call("bounces", "listen", *arguments)
    assert wrong.code == 2
    assert words in wrong.err


# --- suppressions ---


def test_who_may_not_be_mailed_is_listed_masked_with_the_reason(call: Call) -> None:
    assert call("suppressions", "list").out == "every address may be mailed\n"
    come(filled("complaint", of()))
    (one,) = call("suppressions", "list", "--json").json
    assert (one["address"], one["reason"], one["state"]) == ("a***@example.com", "complaint", "in force")
    assert one["meaning"] == "its owner complained of us"
    assert ANN not in call("suppressions", "list").out
    assert ANN in call("suppressions", "list", "--addresses").out


def test_an_operator_lifts_with_a_reason_and_it_stays_to_be_seen(call: Call) -> None:
    staff("olga", "operator")
    come(filled("postfix-unknown-user", of()))
    done = call(
        "suppressions", "lift", "Ann@Example.com", "--as", "olga", "--because", "their server was broken"
    )
    assert (done.code, done.out) == (0, "lifted: a***@example.com may be mailed again.\n")
    assert suppressed() == ""
    assert call("suppressions", "list", "--json").json == []
    (one,) = call("suppressions", "list", "--all", "--json").json
    assert (one["state"], one["lifted_because"]) == ("lifted", "their server was broken")
    entry = Journal.objects.get(verb="lift")
    assert (entry.actor, entry.door, entry.facts["because"]) == ("olga", "shell", "their server was broken")
    assert Suppression.objects.get().lifted_by == Staff.objects.get()


def test_lifting_after_a_complaint_says_what_it_does_not_do(call: Call) -> None:
    come(filled("complaint", of()))
    assert "topics stay ended" in call("suppressions", "lift", ANN, "--because", "they asked us to").out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["lift", ANN], 2, "--because"),
        (["lift", ANN, "--because", " "], 2, "--because"),
        (["lift", "nowhere", "--because", "x"], 2, "an address such as"),
        (["lift", "ben@example.com", "--because", "x"], 1, "b***@example.com is not suppressed"),
        (["lift", ANN, "--because", "x", "--as", "ana"], 1, "suppression:lift"),
        (["lift", ANN, "--because", "x", "--as", "nobody"], 1, "nobody of the staff"),
        (["apply", "99", "--because", "x"], 1, "no mailing 99"),
        (["dismiss", "1", "--because", "x"], 1, "nothing is held back"),
    ],
)
def test_wrong_use_changes_nothing(call: Call, arguments: list[str], code: int, words: str) -> None:
    staff("ana", "author")
    come(filled("postfix-unknown-user", of()))
    wrong = call("suppressions", *arguments)
    assert wrong.code == code
    assert words in wrong.err
    assert suppressed() == "gone"


@pytest.mark.parametrize(("verb", "left"), [("apply", 11), ("dismiss", 0)])
def test_what_the_guard_held_back_is_told_and_decided(call: Call, verb: str, left: int) -> None:
    people = [f"person{n}@example.com" for n in range(11)]
    mailing = accepted(*people)
    for number, address in enumerate(people):
        raw = filled("postfix-unknown-user", of(address), address)
        come(raw.replace(b"report-1@", f"r{number}@".encode()))
    told = problems(call)[f"mailing {mailing.key}"]
    assert told["what"].startswith("11 addresses turned out gone within an hour")
    assert f"suppressions apply {mailing.id}" in told["remedy"]
    assert {one["state"] for one in call("suppressions", "list", "--all", "--json").json} == {"held"}
    assert call("suppressions", verb, str(mailing.id), "--because", "asked them").code == 0
    assert f"mailing {mailing.key}" not in problems(call)
    assert Suppression.in_force().count() == left


# --- status and reports, in plain words ---


def problems(call: Call) -> dict[str, dict[str, str]]:
    return {one["where"]: one for one in call("status", "--json").json["problems"]}


def test_status_tells_what_is_about_us_and_what_is_of_no_use(call: Call) -> None:
    come(filled("postfix-refused-by-filter", of()))
    assert (
        "1 refused later in the last day: policy, such as 554 5.7.1 blocked"
        in problems(call)["bounces"]["what"]
    )
    Event.objects.all().delete()
    come(filled("postfix-unknown-user"))
    told = problems(call)["bounces"]
    assert told["what"] == "1 came back in the last day and are of no use: it names no delivery of ours"
    assert "bounces list --outcome unmatched" in told["remedy"]


def test_status_tells_of_complaints_when_they_are_too_many(call: Call) -> None:
    people = [f"person{n}@example.com" for n in range(3)]
    mailing = accepted(*people)
    for number, address in enumerate(people):
        assert f"mailing {mailing.key}" not in problems(call)
        come(filled("complaint", of(address), address).replace(b"arf-1@", f"arf-{number}@".encode()))
    assert problems(call)[f"mailing {mailing.key}"]["what"].startswith("3 of 5 complained in the last day")


def test_status_asks_a_person_to_confirm_until_the_provider_has_posted(call: Call) -> None:
    link = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"
    post(
        "amazon-ses",
        b'{"Type": "SubscriptionConfirmation", "TopicArn": "arn:x", "SubscribeURL": "%s"}' % link.encode(),
    )
    assert link in problems(call)["webhook amazon-ses"]["what"]
    post(
        "amazon-ses",
        b'{"Type": "Notification", "MessageId": "1", "Message": "Successfully validated SNS topic."}',
    )
    assert "webhook amazon-ses" not in problems(call)


def test_an_ordinary_bounce_and_a_complaint_are_no_trouble(call: Call) -> None:
    before = problems(call)
    come(filled("postfix-full-mailbox", of()))
    come(filled("complaint", of("ben@example.com"), "ben@example.com"))
    assert problems(call).keys() == before.keys()


def test_a_person_and_a_mailing_are_told_in_plain_words(call: Call) -> None:
    come(filled("postfix-unknown-user", of()))
    shown = call("subscribers", "show", ANN, "--json").json
    assert shown["suppressed"]["meaning"] == "its server says that it does not exist"
    (delivery,) = shown["deliveries"]
    assert (delivery["state"], delivery["news"]) == ("accepted", "bounced later")
    assert delivery["events"][0] | {"received_at": ""} == {
        "kind": "bounce", "verdict": "gone", "status": "5.1.1", "proven": True, "received_at": "",
        "words": "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown",
    }  # fmt: skip
    told = call("subscribers", "show", ANN).out
    assert "its server says that it does not exist: 5.1.1 550 5.1.1" in told
    assert "bounced later" in told
    assert call("subscribers", "show", "ben@example.com", "--json").json["deliveries"][0]["news"] == "no news"
    report = call("mailings", "report", str(of().mailing_id), "--json").json
    assert report["accepted"]["bounced_later"]["count"] == 1
    assert [(one["verdict"], one["status"], one["count"]) for one in report["bounced_later"]] == [
        ("gone", "5.1.1", 1)
    ]
    assert "came back: gone 5.1.1" in call("mailings", "report", str(of().mailing_id)).out
