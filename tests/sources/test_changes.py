from hypothesis import given, settings
from hypothesis import strategies as st
from records import record

from dispatcher.sources import changes
from dispatcher.sources.changes import MOST, Change, between


def test_sentences_that_were_added_removed_and_changed_are_told_apart():
    before = record(
        "Portal closed",
        body="<p>It closes at 6 p.m. on Saturday. Claims are lost. Call us.</p><p>See Ch. 101, Sec. 80.</p>",
    )
    after = record(
        "Updated: Portal closed",
        body="<p>*It closes at 10 p.m. on Saturday. Call us.</p><p>See Ch. 101, Sec. 80.</p><p>Nothing is to be sent twice.</p>",
    )
    assert between(before, after) == [
        Change("changed", "It closes at 6 p.m. on Saturday.", "*It closes at 10 p.m. on Saturday."),
        Change("removed", "Claims are lost.", ""),
        Change("added", "", "Nothing is to be sent twice."),
    ]


def test_a_new_title_is_a_change_and_its_mark_is_none():
    assert between(record("Hearing on March 27"), record("Correction: Hearing on April 3")) == [
        Change("changed", "Hearing on March 27", "Hearing on April 3")
    ]


def test_a_sentence_that_moved_and_one_set_in_bold_are_no_change():
    before = record(body="<p>First comes this. Then comes that.</p>")
    after = record(body="<p>Then comes that.</p><p><strong>*First comes this.</strong></p>")
    assert between(before, after) == []


def test_there_are_never_too_many_and_none_is_endless():
    found = between(record(), record(body="".join(f"<p>Line {n} {'x' * 2_000}</p>" for n in range(50))))
    assert len(found) == MOST
    assert max(len(one.after) for one in found) < 700


SENTENCES = st.lists(
    st.sampled_from(["The rate is $5.", "The rate is $6.", "Call us.", "Nothing else."]), max_size=6
)


@given(SENTENCES, SENTENCES)
@settings(max_examples=50)
def test_nothing_is_told_that_neither_text_says(before, after):
    found = changes.between(
        record(body=f"<p>{' '.join(before)}</p>"), record(body=f"<p>{' '.join(after)}</p>")
    )
    assert {one.before for one in found} <= {*before, ""}
    assert {one.after for one in found} <= {*after, ""}
    assert {one.after for one in found} - {""} == {one for one in after if one not in before}
