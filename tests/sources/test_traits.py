"""What an index asks for is never more than what likeness asks for: whoever is the same is found."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.sources import traits
from dispatcher.sources.likeness import same, same_title
from dispatcher.sources.notice import Notice

DAY = datetime(2026, 3, 2, 15, tzinfo=UTC)
PAGES = [
    "",
    "https://www.maine.gov/dhhs/about/rulemaking/a",
    "https://n.example/1",
    "https://n.example/a.pdf",
]

words = st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=0, max_size=80)
titles = st.text("abcdefgh 12", min_size=1, max_size=60)
edits = st.lists(st.tuples(st.integers(0, 80), st.sampled_from("abz ")), max_size=8)
links = st.sampled_from(PAGES)
days = st.integers(-9, 9)
types = st.sampled_from(["notice", "adopted"])


def edited(text: list[str], changes: list[tuple[int, str]]) -> list[str]:
    """Some of it changed, cut or grown: the second of each says how."""
    written = list(text)
    for at, new in changes:
        place = at % (len(written) + 1)
        written[place : place + (new != "a")] = [] if new == " " else [new]
    return written


def body(text: list[str], page: str, request: int) -> str:
    linked = f"<p><a href='{page}'>see</a></p>" if page else ""
    return f"<p>{' '.join(text)}</p>{linked}" + (f"<p>CR {10_000 + request}</p>" if request else "")


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Notice, Notice]:
    """Two notices with much in common."""
    title, text = draw(titles), draw(words)
    pair = []
    for changes in (edits if draw(st.booleans()) else st.just([]) for _ in range(2)):
        named = "".join(edited(list(title), draw(changes)))
        said = body(edited(text, draw(changes)), draw(links), draw(st.integers(0, 1)))
        at = DAY + timedelta(days=draw(days))
        pair.append(Notice(named or "x", said, draw(links), draw(types), "", at))
    return pair[0], pair[1]


def is_found(asking: Notice, there: Notice) -> bool:
    """As the statements of `sightings` ask it."""
    kept, wanted = traits.kept(there), traits.wanted(asking)
    return bool(wanted.named & kept) or len(wanted.runs & kept) >= wanted.least or has_title(asking, there)


def has_title(asking: Notice, there: Notice) -> bool:
    if not asking.bare or (asking.type, asking.mark) != (there.type, there.mark):
        return False
    title, length = traits.like(asking), len(there.bare)
    apart = sum(
        abs(one - other) for one, other in zip(title.letters, traits.letters(there.bare), strict=True)
    )
    return (
        title.shortest <= length <= title.longest
        and title.since <= int(there.at.timestamp()) <= title.until
        and 10 * apart <= length + len(asking.bare)
    )


SAID = [chr(97 + at % 26) + str(at) for at in range(60)]


@given(pairs(), st.booleans())
@settings(max_examples=600, deadline=None)
@example((Notice("x", body(SAID, "", 0), "", "notice", "", DAY), Notice("y", body(SAID[6:], "", 0), "", "notice", "", DAY)), False)  # fmt: skip
def test_whoever_is_the_same_is_found(pair: tuple[Notice, Notice], one_source: bool) -> None:
    one, other = pair
    if same(one, other, one_source=one_source):
        assert is_found(one, other)
        assert is_found(other, one)


@given(st.lists(st.sampled_from([f"w{n}" for n in range(300)]), min_size=10, max_size=120), st.data())
@settings(max_examples=300, deadline=None)
def test_texts_with_four_fifths_in_common_are_found_by_their_words(
    text: list[str], data: st.DataObject
) -> None:
    other = edited(
        text, data.draw(st.lists(st.tuples(st.integers(0, 120), st.sampled_from("abz ")), max_size=4))
    )
    pair = [Notice("x", body(one, "", 0), "", "notice", "", DAY) for one in (text, other)]
    common, most = len(pair[0].shingles & pair[1].shingles), max(len(one.shingles) for one in pair)
    if min(len(one.shingles) for one in pair) >= 10 and common >= 0.8 * most:
        wanted = traits.wanted(pair[0])
        assert len(wanted.runs & traits.kept(pair[1])) >= wanted.least


@given(st.text("abcdefgh", min_size=1, max_size=60), st.text("abcdz", max_size=14))
@example("abcdefgha", "bc")
@settings(max_examples=300, deadline=None)
def test_titles_that_are_alike_are_found_by_their_letters(title: str, more: str) -> None:
    one, other = (Notice(said, "", "", "notice", "", DAY) for said in (title, title + more))
    if same_title(one, other):
        assert has_title(one, other)
        assert has_title(other, one)


def test_two_rule_notices_that_begin_and_end_alike_are_not_looked_at() -> None:
    found = [
        Notice(
            f"Adopted Rule: Section {number}", f"<p>The Department adopts changes to Chapter II, Section {number}. "
            f"{' '.join(f'{number}w{at}' for at in range(12))} Effective on March 31, 2026.</p>", "", "adopted", "", DAY,
        )
        for number in (80, 85)
    ]  # fmt: skip
    wanted = traits.wanted(found[0])
    assert len(wanted.runs & traits.kept(found[1])) < wanted.least


def test_the_grammar_is_raised_when_traits_come_out_otherwise() -> None:
    one = Notice("Adopted Rule: Section 80, Pharmacy", body(SAID, PAGES[1], 7), PAGES[2], "adopted", "", DAY)
    drawn = (sum(traits.kept(one)) % 1_000_003, len(traits.kept(one)), traits.letters(one.bare))
    assert (traits.GRAMMAR, drawn) == (1, (814_554, 27, (6, 4, 1, 3, 2, 2, 1, 1)))
