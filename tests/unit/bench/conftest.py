"""The real interpreter and the real broker that the bench of the client works with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bench.client_broker import QuietBroker, quiet_mosquitto
from harness.bench.client_worker import Interpreter
from harness.broker.program import find_mosquitto
from harness.cli.benchmark import find_bare_interpreter
from harness.deadline import Deadline


@pytest.fixture
def interpreter() -> Interpreter:
    """MicroPython without the models of a virtual board."""
    return find_bare_interpreter(os.environ.get("HIL_MICROPYTHON", ""))


@pytest.fixture
def mosquitto() -> Path:
    """The Mosquitto that HIL_MOSQUITTO names, or the one that is installed."""
    return find_mosquitto(os.environ.get("HIL_MOSQUITTO"))


@pytest.fixture
def broker(mosquitto: Path) -> Iterator[QuietBroker]:
    """A broker that runs."""
    with quiet_mosquitto(mosquitto, Deadline.after(10.0)) as broker:
        yield broker
