"""Gestures: which settings they end as, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from harness.errors import ConfigError
from harness.scenario import input as gestures
from harness.scenario.input import POSITIONS, RigInputs
from harness.wire import infrared
from tests.unit.scenario.conftest import HandInputs, Notebook


class Slept:
    """A clock for gestures: keeps how long each part was."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Keep it."""
        self.seconds.append(seconds)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> Slept:
    """Let no time pass."""
    clock = Slept()
    monkeypatch.setattr(gestures, "time", clock)
    return clock


@pytest.fixture
def hand() -> HandInputs:
    """Inputs that keep what they were set to."""
    return HandInputs()


@pytest.fixture
def rig(hand: HandInputs, slept: Slept) -> RigInputs:
    """Gestures on them."""
    return RigInputs(hand, "one", Notebook())


def test_hold_presses_waits_and_releases(rig: RigInputs, hand: HandInputs, slept: Slept) -> None:
    rig.hold("b", 0.7)
    assert hand.history == [("button_b", True), ("button_b", False)]
    assert slept.seconds == [0.7]


def test_hold_is_shorter_where_time_is_faster(hand: HandInputs, slept: Slept) -> None:
    RigInputs(hand, "one", Notebook(), time_scale=10).hold("a", 2)
    assert slept.seconds == [0.2]


@pytest.mark.parametrize(
    ("gesture", "name", "value"),
    [
        (lambda rig: rig.turn(25), "potentiometer", 0.25),
        (lambda rig: rig.light(100), "light", 1.0),
        (lambda rig: rig.battery(3.3), "battery", 0.5),
        (lambda rig: rig.wifi("down"), "wifi", "down"),
        (lambda rig: rig.rotate(z_deg_s=90), "rotation", (0, 0, 90)),
        (lambda rig: rig.set("gpio13", 1), "gpio13", 1),
    ],
    ids=["turn", "light", "battery", "wifi", "rotate", "set"],
)
def test_gesture_sets_its_input(
    rig: RigInputs,
    hand: HandInputs,
    gesture: Callable[[RigInputs], float],
    name: str,
    value: object,
) -> None:
    gesture(rig)
    assert hand.history == [(name, value)]


@pytest.mark.parametrize("percent", [0, 37.5, 100])
def test_sound_is_what_the_sensor_reads(rig: RigInputs, hand: HandInputs, percent: float) -> None:
    rig.sound(percent)
    reading = hand.set_to["sound"]
    assert isinstance(reading, float)
    assert reading * 100 * 1.34 - 3 == pytest.approx(percent)


@pytest.mark.parametrize("position", POSITIONS)
def test_tilt_is_one_g_in_its_direction(rig: RigInputs, hand: HandInputs, position: str) -> None:
    rig.tilt(position)
    x, y, z = hand.set_to["acceleration"]
    assert math.hypot(x, y, z) == pytest.approx(1)
    roll, pitch = POSITIONS[position]
    assert math.degrees(math.asin(-x)) == pytest.approx(roll)
    assert math.degrees(math.atan2(y, z)) % 360 == pytest.approx(pitch % 360)


def test_shake_goes_from_side_to_side_and_ends_as_before(
    rig: RigInputs, hand: HandInputs, slept: Slept
) -> None:
    rig.tilt("upright")
    before = hand.set_to["acceleration"]
    rig.shake(0.3, 2.5)
    swings = [value[0] for _, value in hand.history[1:-1]]
    assert swings == [2.5, -2.5, 2.5, -2.5, 2.5, -2.5]
    assert hand.set_to["acceleration"] == before
    assert sum(slept.seconds) == pytest.approx(0.3)


def test_text_and_key_are_sent_and_waited_for(
    rig: RigInputs, hand: HandInputs, slept: Slept
) -> None:
    rig.ir("go")
    rig.ir_code(7, 21)
    sent = [infrared.message(value) for _, value in hand.history]
    assert sent == [b"go\n", bytes((7, 248, 21, 234))]
    assert slept.seconds[1] > 0.067


@pytest.mark.parametrize(
    "gesture",
    [
        lambda rig: rig.press("d"),
        lambda rig: rig.hold("a", 0),
        lambda rig: rig.turn(101),
        lambda rig: rig.turn(-1),
        lambda rig: rig.light(float("nan")),
        lambda rig: rig.sound(100.1),
        lambda rig: rig.battery(7),
        lambda rig: rig.orientation(91, 0),
        lambda rig: rig.orientation(0, 181),
        lambda rig: rig.tilt("sideways"),
        lambda rig: rig.shake(0.5, 17),
        lambda rig: rig.shake(0, 1),
        lambda rig: rig.ir("x" * 32),
        lambda rig: rig.ir_code(256, 0),
    ],
)
def test_impossible_gesture_is_refused_and_does_nothing(
    rig: RigInputs, hand: HandInputs, gesture: Callable[[RigInputs], float]
) -> None:
    with pytest.raises(ConfigError) as caught:
        gesture(rig)
    assert caught.value.expected
    assert caught.value.got
    assert hand.history == []


def test_each_setting_is_noted_with_its_moment(hand: HandInputs, slept: Slept) -> None:
    notebook = Notebook()
    rig = RigInputs(hand, "one", notebook)
    rig.turn(50)
    rig.ir("a")
    rig.tilt("left")
    said = [entry["name"] for entry in notebook.of("step")]
    assert said == [
        "input potentiometer: 0.5",
        "input ir: 35 pulses",
        "input acceleration: 0.7071, 0, 0.7071",
    ]
    assert all("at_s" in entry for entry in notebook.of("step"))
