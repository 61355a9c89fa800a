"""`dispatcher blast` after the file is handed in: approve, show, list, cancel; what `status` says of it."""

from datetime import timedelta
from pathlib import Path

import blasting
import factories as make
import pytest
from calling import Answer, Call, set_environment

from dispatcher import config
from dispatcher.mailings import fan_out
from dispatcher.models import Approval, Bulletin, Journal, Mailing, Topic
from dispatcher.models.clock import database_now
from dispatcher.topics import load

TEXT = "# New form\n\nUse it from January 5, 2027. [The form](https://www.maine.gov/form)\n"


@pytest.fixture(autouse=True)
def deployment(topics: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, DATA_DIR=str(tmp_path / "data"))
    load.refresh(topics)
    blasting.hire()
    blasting.follow("pharmacy", 2)


@pytest.fixture
def form(tmp_path: Path) -> str:
    file = tmp_path / "form.md"
    file.write_text(TEXT, encoding="utf-8")
    return str(file)


def hand_in(call: Call, file: str, *more: str) -> Answer:
    return call("blast", file, "--as", "ana", "--topics", "pharmacy", *more)


def verbs() -> list[tuple[str, str]]:
    told = Journal.objects.filter(subject__startswith="bulletin:").order_by("id")
    return list(told.values_list("actor", "verb"))


# --- approve, show, list, cancel ---


def test_another_person_approves(call: Call, form: str) -> None:
    hand_in(call, form)
    done = call("blast", "approve", "1", "--as", "ben")
    assert done.code == 0
    assert done.out.startswith("approved; its mailing is 1 and starts at once\n")
    assert "cancel" not in done.out, "a worker may have begun"
    assert Approval.objects.get().approver.name == "ben"
    assert verbs() == [("ana", "submit"), ("ben", "approve")]
    assert all(one.facts["account"] for one in Journal.objects.filter(subject="bulletin:1"))


def test_while_it_waits_it_can_be_called_back(call: Call, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, RECALL_SECONDS="600")
    hand_in(call, form)
    told = call("blast", "approve", "1", "--as", "ben").out
    assert "starts at once" not in told
    assert "until it starts `dispatcher blast cancel` calls it back" in told


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["1", "--as", "ana"], 1, "ana is author"),
        (["1", "--as", "olive"], 1, "approver"),
        (["1"], 2, "--as"),
        (["2", "--as", "ben"], 1, "no blast 2"),
        (["one", "--as", "ben"], 2, "invalid int"),
    ],
)
def test_who_may_not_or_cannot_approve(
    call: Call, form: str, arguments: list[str], code: int, words: str
) -> None:
    hand_in(call, form)
    refused = call("blast", "approve", *arguments)
    assert refused.code == code
    assert words in refused.err
    assert Bulletin.objects.get().state == "submitted"


def test_the_author_is_told_that_another_must_approve(call: Call, form: str) -> None:
    call("blast", form, "--as", "ben", "--topics", "pharmacy")
    refused = call("blast", "approve", "1", "--as", "ben")
    assert refused.code == 1
    assert "somebody else must approve it" in refused.err


def test_a_reason_and_a_number_are_given_at_the_shell(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, TYPED_COUNT="2")
    file = tmp_path / "form.md"
    file.write_text("# Form\n\nWrite 123-45-6789 there.", encoding="utf-8")
    assert "--people 2" in hand_in(call, str(file)).err
    assert hand_in(call, str(file), "--people", "2").code == 0
    assert "--because" in call("blast", "approve", "1", "--as", "ben", "--people", "2").err
    assert "--people 2" in call("blast", "approve", "1", "--as", "ben", "--because", "an example").err
    agreed = call(
        "blast", "approve", "1", "--as", "ben", "--because", "an example", "--people", "2", "--json"
    )
    assert agreed.json["approvals"][0]["reason"] == "an example"


def test_one_is_shown(call: Call, form: str) -> None:
    hand_in(call, form)
    call("blast", "approve", "1", "--as", "ben")
    told = call("blast", "show", "1", "--json").json
    assert list(told) == [
        "id", "title", "state", "author", "topics", "audience", "send_at", "why", "hash", "submitted_at",
        "findings", "approvals", "mailing", "markdown",
    ]  # fmt: skip
    assert (told["state"], told["author"], told["topics"], told["audience"]) == (
        "approved",
        "ana",
        ["pharmacy"],
        2,
    )
    assert told["mailing"]["state"] == "waiting"
    assert [one["approver"] for one in told["approvals"]] == ["ben"]
    assert told["markdown"] == TEXT
    shown = call("blast", "show", "1").out
    assert "blast 1 · approved" in shown
    assert "approved   by ben, " in shown
    assert "goes out   as soon as it is approved\n" in shown
    assert "mailing    1, waiting" in shown
    assert "Use it from January 5, 2027." in shown[shown.index("\n\n") :]
    assert "You get this because" in shown or "Why" in shown


def test_all_are_listed(call: Call, form: str) -> None:
    assert call("blast", "list").out.startswith("no blasts yet")
    hand_in(call, form)
    make.bulletin(Topic.objects.get(slug="pharmacy"))
    (listed,) = call("blast", "list", "--json").json
    assert listed["id"] == "1"
    assert "New form" in call("blast", "list").out


def test_among_all_bulletins_it_has_topics_and_no_source(call: Call, form: str) -> None:
    hand_in(call, form)
    (listed,) = call("bulletins", "list", "--json").json
    assert (listed["source"], listed["topics"], listed["state"], listed["items"]) == (
        None, ["pharmacy"], "submitted", [],
    )  # fmt: skip
    assert call("bulletins", "show", "1").code == call("bulletins", "show", "1", "--json").code == 0


def test_it_is_called_back_until_it_begins(call: Call, form: str) -> None:
    hand_in(call, form)
    assert "did not write" in call("blast", "cancel", "1", "--as", "vic").err
    assert call("blast", "cancel", "1", "--as", "ana").out == "blast 1 is cancelled; nobody got it\n"
    assert call("blast", "cancel", "1", "--as", "ana").code == 1
    assert "blast 2 is submitted" in hand_in(call, form).out


@pytest.mark.parametrize(
    "arguments", [[], ["show"], ["show", "x"], ["approve"], ["no-such.md", "--as", "ana"]]
)
def test_half_a_command(call: Call, arguments: list[str]) -> None:
    assert call("blast", *arguments).code == 2


# --- health ---


def test_what_went_back_is_told_with_the_next_step(call: Call, form: str) -> None:
    hand_in(call, form)
    call("blast", "approve", "1", "--as", "ben")
    assert call("status", "--json").json["problems"] == []
    Bulletin.objects.update(title="Another form")
    assert fan_out.pending(config.current()) == 0
    (problem,) = call("status", "--json").json["problems"]
    assert problem["where"] == "blast 1"
    assert "edited after approval" in problem["what"]
    assert "dispatcher blast show 1" in problem["remedy"]
    assert "edited after approval" in call("blast", "show", "1").out
    call("blast", "cancel", "1", "--as", "ana")
    assert call("status", "--json").json["problems"] == []


@pytest.mark.parametrize(("minutes", "told"), [(14, False), (16, True)])
def test_what_should_have_begun_is_told(call: Call, form: str, minutes: int, told: bool) -> None:
    hand_in(call, form)
    call("blast", "approve", "1", "--as", "ben")
    Mailing.objects.update(starts_at=database_now() - timedelta(minutes=minutes))
    problems = call("status", "--json").json["problems"]
    assert [one["where"] for one in problems] == (["lane fan_out"] if told else [])


def test_what_waits_for_a_second_person_is_no_trouble(call: Call, form: str) -> None:
    hand_in(call, form)
    status = call("status", "--json").json
    assert (status["healthy"], status["problems"]) == (True, [])
    assert not Bulletin.to_look_at().exists()
