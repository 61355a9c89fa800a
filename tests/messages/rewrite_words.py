"""Write the template of translations anew, after a change of words: `python tests/messages/rewrite_words.py`."""

import sys
from pathlib import Path

_TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(_TESTS), str(_TESTS.parent)]

from words import TEMPLATE, as_file, extracted  # noqa: E402 -- the path above must stand first


def main() -> None:
    TEMPLATE.parent.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(as_file(extracted()))


if __name__ == "__main__":
    main()
