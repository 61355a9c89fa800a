import pytest

from dispatcher.sources import body_hash


def test_it_tells_bytes_apart_and_who_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = body_hash.of(b"one"), body_hash.of(b"other")
    assert one == body_hash.of(b"one") != other
    assert len(one) == 64
    assert body_hash.is_by_present_readers(one)
    monkeypatch.setattr(body_hash, "readers", lambda: "0" * 64)
    assert body_hash.of(b"one") != one
    assert not body_hash.is_by_present_readers(one)


def test_what_was_kept_before_readers_were_told_apart_is_read_again() -> None:
    assert not body_hash.is_by_present_readers("")


@pytest.mark.parametrize("changed", ["code", "library"])
def test_readers_differ_when_code_or_a_library_does(tmp_path, monkeypatch, changed: str) -> None:
    for folder in ("formats", "sources"):
        (tmp_path / folder).mkdir()
    (tmp_path / "sources" / "feeds.py").write_text("one way")
    monkeypatch.setattr(body_hash, "_OURS", tmp_path)
    before = body_hash.readers.__wrapped__()
    if changed == "code":
        (tmp_path / "sources" / "feeds.py").write_text("another")
    else:
        monkeypatch.setattr(body_hash, "version", lambda name: f"{name} of tomorrow")
    assert body_hash.readers.__wrapped__() != before
