"""The command line as a user starts it, on one virtual board for all of these tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.deadline import Deadline
from harness.link.virtual import VirtualProcess, VirtualSettings, start_virtual

LIMIT_S = 60.0


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one object on standard output, which holds nothing else."""
        return json.loads(self.stdout)


Hil = Callable[..., Ended]


def environment() -> dict[str, str]:
    """Return the environment without the options of the harness."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HIL_")}
    if "HIL_MOSQUITTO" in os.environ:
        kept["HIL_MOSQUITTO"] = os.environ["HIL_MOSQUITTO"]
    return kept


@pytest.fixture
def hil(tmp_path: Path) -> Hil:
    """Return a function that runs ``hil`` with arguments in an empty folder."""

    def run(*arguments: str, stdin: str | None = None, **variables: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli", *arguments],
            cwd=tmp_path,
            env={**environment(), **variables},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert "Traceback (most recent call last)" not in done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def process() -> Iterator[VirtualProcess]:
    """A virtual board that lives as long as these tests."""
    process = start_virtual(VirtualSettings(), Deadline.after(20.0))
    yield process
    process.close()


@pytest.fixture(scope="session")
def board(process: VirtualProcess) -> str:
    """The board with the device code on it, as a specification."""
    spec = f"port:{process.port}"
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "deploy", "--board", spec],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return spec
