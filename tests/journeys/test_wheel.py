"""What somebody gets who installs the wheel: in an empty environment, away from the checkout, the demo does the whole job."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def call(*command: object, cwd: Path) -> str:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("DISPATCHER_", "PYTHON"))
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_wheel_brings_all_that_the_demo_needs(tmp_path: Path) -> None:
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    call(*install, "--require-hashes", "-r", ROOT / "requirements.txt", cwd=tmp_path)
    call(*install, "--no-deps", wheel, cwd=tmp_path)
    sums = json.loads(call(home / "bin" / "dispatcher", "demo", "--json", cwd=tmp_path))
    assert sums["bulletins"] > 10
    assert sums["deliveries"] == sums["received"] > 5
