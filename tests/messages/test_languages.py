"""Languages: what messages say goes through gettext, catalogs are files that travel with the product, English is there whatever happens."""

import io
import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po
from letters import SUBMITTED, composed
from words import TEMPLATE, as_file, extracted, made_up, made_up_catalog, swapped

from dispatcher.messages import reasons, translations
from dispatcher.messages.language import ENGLISH, Language

EASTERN = ZoneInfo("America/New_York")


@pytest.fixture
def arabic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Language:
    """The made-up language, added as any other: by its file and its line."""
    (tmp_path / "ar.po").write_bytes(as_file(made_up_catalog()))
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    monkeypatch.setattr(translations, "OFFERED", ("en", "ar"))
    translations._read.cache_clear()
    return translations.of("ar")


def test_the_template_of_translations_holds_what_messages_say():
    assert TEMPLATE.read_bytes() == as_file(extracted()), (
        "words were changed: python tests/messages/rewrite_words.py"
    )


@pytest.mark.parametrize("code", [one for one in translations.OFFERED if one != "en"] + ["made up"])
def test_a_language_is_offered_only_when_it_says_everything(code):
    if code == "made up":
        catalog = read_po(io.BytesIO(as_file(made_up_catalog())), locale="ar")
    else:
        catalog = read_po((translations.FOLDER / f"{code}.po").open("rb"), locale=code)
    said = {one.id: one for one in catalog if one.id}
    for wanted in extracted():
        if not wanted.id:
            continue
        mine = said[wanted.id]
        forms = mine.string if mine.pluralizable else [mine.string]
        assert all(forms), mine.id
        assert not mine.fuzzy, mine.id
        assert len(forms) == (catalog.num_plurals if mine.pluralizable else 1)
        for form in forms:
            places = re.findall(r"%\(\w+\)s", form)
            assert set(places) <= set(
                re.findall(r"%\(\w+\)s", " ".join(mine.id if mine.pluralizable else [mine.id]))
            )
            assert not re.search(r"%(?!\(\w+\)s|%)|&", form), form
        if not mine.pluralizable:
            assert sorted(re.findall(r"%\(\w+\)s|<[^>]+>", forms[0])) == sorted(
                re.findall(r"%\(\w+\)s|<[^>]+>", mine.id)
            )


def test_a_catalog_is_read_from_its_file(arabic):
    assert (arabic.code, arabic.direction) == ("ar", "rtl")
    assert arabic.gettext("Who to ask") == swapped("Who to ask")
    assert [one.name for one in translations.offered()] == ["English", "العربية"]


@pytest.mark.parametrize("code", ["", "xx", "../../etc/passwd", "ar"])
def test_what_is_not_offered_is_english(code):
    assert translations.of(code) is ENGLISH


def test_what_a_catalog_lacks_is_said_in_english():
    assert (
        made_up().gettext("Nobody has translated this, %(name)s", name="Ann")
        == "Nobody has translated this, Ann"
    )
    assert made_up().ngettext("%(count)s new thing", "%(count)s new things", 3) == "3 new things"


@pytest.mark.parametrize(
    ("number", "form"), [(1, "person"), (2, "people"), (7, "people"), (24_117, "people")]
)
def test_each_number_has_its_plural_form(number, form):
    catalog = made_up_catalog()
    forms = catalog[("%(count)s person", "%(count)s people")].string
    assert len(forms) == 6
    spoken = Language("ar", made_up().translations)
    said = spoken.ngettext("%(count)s person", "%(count)s people", number)
    assert said.endswith(swapped(form))
    assert ENGLISH.ngettext("%(count)s person", "%(count)s people", number) == f"{number:,} {form}"


def test_dates_are_those_of_the_language():
    arabic, when = made_up(), datetime(2026, 8, 21, 18, 0, tzinfo=UTC)
    assert arabic.day(date(2026, 8, 21)) == "21 أغسطس 2026"
    assert arabic.weekday(date(2026, 8, 21)) == "الجمعة، 21 أغسطس 2026"
    assert arabic.month_and_day(date(2026, 8, 21)) == "21 أغسطس"
    assert arabic.clock(time(14, 30)).replace("\xa0", " ") == "2:30 م"
    assert "التوقيت الشرقي" in arabic.moment(when, EASTERN)
    assert arabic.moment(datetime(2026, 8, 21, 4, 0, tzinfo=UTC), EASTERN) == "21 أغسطس 2026"
    assert ENGLISH.moment(when, EASTERN) == "August 21, 2026, 2:00 p.m. Eastern"


@pytest.mark.parametrize(
    ("evidence", "wanted"),
    [
        ({"kind": "says", "field": "body", "words": "claims"}, "it says “%(words)s” in the text"),
        ({"kind": "cites", "field": "title", "words": "claims"}, "it cites “%(words)s” in the title"),
        ({"kind": "comes from", "field": "source", "words": "claims"}, "it is published by the source “%(words)s”"),
        ({"kind": "by hand", "field": ""}, "our staff found that it concerns this topic"),
    ],
)  # fmt: skip
def test_a_reason_is_said_anew_in_another_language(evidence, wanted):
    arabic = made_up()
    assert reasons.said(evidence, arabic) == arabic.gettext(wanted, words=arabic.isolated("claims"))
    assert reasons.said(evidence, ENGLISH) == ""


def test_the_type_that_a_rule_wanted_is_said_first():
    found = reasons.said({"kind": "says", "field": "body", "words": "x", "of_type": "adopted"}, made_up())
    assert found.startswith(swapped("it is an adopted rule"))


@pytest.mark.parametrize("evidence", [{"field": "title", "words": "old"}, {"kind": "new", "field": "title"}])
def test_a_reason_of_which_the_row_tells_too_little_stays_english(evidence):
    assert reasons.said(evidence, made_up()) == ""


def test_numbers_of_people_are_written_as_the_language_writes_them():
    assert f"{SUBMITTED.audience:,}" in composed("approval").text
    assert swapped("people") in composed("approval@ar").text
