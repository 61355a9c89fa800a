"""`bulletins list --unmatched`, `assign` and `dismiss`: one look, one command, and only for who may."""

import factories as make
import pytest
from calling import Call

from dispatcher.models import Bulletin, Staff


@pytest.fixture
def waiting(call: Call) -> Bulletin:
    rule = {"any": ["pharmacy claim*"], "all": ["pharmacy"], "none": [], "fields": ["title"], "types": []}
    make.topic("pharmacy", rules=[rule])
    for name, role in (("olga", "operator"), ("ana", "author")):
        Staff.objects.create(name=name, role=role, email="", created_at=make.LONG_AGO)
    return make.bulletin(state="unmatched", title="Pharmacy hours", body_html="<p>Open late.</p>")


def test_the_list_names_the_nearest_topics_and_what_was_missing(call: Call, waiting: Bulletin) -> None:
    (told,) = call("bulletins", "list", "--unmatched", "--json").json
    assert told["nearest"] == [{"slug": "pharmacy", "why": "it does not say “pharmacy claim*” in the title"}]
    assert "pharmacy" in call("bulletins", "list", "--unmatched").out


def test_assigning_and_dismissing_take_one_command(call: Call, waiting: Bulletin) -> None:
    other = make.bulletin(state="unmatched", title="Parking")
    assert "pharmacy: the next run mails it" in call("bulletins", "assign", str(waiting.id), "pharmacy", "--as", "olga").out  # fmt: skip
    assert (
        "dismissed" in call("bulletins", "dismiss", str(other.id), "--as", "olga", "--because", "parking").out
    )
    assert "somebody has decided" in call("bulletins", "list", "--unmatched").out


def test_who_may_not_is_refused(call: Call, waiting: Bulletin) -> None:
    refused = call("bulletins", "assign", str(waiting.id), "pharmacy", "--as", "ana")
    assert refused.code == 1
    assert "bulletin:assign" in refused.err
    assert call("bulletins", "dismiss", str(waiting.id), "--as", "olga", "--because", " ").code == 2
    waiting.refresh_from_db()
    assert waiting.state == "unmatched"


def test_status_shows_what_waits_and_how_long(call: Call, waiting: Bulletin) -> None:
    (told,) = call("status", "--json").json["unmatched"]
    assert (told["id"], told["title"]) == (str(waiting.id), "Pharmacy hours")
    assert told["age_seconds"] >= 0
    assert "MATCHED NO TOPIC" in call("status").out
