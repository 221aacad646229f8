"""A test finds the inputs of a board at rest, whatever the one before did to them."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
from harness.link.virtual import VirtualControl, VirtualSettings, find_control, start_virtual

if TYPE_CHECKING:
    from pathlib import Path

#: Each test looks first, at what the one before has left.
SCENARIO = '''
import pytest
from harness.deadline import Deadline

LOOK = """
from machine import ADC, I2C, Pin
import network
pins = [Pin(number, Pin.IN).value() for number in (2, 12, 27, 34, 13, 5)]
levels = [ADC(Pin(number), atten=3).read_u16() for number in (32, 33, 35, 36, 39)]
bus = I2C(0)
bus.writeto_mem(0x68, 0x6b, bytes(1))
motion = list(bus.readfrom_mem(0x68, 0x75, 1) + bus.readfrom_mem(0x68, 0x3b, 14))
station = network.WLAN(network.STA_IF)
station.active(True)
"""
AT_REST = ([0, 0, 1, 1, 0, 1], [0] * 5, [0x98, 0, 0, 0, 0, 0x40, 0, 0xF0, 0xB0, 0, 0, 0, 0, 0, 0])

def gestures(inputs, rig):
    inputs.press("b")
    inputs.turn(70)
    inputs.tilt("left")
    inputs.rotate(10)
    inputs.wifi("down")
    inputs.ir_code(1, 2)

def by_name(inputs, rig):
    values = {"power_key": True, "gpio2": 1, "gpio13": 1, "adc32": 0.5, "imu_id": 0x68}
    for name, value in values.items():
        inputs.set(name, value)

def past_the_fixture(inputs, rig):
    rig.set("button_c", True, Deadline.after(5))
    rig.set("wifi", "wrong_password", Deadline.after(5))

def light_that_goes_on(inputs, rig):
    inputs.set("ir", [65000, 1] * 100)

def nothing(inputs, rig):
    pass

ACTS = [gestures, by_name, past_the_fixture, light_that_goes_on, nothing]

@pytest.mark.parametrize("act", ACTS)
def test_it(board, inputs, act):
    board.exec(LOOK)
    assert tuple(board.evaluate("[pins, levels, motion]")) == AT_REST
    ssid, password = board.board.rig.network
    board.exec(
        f"import time\\nstation.connect({ssid!r}, {password!r})\\n"
        "while not station.isconnected():\\n    time.sleep_ms(10)", within_s=5)
    act(inputs, board.board.rig.inputs)
'''


class Run:
    """A run of the scenario, by what it wrote."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("HIL_BOARD", "HIL_DEVICE_SRC", "HIL_REPORT_DIR", "HIL_TIME_SCALE"):
            monkeypatch.delenv(name, raising=False)
        pytester.makepyfile(test_it=SCENARIO)
        self._pytester = pytester

    def on(self, board: str, *arguments: str) -> list[tuple[str, str]]:
        """Run it; return each test's verdict and message."""
        self._pytester.runpytest_inprocess(
            "-p", "no:hypothesispytest", "--hil-board", board, *arguments
        )
        tests = json.loads((self._folder / "run.json").read_text(encoding="utf-8"))["tests"]
        return [(test["verdict"], test["message"]) for test in tests]

    def noted(self) -> list[str]:
        """Return the parameter of each test in which inputs were let go."""
        lines = (self._folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        tests = [entry["test"] for entry in entries if entry.get("name") == "inputs: at rest"]
        return [test.partition("[")[2].rstrip("]") for test in tests]

    @property
    def _folder(self) -> Path:
        reports = (self._pytester.path / "reports").glob("2*")
        return next(path for path in reports if path.is_dir())


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(pytester, monkeypatch)


def test_inputs_are_at_rest_at_the_beginning_of_each_test(run: Run) -> None:
    assert run.on("virtual") == [("pass", "")] * 5
    assert run.noted() == ["gestures", "by_name", "past_the_fixture", "light_that_goes_on"]


def test_inputs_that_somebody_left_are_at_rest_in_the_first_test(run: Run) -> None:
    with contextlib.closing(start_virtual(VirtualSettings(), Deadline.after(10))) as board:
        path = find_control(board.port)
        assert path is not None
        with contextlib.closing(VirtualControl(path)) as control:
            control.inputs.set("potentiometer", 0.5, Deadline.after(5))
            control.inputs.set("wifi", "down", Deadline.after(5))
        assert run.on(f"port:{board.port}", "-k", "nothing") == [("pass", "")]
        assert run.noted() == ["nothing"]
