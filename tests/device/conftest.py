"""Fixtures of the device tests: a broker's side, and programs under both interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.device.peer import Peer
from tests.device.program import (
    DEVICE_SRC,
    HERE,
    PRELUDE,
    Program,
    Seen,
    micropython_command,
    run_board,
)


@pytest.fixture(params=["micropython", "cpython"])
def runtime(request: pytest.FixtureRequest) -> list[str]:
    """The command that runs a script with `mqtt.py`, once for each interpreter."""
    if request.param == "micropython":
        return [micropython_command()]
    return [sys.executable, "-S", "-u"]


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A broker's side."""
    played = Peer()
    yield played
    played.close()


Start = Callable[[str], Program]


@pytest.fixture
def start(runtime: list[str], peer: Peer, tmp_path: Path) -> Iterator[Start]:
    """Start the client's side: a program that finds `make`, `tries`, `heard` and `PORT`."""
    started: list[subprocess.Popen[str]] = []

    def run(source: str) -> Program:
        script = tmp_path / f"program{len(started)}.py"
        prelude = PRELUDE.format(device_src=str(DEVICE_SRC), port=peer.port)
        script.write_text(prelude + source, encoding="utf-8")
        environment = {"PYTHONPATH": str(HERE / "cpython"), "PATH": os.environ["PATH"]}
        process = subprocess.Popen(
            [*runtime, str(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return Program(process)

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def board() -> Callable[[str], Seen]:
    """Run a program on the recording model of the board."""
    return run_board
