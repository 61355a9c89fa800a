"""Index: one pass finds what looking for each phrase by itself finds, whatever the phrases and the text."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.formats.index import Index
from dispatcher.formats.words import fold, phrase


def plainly(term, folded):
    """Where a phrase stands, eight times in each block, by trying each place where a word begins."""
    wanted = phrase(term)
    run, joints = folded.letters.run, folded.letters.joints
    begins = [at for at, joint in enumerate(joints) if joint]
    found = []
    for at in begins[:-1]:
        end = at + len(wanted.letters.run)
        if run[at:end] != wanted.letters.run or (end not in begins and not wanted.is_prefix):
            continue
        there = _pieces(run, joints, at, end)
        asked = _pieces(wanted.letters.run, wanted.letters.joints, 0, len(wanted.letters.run))
        if there[0] <= asked[1] and asked[0] <= there[1]:
            found.append((at, end))
    blocks = [folded.block(at) for at, _ in found]
    return [one for number, one in enumerate(found) if blocks[:number].count(blocks[number]) < 8]


def _pieces(run, joints, at, end):
    """Where the letters are divided for certain, and where they may be."""
    inner = range(at + 1, end)
    return {one - at for one in inner if joints[one] == 1}, {one - at for one in inner if joints[one]}


_WORDS = st.sampled_from(
    ["a", "ab", "b", "rule", "making", "rulemaking", "340B", "§", "80", "é", "o'b", "M.R.S."]
)
_JOINTS = st.sampled_from([" ", " ", "-", "\u2013", "  ", ". ", "\u00ad", " - "])
_TEXTS = st.lists(st.tuples(_WORDS, _JOINTS), max_size=12).map(
    lambda pairs: "".join(one for pair in pairs for one in pair)
)
_TERMS = st.tuples(
    st.lists(st.tuples(_WORDS, st.sampled_from([" ", "-"])), max_size=3), _WORDS, st.sampled_from(["", "*"])
).map(
    lambda term: (
        "".join(one for pair in term[0] for one in pair)
        + term[1]
        + (term[2] if term[1][-1].isalnum() else "")
    )
)


@given(st.lists(_TERMS, max_size=12), st.lists(_TEXTS, max_size=4))
@example(
    ["long term-care", "longterm care", "long-term care", "long termcare"],
    ["long-term-care", "long term care"],
)
@example(["a", "a*", "a a", "aa", "a-a"], ["a a-a aa a\u00ada"])
@settings(max_examples=200, deadline=None)
def test_one_pass_finds_what_looking_for_each_phrase_finds(terms, texts):
    folded = fold(texts)
    expected = {term: plainly(term, folded) for term in set(terms)}
    assert Index({term: term for term in terms}).find(folded) == {
        term: found for term, found in expected.items() if found
    }


def test_the_same_words_may_have_many_keys():
    keywords = Index(
        {1: "rulemaking", 2: "rule making", 3: "Rule-Making", 4: "rulemaking", 5: "rulemak*", 6: "ruler"}
    )
    assert keywords.find(fold(["Rule-making"])).keys() == {1, 2, 3, 4, 5}


def test_nothing_to_look_for_is_found_nowhere():
    assert not Index({}).find(fold(["text"]))
    assert not Index({1: "text"}).find(fold([]))


def test_a_term_that_cannot_be_looked_for_is_named():
    with pytest.raises(ValueError, match="“— !” cannot be looked for: it holds no letter"):
        Index({1: "fine", 2: "— !"})


def test_many_phrases_find_what_few_do():
    terms = {number: f"word{number} more" for number in range(5_000)}
    folded = fold(["word7 more, word4999 more", "word4999", "more"])
    found = Index(terms).find(folded)
    assert found == {number: plainly(terms[number], folded) for number in (7, 4_999)}


@pytest.mark.parametrize("piece", ["a", "a ", "a-", "ab ", "- "])
def test_no_text_makes_looking_slow(piece):
    terms = {number: "a" * number + "*" for number in range(1, 50)}
    folded = fold([piece * (10_000 // len(piece))])
    index = Index(terms)
    began = time.process_time()
    index.find(folded)
    assert time.process_time() - began < 2  # about 0.2


def test_every_letter_belongs_to_a_block():
    folded = fold(["one two", "", "three"])
    begins = [at for at, joint in enumerate(folded.letters.joints) if joint]
    words = {folded.letters.run[at:end]: folded.block(at) for at, end in pairwise(begins)}
    assert {word: block for word, block in words.items() if word.isalpha()} == {
        "one": 0,
        "two": 0,
        "three": 2,
    }
