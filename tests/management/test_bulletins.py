"""`dispatcher bulletins show`: where else a notice was seen, and how it stands to another."""

import factories as make
from calling import Call

from dispatcher.models import Bulletin, Item, LinkedDocument, Origin, Revision
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


def test_what_it_links_to_is_told_with_what_was_read_of_it(call: Call) -> None:
    made = make.bulletin(state="matched")
    at = made.first_seen_at
    rows = [
        {"url": "https://a.example/1.pdf", "pages": 3, "text": "x" * 1234},
        {"url": "https://a.example/2.pdf", "note": "not fetched: gone"},
        {"url": "https://a.example/3.pdf", "due_at": at},
    ]
    for position, row in enumerate(rows):
        LinkedDocument.objects.create(bulletin=made, position=position, waits_until=at, **row)
    shown = call("bulletins", "show", str(made.id)).out
    assert "links to https://a.example/1.pdf: PDF of 3 pages, 1,234 characters" in shown
    assert "links to https://a.example/2.pdf: not read (not fetched: gone)" in shown
    assert "links to https://a.example/3.pdf: PDF, not read yet" in shown
    told = call("bulletins", "show", str(made.id), "--json").json["documents"]
    assert told[0] == {
        "url": "https://a.example/1.pdf", "waits": False, "pages": 3, "characters": 1234, "note": None
    }  # fmt: skip
    assert [one["waits"] for one in told] == [False, False, True]
