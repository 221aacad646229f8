"""What a driver of panel and LED has to do; `test_driver_mutants.py` runs it for each mutant."""

from __future__ import annotations

import pytest

from harness.deadline import Deadline
from harness.pytest_plugin.fixture import Display, Led
from harness.scenario.dut import BoardUnderTest

#: No two columns are alike, none is the same upside down, and the whole has no symmetry.
IMAGE = "01031f2f4f8f0b17372757674d0d9d8d"


def test_panel(board: BoardUnderTest, display: Display) -> None:
    board.exec(f"import codey; codey.display.show_image({IMAGE!r})")
    display.is_frame(bytes.fromhex(IMAGE))


@pytest.mark.needs("bench")
def test_brightness(board: BoardUnderTest) -> None:
    board.exec("import codey; codey.display.show(8)")
    assert board.board.rig.bench is not None
    state = board.board.rig.bench.state(Deadline.after(5.0))
    assert (state.brightness, any(state.columns)) == (7, True)


def test_led(board: BoardUnderTest, led: Led) -> None:
    board.exec("import codey; codey.led.show(200, 90, 31)")
    led.shows(200, 90, 31)
