"""Chaos until so many were killed: runs with one seed after the other, on SQLite and PostgreSQL by turns, and a report.

    python tests/chaos/run.py [--kills 200] [--seed N] [--harms 12]

SEED in the environment names the first seed, too; it is printed with each run, and `cycle.py --seed` repeats one alone. Exits 1 if a
promise was broken.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
from collections import Counter
from pathlib import Path
from statistics import quantiles
from typing import Any

DATABASES = ("sqlite", "postgresql")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or secrets.randbelow(10_000)))
    parser.add_argument("--harms", type=int, default=12)
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    seed = options.seed
    while sum(one["kills"] for one in results) < options.kills:
        for database in DATABASES:
            results.append(cycle(seed, database, options.harms))
            say(line_of(results[-1]))
        seed += 1
    say(report(options.seed, results))
    return int(any(one["broken"] for one in results))


def cycle(seed: int, database: str, harms: int) -> dict[str, Any]:
    """One run, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("cycle.py"))]
    command += ["--seed", str(seed), "--database", database, "--harms", str(harms)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.splitlines()
    try:
        result: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        sys.exit(f"the run with seed {seed} on {database} broke down: {lines[-20:]}")
    return result


def line_of(one: dict[str, Any]) -> str:
    told = "\n".join(f"  BROKEN {promise}" for promise in one["broken"])
    return (
        f"seed {one['seed']} on {one['database']}: {one['kills']} killed, {one['rows']} deliveries, {one['copies']} copies,"
        f" {one['doubled']} doubled ({one['allowed']} in flight), settled in {one['settled']} s\n{told}".rstrip()
    )


def report(seed: int, results: list[dict[str, Any]]) -> str:
    """What all runs come to."""
    total: Counter[str] = Counter()
    for one in results:
        total.update(
            {
                name: one[name]
                for name in ("kills", "rows", "copies", "doubled", "allowed", "departed", "parked")
            }
        )
    broken = [
        f"{one['seed']} on {one['database']}: {promise}" for one in results for promise in one["broken"]
    ]
    lost = sum(": lost: " in one for one in broken)
    recovered = sorted(second for one in results for second in one["recovered"])
    middle, worst = _percentiles(recovered)
    each, of_all = (
        total["doubled"] / max(1, total["kills"]),
        total["doubled"] / max(1, total["rows"]) * 100_000,
    )
    harms = Counter(what for one in results for what in one["harms"])
    lines = [
        f"\nseeds {seed}-{results[-1]['seed']}, {len(results)} runs: {dict(harms)}",
        f"killed {total['kills']}: {total['rows']} deliveries, {total['copies']} copies, {total['departed']} people left meanwhile",
        f"lost {lost}, doubled {total['doubled']}: {each:.2f} a kill, {of_all:.0f} of 100,000 ({total['allowed']} were in flight)",
        f"from a kill until the dead hold nothing: p50 {middle:.1f} s, p95 {worst:.1f} s of {len(recovered)} (lease 3 s, tick 1 s)",
        f"parked for a person to look at, after dying three times with whoever held them: {total['parked']}",
        f"promises broken: {len(broken)}",
    ]
    return "\n".join(lines + broken)


def _percentiles(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return (values or [0.0])[0], (values or [0.0])[0]
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what it is for


if __name__ == "__main__":
    sys.exit(main())
