"""A body as it arrives: counted and unpacked chunk by chunk, so that a bomb is stopped while it is being read. Pure."""

import zlib

from dispatcher.errors import Unreachable, Unreadable

_PACKED = {"gzip", "x-gzip"}
_PLAIN = {"", "identity"}


class Body:
    """Takes chunks and gives the whole. `most` bounds it unpacked, `ratio` how much larger it may be than what arrived."""

    def __init__(self, encoding: str, *, most: int, ratio: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in _PACKED | _PLAIN:
            raise Unreadable(f"packed as {encoding[:40]!r}, though only gzip was asked for")
        self._gzip = _unpacker() if encoding in _PACKED else None
        self._most, self._ratio = most, ratio
        self._pieces: list[bytes] = []
        self._arrived = self._size = 0

    def add(self, chunk: bytes) -> None:
        self._arrived += len(chunk)
        if self._gzip is None:
            self._keep(chunk)
            return
        while chunk:
            if self._gzip.eof:  # gzip may be several members one after the other
                self._gzip = _unpacker()
            try:
                self._keep(self._gzip.decompress(chunk, self._most - self._size + 1))
            except zlib.error:
                raise Unreadable("not gzip, though it says so") from None
            chunk = self._gzip.unconsumed_tail or self._gzip.unused_data

    def _keep(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._most:
            raise Unreadable(f"larger than {self._most} bytes")
        if self._gzip and self._size > self._ratio * self._arrived:
            raise Unreadable(f"unpacks to more than {self._ratio} times its size")

    def whole(self) -> bytes:
        """All of it; a gzip stream without its end was cut off on the way."""
        if self._arrived and self._gzip and not self._gzip.eof:
            raise Unreachable("the packed body was cut off")
        return b"".join(self._pieces)


def _unpacker() -> "zlib._Decompress":
    return zlib.decompressobj(zlib.MAX_WBITS | 16)
