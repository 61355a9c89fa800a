"""Sources that are unwell, as the command line shows them, and the verb that says a person has seen it."""

from datetime import timedelta
from pathlib import Path

import pytest
import scene
from calling import Call, set_environment

from dispatcher.models import Journal, Mailing, Source, Staff
from dispatcher.models.clock import database_now

DAY = timedelta(days=1)


@pytest.fixture
def moved(call: Call, tmp_path: Path) -> Source:
    scene.set_up(tmp_path)
    now = database_now()
    feed = Source.objects.filter(slug="policy-rules")
    feed.update(moved_to="https://www.maine.gov/new", moved_since=now - 4 * DAY, last_success_at=now)
    return feed.get()


def problems(call: Call) -> dict[str, tuple[str, str]]:
    return {one["where"]: (one["what"], one["remedy"]) for one in call("status", "--json").json["problems"]}


def test_list_and_status_show_what_is_wrong_with_the_line_to_change(call: Call, moved: Source) -> None:
    (row, _) = call("sources", "list", "--json").json
    assert row["state"] == "moved"
    assert row["problem"].startswith("has moved to https://www.maine.gov/new, since 20")
    assert "`url: https://www.maine.gov/new`" in call("sources", "list").out
    what, remedy = problems(call)["source policy-rules"]
    assert what.startswith("moved since 20")
    assert "`url: https://www.maine.gov/new`" in remedy


def test_status_says_if_no_operator_is_told(call: Call, moved: Source) -> None:
    assert "--role operator --email" in problems(call)["operators"][1]
    Staff.objects.create(name="ola", role="operator", email="ola@example.gov", created_at=database_now())
    assert "operators" not in problems(call)


def test_what_a_person_has_seen_is_no_problem_any_more(call: Call, moved: Source) -> None:
    Staff.objects.create(name="ola", role="operator", created_at=database_now())
    Staff.objects.create(name="ana", role="author", created_at=database_now())
    assert call("sources", "ack", "policy-rules", "--as", "ana").code == 1
    assert "has moved to" in call("sources", "ack", "policy-rules", "--as", "ola").out
    assert Journal.objects.get(verb="acknowledge").actor == "ola"
    assert problems(call) == {}
    assert "nothing to acknowledge" in call("sources", "ack", "policy-rules").out


def test_an_outage_of_ours_is_one_problem_and_blames_no_source(call: Call, moved: Source) -> None:
    now = database_now()
    Source.objects.update(moved_to="", moved_since=None, cut_off_since=now, due_at=now - DAY)
    assert list(problems(call)) == ["network"]


def test_a_run_tells_operators(call: Call, moved: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, SEND="off")
    Staff.objects.create(name="ola", role="operator", email="ola@example.gov", created_at=database_now())
    call("run", "--once")
    assert Mailing.objects.filter(key__startswith="alert:").count() == 1
