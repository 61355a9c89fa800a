"""Every letter is what it was, byte for byte; a change that is meant is written by rewrite_golden.py and read as a diff."""

import pytest
from letters import GOLDEN, KEPT, golden


@pytest.mark.parametrize("name", KEPT)
def test_a_letter_is_what_it_was(name):
    for file, content in golden(name).items():
        assert (GOLDEN / file).read_bytes().decode() == content.decode(), (
            "if meant: python tests/messages/rewrite_golden.py"
        )


def test_there_is_no_golden_file_of_a_letter_that_is_gone():
    assert {one.name for one in GOLDEN.iterdir()} == {file for name in KEPT for file in golden(name)}
