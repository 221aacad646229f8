"""The RGB LED through its documented calls, seen by every source."""

from __future__ import annotations

import pytest

from harness.pytest_plugin.fixture import Led
from harness.scenario.dut import BoardUnderTest


@pytest.mark.requirement("CODEY-LED-01")
@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("255, 0, 0", (255, 0, 0)),
        ("0, 255, 0", (0, 255, 0)),
        ("0, 0, 255", (0, 0, 255)),
        ("10, 20, 30", (10, 20, 30)),
        ("2555, -1, 7.9", (255, 0, 7)),
    ],
)
def test_led_shows_the_colour(
    codey: BoardUnderTest, led: Led, given: str, seen: tuple[int, int, int]
) -> None:
    codey.exec(f"codey.led.show({given})")
    led.shows(*seen)


@pytest.mark.requirement("CODEY-LED-02")
def test_led_parts_change_one_at_a_time(codey: BoardUnderTest, led: Led) -> None:
    codey.exec("codey.led.show(1, 2, 3); codey.led.set_green(200)")
    led.shows(1, 200, 3)
    codey.exec("codey.led.set_red(100); codey.led.set_blue(50)")
    led.shows(100, 200, 50)
    codey.exec("codey.led.off()")
    led.shows(0, 0, 0)


@pytest.mark.requirement("CODEY-LED-02")
def test_led_parts_are_clamped(codey: BoardUnderTest, led: Led) -> None:
    codey.exec("codey.led.set_red(300); codey.led.set_green(-1); codey.led.set_blue(7.9)")
    led.shows(255, 0, 7)


@pytest.mark.requirement("CODEY-LED-01", "CODEY-LED-02")
@pytest.mark.parametrize(
    "call",
    ["show('9', 9, 9)", "show(9, True, 9)", "show(9, 9, None)", "set_red('9')", "set_blue(False)"],
)
def test_wrong_type_keeps_the_colour(codey: BoardUnderTest, led: Led, call: str) -> None:
    codey.exec(f"codey.led.show(1, 2, 3); codey.led.{call}")
    led.shows(1, 2, 3)
