import quopri
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.formats.quoted import encode

TEXTS = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(" .=\t\r\né中😀")), max_size=300
)


def unbroken(text):
    return re.sub(r"\r\n|\r|\n", "\r\n", text)


@given(st.lists(TEXTS, max_size=5))
def test_pieces_that_are_joined_decode_to_their_texts_joined(texts):
    encoded = b"".join(encode(text) for text in texts)
    assert quopri.decodestring(encoded) == "".join(unbroken(text) for text in texts).encode()


@given(TEXTS)
def test_every_piece_keeps_the_limits_of_a_line(text):
    encoded = encode(text)
    assert encoded.endswith(b"\r\n") or not text
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith(b".")
        assert not line.endswith((b" ", b"\t"))
        assert re.fullmatch(rb"[\t -~]*", line)


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("", b""),
        ("a", b"a=\r\n"),
        ("a\n", b"a\r\n"),
        ("a \nb", b"a=20\r\nb=\r\n"),
        ("\n.\n..a", b"\r\n=2E\r\n=2E.a=\r\n"),
        ("1=1 é", b"1=3D1 =C3=A9=\r\n"),
        ("x" * 75 + ".y", b"x" * 75 + b"=\r\n=2Ey=\r\n"),
    ],
)
def test_a_piece_looks_as_it_should(text, piece):
    assert encode(text) == piece
