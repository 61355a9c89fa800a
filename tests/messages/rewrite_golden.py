"""Write the golden files anew, after a change that is meant: `python tests/messages/rewrite_golden.py`. Read the diff before you commit."""

import sys
from pathlib import Path

_TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(_TESTS), str(_TESTS.parent)]

from letters import GOLDEN, KEPT, golden  # noqa: E402 -- the path above must stand first


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.iterdir():
        old.unlink()
    for name in KEPT:
        for file, content in golden(name).items():
            (GOLDEN / file).write_bytes(content)


if __name__ == "__main__":
    main()
