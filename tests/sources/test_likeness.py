from dataclasses import replace
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notices import LONG
from records import record

from dispatcher.sources.likeness import in_common, original, same
from dispatcher.sources.notice import Notice

DAY = datetime(2026, 3, 2, 15, tzinfo=UTC)
PAGE = "https://www.maine.gov/dhhs/about/rulemaking/adoption-2026-03-02"


def notice(title: str, body: str = "", link: str = "", days: float = 0) -> Notice:
    return Notice.of(replace(record(title, link, body=body), published_at=DAY + timedelta(days=days)), DAY)


ADOPTION = notice(
    "MaineCare Notice of Agency Rule-making Adoption: Chapter II, Section 80, Pharmacy Services",
    f"<p>{LONG}</p>",
    PAGE,
)

ONE = [
    ("the same address", notice("Adopted Rule: Section 80", "", PAGE, days=90)),
    (
        "the only notice page it links to",
        notice("Pharmacy rule adopted", f'<p>See <a href="{PAGE}">the rule</a>.</p>', days=9),
    ),
    ("the title without its lead-in", notice("Adopted Rule: Section 80, Pharmacy Services", days=6)),
    ("the text", notice("Pharmacies are paid otherwise: rule adopted", f"<p>{LONG}</p>", days=-6)),
    ("the text, where one type is not known", notice("Pharmacies are paid otherwise", f"<p>{LONG}</p>")),
]
TWO = [
    ("another section", notice("Adopted Rule: Chapter II, Section 85, Pharmacy Services", f"<p>{LONG}</p>")),
    ("another stage", notice("Proposed Rule: Chapter II, Section 80, Pharmacy Services", f"<p>{LONG}</p>", PAGE)),
    ("an emergency", notice("Emergency Rule: Section 80, Pharmacy Services", f"<p>{LONG}</p>")),
    ("too long ago", notice("Adopted Rule: Section 80, Pharmacy Services", days=-8)),
    ("a mark", notice("Correction: Adopted Rule: Section 80, Pharmacy Services", f"<p>{LONG}</p>", PAGE)),
    ("a title alone, where one type is not known", notice("Chapter II, Section 80, Pharmacy Services")),
    ("another date", notice("Adopted Rule: Section 80, Pharmacy Services, April 3")),
]  # fmt: skip


@pytest.mark.parametrize("other", [one for _, one in ONE], ids=[name for name, _ in ONE])
def test_one_notice(other):
    assert same(ADOPTION, other, one_source=False)
    assert same(other, ADOPTION, one_source=False)


@pytest.mark.parametrize("other", [one for _, one in TWO], ids=[name for name, _ in TWO])
def test_two_notices(other):
    dated = replace(ADOPTION, title=f"{ADOPTION.title}, March 27") if "April" in other.title else ADOPTION
    assert not same(dated, other, one_source=False)
    assert not same(other, dated, one_source=False)


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("Codes for dental claims, CR 91586", "What dentists must know, CR 91586", True),
        ("Codes for dental claims, CR 91586", "What dentists must know, CR 91587", False),
        ("Codes for claims of Section 25, CR 91586", "Codes for claims of Section 45, CR 91586", False),
        ("340B Billing, Quarter 1", "340B Billing, Quarter 2", False),
    ],
)
def test_change_requests_and_other_numbers(one, other, is_one):
    assert same(notice(one), notice(other), one_source=False) is is_one


def test_a_file_that_moved_to_another_page_is_one_notice_for_ever():
    file = "https://www.maine.gov/files/340b.pdf"
    assert same(
        notice("340B Overview", "", file), notice("340B overview", "", file, days=400), one_source=False
    )


def test_within_one_source_only_equals_are_one():
    weekly = notice("MaineCare Updates", f"<p>{LONG}</p>")
    assert same(weekly, notice("MaineCare updates", f"<div>{LONG}</div>", days=1), one_source=True)
    assert not same(weekly, notice("MaineCare Updates", f"<p>{LONG}</p>", days=30), one_source=True)
    assert not same(weekly, notice("MaineCare Updates", f"<p>{LONG} More.</p>"), one_source=True)
    assert not same(notice("MaineCare Updates"), notice("MaineCare Updates"), one_source=True)


class TestOriginal:
    EARLIER = (
        notice("Portal closed on October 24", f"<p>{LONG}</p>", days=-1),
        notice("Portal closed on October 4", days=-20),
        notice("Adopted Rule: Portal closed on October 24", days=-2),
    )

    @pytest.mark.parametrize(
        ("title", "body", "place"),
        [
            ("Updated: Portal closed on October 24", "", 0),
            ("Correction: When pharmacies cannot send claims", f"<p>Please note. {LONG}</p>", 0),
            ("Adopted Rule: Portal closed on October 24 (Corrected)", "", 2),
            ("Correction: Something else entirely", "", None),
            ("Portal closed on October 4 (re-posted to update links)", "", 1),
            ("Portal is closed on October 4 (re-posted to update links)", "", None),
        ],
    )
    def test_is_the_latest_that_is_like_it(self, title, body, place):
        assert original(notice(title, body), self.EARLIER) == place

    def test_is_neither_later_nor_older_than_sixty_days(self):
        assert original(notice("Updated: Portal closed on October 24", days=60), self.EARLIER) is None
        assert original(notice("Updated: Portal closed on October 24", days=-3), self.EARLIER[:1]) is None


def noticed(title: str, body: str = "") -> Notice:
    return Notice(title, body, "", "notice", "", datetime(2026, 3, 2, tzinfo=UTC))


@given(st.text("abcdé –", min_size=1, max_size=40), st.text("abcdé –", max_size=40))
def test_letters_that_are_apart_never_hide_likeness(one: str, other: str) -> None:
    pair = noticed(one), noticed(other)
    apart = (pair[0].letters ^ pair[1].letters).bit_count()
    names = pair[0].bare, pair[1].bare
    ratio = SequenceMatcher(None, *names, autojunk=False).ratio()
    assert ratio <= 1 - apart / max(1, sum(map(len, names))) + 1e-9


@given(st.lists(st.sampled_from("abcdefgh"), min_size=20, max_size=60), st.data())
def test_who_has_four_fifths_of_the_shingles_has_one_of_a_fifth(
    words: list[str], data: st.DataObject
) -> None:
    changed = list(words)
    for _ in range(data.draw(st.integers(0, 4))):
        changed[data.draw(st.integers(0, len(words) - 1))] = "z"
    one, other = noticed("x", f"<p>{' '.join(words)}</p>"), noticed("x", f"<p>{' '.join(changed)}</p>")
    common = len(one.shingles & other.shingles)
    if common and common >= 0.8 * max(len(one.shingles), len(other.shingles)):
        assert not one.a_fifth.isdisjoint(other.shingles)


few_letters = st.text("abc ", max_size=24)


@given(few_letters, few_letters)
def test_what_two_titles_have_in_common_in_one_order_is_counted_and_difflib_finds_no_more(
    one: str, other: str
) -> None:
    longest = [0] * (len(other) + 1)
    for letter in one:
        before = longest[:]
        for at, another in enumerate(other):
            longest[at + 1] = before[at] + 1 if letter == another else max(before[at + 1], longest[at])
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    assert sum(block.size for block in blocks) <= in_common(one, other) == longest[-1]
