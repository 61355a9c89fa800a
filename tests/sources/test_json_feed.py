import json
from datetime import UTC, datetime

import pytest

from dispatcher.errors import Unreadable
from dispatcher.sources import json_feed
from dispatcher.sources.reading import MOST_ENTRIES, Reading, Record

URL = "https://feeds.example/notices/feed.json"


def read(*items: object, version: str = "1.1", **feed: object) -> Reading:
    return read_bytes(
        json.dumps({"version": f"https://jsonfeed.org/version/{version}", "items": items, **feed}).encode()
    )


def read_bytes(body: bytes) -> Reading:
    assert json_feed.begins(body)
    return json_feed.read(body, URL)


@pytest.mark.parametrize("version", ["1", "1.1"])
def test_an_item_becomes_a_record(version):
    item = {
        "id": "tag:1",
        "url": "../rules/45",
        "title": "Section 45 &amp; rates",
        "content_html": "<p>See <a href='b.pdf'>it</a><script>x</script></p>",
        "date_published": "2024-03-06T09:12:04-05:00",
        "date_modified": "2025-01-01T00:00:00Z",
        "tags": ["Policy", " Policy", 3, "Rules"],
    }
    reading = read(item, version=version, title="Notices", description="of the office")
    assert reading == Reading(
        "Notices",
        (
            Record(
                guid="tag:1",
                title="Section 45 & rates",
                link="https://feeds.example/rules/45",
                body_html='<p>See <a href="https://feeds.example/rules/b.pdf">it</a></p>',
                published_at=datetime(2024, 3, 6, 14, 12, 4, tzinfo=UTC),
                categories=("Policy", "Rules"),
            ),
        ),
        about="Notices\nof the office",
    )


@pytest.mark.parametrize(
    ("given", "guid"),
    [(17, "17"), (1.5, "1.5"), ("  a ", "a"), (True, ""), (None, ""), ([], ""), ({"a": 1}, "")],
)
def test_an_id_may_be_a_number(given, guid):
    assert read({"id": given, "title": "t"}).records[0].guid == guid


@pytest.mark.parametrize(
    ("item", "body"),
    [
        ({"content_text": "a < b\n\nsecond"}, "<p>a &lt; b</p><p>second</p>"),
        ({"summary": "short"}, "<p>short</p>"),
        ({"content_html": "<p>h</p>", "content_text": "t"}, "<p>h</p>"),
        ({"content_html": 7}, ""),
        ({}, ""),
    ],
)
def test_text_stands_in_for_markup(item, body):
    assert read({"id": "1", "title": "t"} | item).records[0].body_html == body


def test_an_item_may_link_elsewhere_only():
    assert read({"id": "1", "external_url": "https://b.example/x"}).records[0].link == "https://b.example/x"
    assert read({"id": "1", "url": "javascript:alert(1)"}).records[0].link == ""


def test_items_without_anything_to_know_them_by_are_left_out():
    reading = read({"content_text": "x"}, "odd", None, {"title": "Titled"})
    assert [one.title for one in reading.records] == ["Titled"]
    assert reading.degraded == ("3 entries without anything to know them by are left out",)
    with pytest.raises(Unreadable, match="2 entries, none"):
        read({}, [])


def test_a_feed_may_only_be_so_long():
    reading = read(*({"id": number} for number in range(MOST_ENTRIES + 1)))
    assert len(reading.records) == MOST_ENTRIES
    assert "only the first" in reading.degraded[0]


def test_an_empty_feed_is_a_feed():
    assert read().records == ()


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\n  "])
def test_what_stands_before_it_does_no_harm(mark):
    assert read_bytes(mark + b'{"version":"https://jsonfeed.org/version/1","items":[]}').records == ()


def test_it_may_be_in_utf_16():
    assert (
        read_bytes('{"version":"https://jsonfeed.org/version/1","items":[{"id":"\u00e9"}]}'.encode("utf-16"))
        .records[0]
        .guid
        == "\u00e9"
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"error": "gone"}', "no feed, but a text that begins"),
        (b'{"version": 1, "items": []}', "no feed"),
        (b'{"version":"https://jsonfeed.org/version/1"}', "without a list of items"),
        (b'{"version":"https://jsonfeed.org/version/1","items":{}}', "without a list of items"),
        (b'{"version":"https://jsonfeed.org/version/1","items":[', "no proper JSON"),
        (b'{"a":' * 100_000, "nested deeper"),
        (b'{"id":' + b"9" * 10_000 + b"}", "no proper JSON"),
        (b'{"\xff": 1}', "no proper JSON"),
    ],
)
def test_what_is_no_feed_is_unreadable(body, told):
    with pytest.raises(Unreadable, match=told):
        read_bytes(body)


def test_what_no_database_holds_is_dropped():
    record = read(
        {"id": "a\0\ud800", "title": "t\0\ud800", "content_text": "b\0\ud800", "tags": ["c\ud800"]}
    ).records[0]
    assert (record.guid, record.title, record.body_html, record.categories) == ("a", "t", "<p>b</p>", ("c",))


@pytest.mark.parametrize("body", [b"<rss/>", b"", b"  [1]", b"null"])
def test_other_documents_do_not_begin_like_it(body):
    assert not json_feed.begins(body)


def test_dates_that_are_mostly_unreadable_are_told_and_a_single_slip_is_not():
    items = [{"id": number, "title": "t", "date_published": "the 5th of Octember"} for number in (1, 2)]
    good = {"id": 3, "title": "t", "date_published": "2026-11-02T08:00:00Z"}
    assert read(*items, good).degraded == ("the dates of 2 of 3 entries are not readable",)
    assert read(items[0], good, good).degraded == ()
    assert read(items[0]).degraded == ()
