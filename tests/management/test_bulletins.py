"""`dispatcher bulletins show`: where else a notice was seen, and how it stands to another."""

import factories as make
from calling import Call

from dispatcher.models import Bulletin, Item, Origin, Revision
from dispatcher.models.clock import database_now


def seen(bulletin: Bulletin, link: str, *notes: str) -> None:
    now = database_now()
    item = Item.objects.create(
        source=bulletin.source,
        identity=f"link:{link}",
        title=bulletin.title,
        link=link,
        first_seen_at=now,
        last_seen_at=now,
    )
    Revision.objects.create(item=item, number=1, title=bulletin.title, seen_at=now, notes=list(notes))
    Origin.objects.create(bulletin=bulletin, item=item, revision=1)


def test_a_bulletin_shows_where_else_it_was_seen_and_what_was_odd(call: Call) -> None:
    first = make.bulletin()
    changes = [{"kind": "added", "before": "", "after": "Call us."}]
    made = make.bulletin(corrects=first, reminds_of=first, changes=changes)
    seen(made, made.url)
    seen(made, "https://www.example.gov/again", "its date is odd")
    shown = call("bulletins", "show", str(made.id))
    assert "also at https://www.example.gov/again" in shown.out
    assert f"corrects {first.id}" in shown.out
    assert f"reminds of {first.id}" in shown.out
    assert "note: its date is odd" in shown.out
    told = call("bulletins", "show", str(made.id), "--json").json
    assert told["further_links"] == ["https://www.example.gov/again"]
    assert (told["reminds_of"], told["changes"], told["notes"]) == (
        str(first.id),
        changes,
        ["its date is odd"],
    )
    assert call("bulletins", "show", str(first.id), "--json").json["changes"] == []
