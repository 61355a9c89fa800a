"""What no log may hold, made unreadable: e-mail addresses, the tickets of our links, passwords in URLs.

`MaskedRecord` is a log record that never shows them, in its message or in the traceback of an exception, whichever handler writes
it, ours or a library's.
"""

import logging
import re

from dispatcher.formats import address

_LINK = re.compile(r"/(u|confirm|manage)/[^\s/\"'<>?#&]+")
_PASSWORD = re.compile(r"(://)[^\s/@]+@")
# No longer than local part and domain can be: without a limit a long line without an @ would take minutes. A quote before it stays.
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.!#$%&+=?^`{|}~-][\w.!#$%&'+=?^`{|}~-]{0,63}@[\w-][\w.-]{0,252}")


def masked(text: str) -> str:
    """The text as a log may hold it: `/u/***`, `://***@relay`, `j***@example.com`."""
    text = _LINK.sub(r"/\1/***", text)
    text = _PASSWORD.sub(r"\1***@", text)
    return _ADDRESS.sub(lambda found: address.mask(found[0]), text)


class MaskedRecord(logging.LogRecord):
    """Masks when it is formatted, so that what nobody writes costs nothing."""

    def getMessage(self) -> str:  # noqa: N802 -- the library's name
        """As the library's, masked."""
        return masked(super().getMessage())

    def __setattr__(self, name: str, value: object) -> None:
        # Formatters keep the traceback here, and the next handler writes what it finds.
        shown = name in {"exc_text", "stack_info"} and isinstance(value, str)
        super().__setattr__(name, masked(str(value)) if shown else value)
