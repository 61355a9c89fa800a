"""Quoted-printable in pieces that can be joined: each begins and ends at the start of a line. Never sees a whole message.

The standard library's encoders take a body as a whole, and break lines wherever 76 characters happen to end: inside a
placeholder too. Here a piece ends in a line break of its own or in a soft one (`=` and CRLF, which decode to nothing), so any
piece may stand before any other, and what one person's copy holds can never move a line break of another's.
"""

import re

_LIMIT = 75  # RFC 2045 allows 76 characters a line; a soft break takes one of them
_LITERAL = frozenset(range(0x20, 0x7F)) - {ord("=")} | {ord("\t")}
_TOKENS = tuple(chr(byte) if byte in _LITERAL else f"={byte:02X}" for byte in range(256))
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


def encode(text: str) -> bytes:
    """The piece for this text, in UTF-8. Line breaks of any kind become CRLF."""
    *lines, rest = _LINE_BREAK.split(text)
    ended = [_line(line, end="\r\n") for line in lines]
    return "".join([*ended, _line(rest, end="=\r\n") if rest else ""]).encode("ascii")


def _line(line: str, *, end: str) -> str:
    tokens = [_TOKENS[byte] for byte in line.encode()]
    if tokens and tokens[-1] in " \t" and end == "\r\n":
        tokens[-1] = f"={ord(tokens[-1]):02X}"  # relays strip white space at the end of a line
    return "=\r\n".join(_rows(tokens)) + end


def _rows(tokens: list[str]) -> list[str]:
    rows = [""]
    for token in tokens:
        if len(rows[-1]) + len(token) > _LIMIT:
            rows.append("")
        # A dot that begins a line would have to be doubled for SMTP; encoded, it never has to be looked for.
        rows[-1] += "=2E" if (rows[-1], token) == ("", ".") else token
    return rows
