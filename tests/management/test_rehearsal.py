"""`topics backtest`, `topics score` and what `topics lint` reads from rows: they tell, and change nothing."""

from datetime import timedelta
from pathlib import Path

import factories as make
import pytest
import scene
import visiting
from calling import Call, set_environment

from dispatcher.models import Source, Topic
from dispatcher.models.clock import database_now
from dispatcher.topics import load

CANDIDATE = scene.TOPICS.replace("sections: [II-80]", "rules: [{any: [effective at once]}]")


@pytest.fixture
def candidate(call: Call, tmp_path: Path) -> str:
    """Two bulletins of the past, and a list under which the pharmacy topic would lose one and gain the other."""
    scene.set_up(tmp_path)
    feed = Source.objects.get(slug="policy-rules")
    make.bulletin(source=feed, title="Rates", body_html="<p>Effective at once.</p>", state="unmatched")
    make.bulletin(
        source=feed,
        title="Section 80",
        body_html="<p>Later.</p>",
        state="baseline",
        first_seen_at=make.LONG_AGO,
    )
    file = tmp_path / "candidate.yaml"
    file.write_text(CANDIDATE, encoding="utf-8")
    return str(file)


def test_a_backtest_says_what_changes_for_topics_and_people_and_changes_nothing(
    call: Call, candidate: str
) -> None:
    before = visiting.everything()
    told = call("topics", "backtest", "--against", candidate, "--json").json
    pharmacy, pnmi = told["topics"]
    assert [one["title"] for one in pharmacy["gained"]] == ["Rates"]
    assert [one["title"] for one in pharmacy["lost"]] == ["Section 80"]
    assert (pharmacy["same"], pnmi["same"]) == (1, 0)
    assert (told["more"], told["less"]) == ({"people": 2, "mails": 2}, {"people": 2, "mails": 2})
    assert told["silent"] == ["private-non-medical-institutions"]
    assert [one["title"] for one in told["unmatched"]] == ["Section 80"]
    text = call("topics", "backtest", "--against", candidate).out
    assert "pharmacy: 1 gained, 1 lost, 1 the same" in text
    assert visiting.everything() == before


def test_a_backtest_may_begin_later_and_compares_with_the_file_in_use(call: Call, candidate: str) -> None:
    told = call("topics", "backtest", "--against", candidate, "--since", "2026-06-01", "--json").json
    assert told["bulletins"] == 2
    assert call("topics", "backtest", "--since", "2999-01-01").out.startswith(
        "no bulletin of a source is kept"
    )
    assert call("topics", "backtest", "--since", "yesterday").code == 2
    assert call("topics", "backtest", "--against", "/nowhere.yaml").code == 2


def test_a_score_ends_well_or_names_each_disagreement(
    call: Call, candidate: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, TOPICS=str(scene.topics_file(tmp_path)))
    labels = tmp_path / "labels.yaml"
    labels.write_text("notices: [{title: Section 80, sections: [80], topics: [pharmacy]}]", encoding="utf-8")
    good = call("topics", "score", str(labels), "--json")
    assert (good.code, good.json["overall"]["recall"], good.json["cited"]["right"]) == (0, 1.0, 1)
    worse = call("topics", "score", str(labels), "--against", candidate)
    assert worse.code == 1
    assert "missed: pharmacy" in worse.out
    labels.write_text("notices: [{title: Section 80, topics: [farmacy]}]", encoding="utf-8")
    wrong = call("topics", "score", str(labels))
    assert (wrong.code, "labels.yaml:1" in wrong.err) == (2, True)
    assert call("topics", "score", str(tmp_path / "none.yaml")).code == 2


def test_lint_says_what_rows_know_of_the_topics_in_use(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = scene.topics_file(tmp_path)
    set_environment(monkeypatch, TOPICS=str(file))
    assert not any("matched" in one["problem"] for one in call("topics", "lint", "--json").json)
    load.refresh(file)
    Topic.objects.update(added_at=database_now() - timedelta(days=200))
    found = {(one["place"], one["problem"]) for one in call("topics", "lint", "--json").json}
    assert ("pharmacy", "has matched nothing ever") in found
    make.subscription(make.subscriber(), make.topic("gone", retired_at=make.LONG_AGO))
    dead = make.subscriber("desk@example.gov")
    make.suppress(dead)
    Topic.objects.filter(slug="pharmacy").update(contact={"email": "Desk@example.gov"})
    told = {one["problem"] for one in call("topics", "lint", "--json").json}
    assert "is retired, and 1 people follow it still" in told
    assert "its contact desk@example.gov gets no mail any more: gone" in told
