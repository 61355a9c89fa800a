"""The index and the plain search through everything told lately find the same bulletin, whatever was polled before."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

import factories as make
import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from notices import LONG
from records import record

from dispatcher.models import Alias, Bulletin, Item, LinkedDocument, Origin, Revision, Titled, Trait
from dispatcher.models.clock import database_now
from dispatcher.sources import intake, likeness, sightings
from dispatcher.sources.declared import Declared
from dispatcher.sources.likeness import LOOK_BACK
from dispatcher.sources.notice import Notice
from dispatcher.sources.reading import Reading, Record
from dispatcher.sources.shelf import Shelf, _at_its_address
from dispatcher.sources.traits import GRAMMAR

MAIL = "https://content.govdelivery.com/accounts/MEHHS/bulletins"
RULE = "https://www.maine.gov/dhhs/about/rulemaking/adoption"
compared: list[bool] = []


class PlainShelf:
    """What the index replaced: every notice told lately is compared, the latest first."""

    def __init__(self, source_id: int, now: datetime) -> None:
        origins = Origin.objects.filter(bulletin__first_seen_at__gte=now - LOOK_BACK)
        self._source_id, self._sources = source_id, defaultdict(set)
        told = list(origins.select_related("bulletin", "item").order_by("-id"))
        self._told = [(one.bulletin, notice) for one, notice in sightings.read(told)]
        self._added: list[Bulletin] = []
        for one in told:
            self._sources[one.bulletin_id].add(one.item.source_id)

    def twin(self, notice: Notice) -> Bulletin | None:
        elsewhere = [(one.bulletin, other) for one, other in _at_its_address(notice, self._source_id)]
        for bulletin, one in [*self._told, *elsewhere]:
            is_here = bulletin in self._added or self._source_id in self._sources[bulletin.id]
            if likeness.same(one, notice, one_source=is_here):
                return bulletin
        return None

    def add(self, bulletin: Bulletin, notice: Notice) -> None:
        self._told.insert(0, (bulletin, notice))
        self._added.append(bulletin)


class Compared(Shelf):
    """Asks both."""

    def __init__(self, source_id: int, now: datetime) -> None:
        super().__init__(source_id, now)
        self._plain = PlainShelf(source_id, now)

    def twin(self, notice: Notice) -> Bulletin | None:
        found = super().twin(notice)
        assert found == self._plain.twin(notice)
        compared.append(found is not None)
        return found

    def add(self, origin: Origin, notice: Notice, said: Revision) -> None:
        super().add(origin, notice, said)
        self._plain.add(origin.bulletin, notice)


titles = st.sampled_from(
    [
        "Adopted Rule: Section 80, Pharmacy Services", "Notice of Agency Rule-making Adoption: Section 80, Pharmacy Service",
        "Adopted Rule: Section 85, Pharmacy Services", "Pharmacies are paid otherwise", "Pharmacies are payed otherwise",
        "Correction: Pharmacies are paid otherwise", "Pharmacies are paid otherwise (re-posted to update links)", "340B Overview",
        "July 8 MaineCare Updates",
    ]
)  # fmt: skip
DIGEST = (
    "<p>In this message:</p><ul><li>340B Overview</li><li>Pharmacies are paid otherwise</li></ul><h2>340B Overview</h2>"
    f"<p>{LONG}</p><h2>Pharmacies are paid otherwise</h2><p>From May on, CR 91586.</p>"
)
bodies = st.sampled_from(
    [
        "", f"<p>{LONG}</p>", f"<p>{LONG} More.</p>", f"<p>{LONG.replace('codes', 'lists')}</p>", "<p>Short, CR 91586.</p>",
        f"<p>See <a href='{RULE}-1'>it</a>, CR 91586.</p>", "<p><a href='https://n.example/a.pdf'>340B</a></p>", DIGEST,
    ]
)  # fmt: skip
links = st.sampled_from(["", f"{RULE}-1", f"{RULE}-2", f"{MAIL}/39a", f"{MAIL}/39b", "https://n.example/1"])
records = st.builds(
    lambda title, body, link, days, guid: replace(
        record(title, link, body=body), guid=guid, published_at=days and database_now() - timedelta(days=days)
    ),
    titles, bodies, links, st.sampled_from([None, 1, 2, 6, 12]), st.sampled_from(["", "a", "b"]),
)  # fmt: skip
polls = st.lists(
    st.tuples(st.sampled_from(["mail", "page", "cms"]), st.lists(records, min_size=1, max_size=5)),
    min_size=2,
    max_size=6,
)


def take_in(slug: str, found: list[Record]) -> None:
    source, now = make.source(slug), database_now()
    declared = Declared.of(source.kind, source.url, source.declared)
    with transaction.atomic():
        intake.take_in(source, Reading("", tuple(found)), declared, now, flood_limit=10)


def clear() -> None:
    Bulletin.objects.update(corrects=None, reminds_of=None)
    for model in (Trait, Titled, LinkedDocument, Origin, Bulletin, Revision, Alias, Item):
        model.objects.all().delete()


def test_the_index_finds_what_the_plain_search_finds(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "Shelf", Compared)
    compared.clear()

    @given(polls, st.integers(0, 5), st.sampled_from([0, 30, 70]))
    @settings(max_examples=40, deadline=None)
    def plays(order: list[tuple[str, list[Record]]], pause: int, days: int) -> None:
        clear()
        for at, (slug, found) in enumerate(order):
            if at == pause:
                past = database_now() - timedelta(days=days)
                Bulletin.objects.update(first_seen_at=past)
                Origin.objects.update(traits=0)
            take_in(slug, found)

    plays()
    assert 20 < sum(compared) < len(compared) - 20


def first_poll(db: str) -> Notice:
    title = "Adopted Rule: Section 80, Pharmacy Services"
    take_in("mail", [record(title, f"{MAIL}/39a", body=f"<p>{LONG}</p>")])
    return Notice.of(record(title, f"{RULE}-1", body=f"<p>{LONG}</p>"), database_now())


@pytest.mark.parametrize("grammar", [0, GRAMMAR + 1])
def test_what_an_older_or_newer_version_told_is_written_down_first(db: str, grammar: int) -> None:
    notice = first_poll(db)
    rows = set(Trait.objects.values_list("number", "origin_id"))
    Trait.objects.all().delete()
    Origin.objects.update(traits=grammar)
    sightings.catch_up()
    sightings.catch_up()
    assert set(Trait.objects.values_list("number", "origin_id")) == rows
    Origin.objects.update(traits=grammar)
    assert Shelf(make.source("page").id, database_now()).twin(notice) == Bulletin.objects.get()


def test_what_is_no_longer_compared_is_forgotten(db: str) -> None:
    first_poll(db)
    Bulletin.objects.update(first_seen_at=database_now() - LOOK_BACK - timedelta(days=8))
    take_in("page", [record("340B Overview", f"{RULE}-2", body="<p>Another.</p>")])
    sightings.catch_up()
    (left,) = Titled.objects.all()
    assert left.title == "340B Overview"
    assert set(Trait.objects.values_list("origin_id", flat=True)) == {left.origin_id}


HOURS = replace(record("Office hours on Monday", f"{MAIL}/402", body="<p>They begin at nine.</p>"), guid="1")


def test_a_poll_finds_what_it_has_just_announced_itself(db: str) -> None:
    paper = "<p>They begin at ten, see <a href='https://n.example/a.pdf'>why</a>.</p>"
    take_in("mail", [
        record("Reminder: Office hours on Monday", f"{MAIL}/404", body="<p>They begin at ten.</p>"),
        record("Correction: What nobody was told", f"{MAIL}/405", body="<p>Never.</p>"),
        record("Correction: Office hours on Monday", f"{MAIL}/403", body=paper),
        replace(HOURS, link=f"{MAIL}/401"),
        HOURS,
    ])  # fmt: skip
    hours, correction, alone, reminder = Bulletin.objects.order_by("id")
    assert [hours.title, correction.title, alone.title, reminder.title] == [
        "Office hours on Monday", "Correction: Office hours on Monday", "Correction: What nobody was told",
        "Reminder: Office hours on Monday",
    ]  # fmt: skip
    assert list(hours.origins.order_by("id").values_list("item__link", flat=True)) == [
        f"{MAIL}/402",
        f"{MAIL}/401",
    ]
    assert (correction.corrects, reminder.reminds_of) == (hours, correction)
    assert [one["kind"] for one in correction.changes] == ["changed"]
    assert LinkedDocument.objects.get().bulletin == correction
    assert [bool(one.notes) for one in Revision.objects.order_by("id")] == [False, False, False, True, False]


def test_one_correction_of_two_entries_of_a_poll_is_one(db: str) -> None:
    shown = [replace(HOURS, link=f"{MAIL}/401"), HOURS]
    take_in("mail", shown)
    take_in("mail", [replace(one, body_html=f"<p>They begin at nine.</p><p>{LONG}</p>") for one in shown])
    hours, correction = Bulletin.objects.order_by("id")
    assert (correction.corrects, correction.origins.count()) == (hours, 2)


def test_what_is_late_goes_out_if_the_same_poll_shows_it_as_news(db: str) -> None:
    make.source("mail", declared={"late_after_days": 10})
    old = replace(HOURS, published_at=database_now() - timedelta(days=11))
    take_in("mail", [replace(old, link=f"{MAIL}/401", published_at=database_now() - timedelta(days=9)), old])
    assert (Bulletin.objects.get().state, Bulletin.objects.get().held_because) == ("unmatched", "")


def test_more_notices_are_not_saved_in_more_statements(db: str) -> None:
    def inserts(slug: str, count: int) -> int:
        seen: list[str] = []

        def wrapper(execute, sql, params, many, context):
            seen.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(wrapper):
            take_in(
                slug, [record(f"Title {slug} {n}", f"https://n.example/{slug}/{n}") for n in range(count)]
            )
        return sum(one.startswith("INSERT") for one in seen)

    assert inserts("mail", 5) == inserts("page", 1)
    assert Bulletin.objects.count() == 6


def rows() -> set[tuple[int | str, ...]]:
    return {*Trait.objects.values_list("number", "origin_id"), *Titled.objects.values_list()}


@pytest.mark.parametrize(
    "later",
    [
        record("July 8 MaineCare Updates", f"{MAIL}/39a", body=DIGEST, day=database_now()),
        record("340B overview", "https://n.example/1", body="<p><a href='https://n.example/a.pdf'>340B</a></p>"),
    ],
    ids=["a part in other words", "a notice without a date, seen before"],
)  # fmt: skip
def test_what_is_written_down_at_once_is_what_would_be_read_later(db: str, later: Record) -> None:
    page = record(
        "340B Overview", f"{RULE}-1", body=f"<p>{LONG}</p><p><a href='https://n.example/a.pdf'>340B</a></p>"
    )
    take_in("page", [page])
    Bulletin.objects.update(first_seen_at=database_now() - timedelta(days=3))
    Origin.objects.update(traits=0)
    take_in("mail", [later])
    assert Bulletin.objects.earliest("id").origins.count() == 2
    at_once = rows()
    Origin.objects.update(traits=0)
    sightings.catch_up()
    assert rows() == at_once
