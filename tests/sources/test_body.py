import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.errors import DispatcherError, Unreachable, Unreadable
from dispatcher.sources.body import Body


def read(data: bytes, encoding: str, *, step: int = 7, most: int = 10_000, ratio: int = 100) -> bytes:
    body = Body(encoding, most=most, ratio=ratio)
    for at in range(0, len(data), step):
        body.add(data[at : at + step])
    return body.whole()


@given(st.binary(max_size=3_000), st.integers(1, 500))
@settings(max_examples=50)
def test_what_was_packed_comes_out_whole_however_it_was_cut(data, step):
    assert read(gzip.compress(data), "gzip", step=step) == data
    assert read(data, "", step=step) == data


@given(st.binary(min_size=1, max_size=500), st.integers(1, 30))
@settings(max_examples=50)
def test_a_packed_body_without_its_end_is_never_taken_for_whole(data, missing):
    packed = gzip.compress(data)
    with pytest.raises(Unreachable):
        read(packed[: max(1, len(packed) - missing)], "gzip")


def test_several_packed_members_are_one_body():
    assert read(gzip.compress(b"one ") + gzip.compress(b"two"), "x-gzip") == b"one two"


@pytest.mark.parametrize(
    ("most", "ratio", "words"), [(10_000, 10**9, "10000 bytes"), (10**9, 100, "100 times")]
)
def test_a_bomb_is_stopped_before_much_of_it_is_unpacked(most, ratio, words):
    bomb = gzip.compress(bytes(3_000_000))
    body = Body("gzip", most=most, ratio=ratio)
    with pytest.raises(Unreadable, match=words):
        body.add(bomb)


@pytest.mark.parametrize(
    "data",
    [b"plain text", gzip.compress(b"x") + b"rubbish", zlib.compress(b"deflated")],
    ids=["plain", "rubbish behind", "deflated"],  # gzip writes the time into its head: no name for a test
)
def test_what_is_not_gzip_though_it_says_so_is_unreadable(data):
    with pytest.raises(Unreadable, match="not gzip"):
        read(data, "gzip")


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "deflate", "zstd"])
def test_packings_nobody_asked_for_are_unreadable(encoding):
    with pytest.raises(DispatcherError, match="only gzip"):
        Body(encoding, most=1, ratio=1)


def test_the_largest_body_allowed_is_allowed():
    assert read(bytes(100), "", most=100) == bytes(100)
    with pytest.raises(Unreadable):
        read(bytes(101), "", most=100)
