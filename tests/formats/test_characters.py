import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.formats.characters import is_odd, storable

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
TEXTS = st.text(st.characters(), max_size=30) | st.text(st.characters(max_codepoint=160), max_size=30)


@pytest.mark.parametrize("beside", ["a", "é"])
def test_no_control_character_and_no_half_of_one_is_stored(beside: str) -> None:
    kept = {one for one in EVERY if storable(beside + one) == beside + one}
    assert {one for one in EVERY if storable(beside + one) == beside} == set(EVERY) - kept
    controls = {one for one in EVERY if unicodedata.category(one) == "Cc" and one < "\x80"} - set("\t\n\r")
    assert set(EVERY) - kept == controls | set(map(chr, range(0xD800, 0xE000))) | {"\ufffe", "\uffff"}


@pytest.mark.parametrize("beside", ["a", "é"])
def test_odd_is_what_parsers_disagree_about(beside: str) -> None:
    odd = {one for one in EVERY if is_odd(beside + one)}
    unstorable = {one for one in EVERY if not storable(one)}
    assert odd == unstorable | set(map(chr, [0x0D, *range(0x80, 0xA0), *range(0xFDD0, 0xFDF0)]))


@given(TEXTS)
def test_what_is_stored_is_what_was_said_without_them(text: str) -> None:
    assert storable(text) == "".join(map(storable, text))
    assert is_odd(text) == any(map(is_odd, text))
