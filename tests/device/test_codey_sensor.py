"""Buttons, analogue sensors, battery and the motion sensor over their pins and their bus."""

from __future__ import annotations

import pytest

from tests.device.program import run_board

C = "import codey, machine, time\n"
M = (
    C
    + """
def hold(g, rate=(0, 0, 0)):
    for i in range(3):
        for first, value in (0x3B, int(g[i] * 8192)), (0x43, int(rate[i] * 65.5)):
            machine.registers[first + 2 * i] = value >> 8 & 255
            machine.registers[first + 2 * i + 1] = value & 255
    m.get_yaw()  # the first use begins to sample
    time.sleep_ms(50)
m = codey.motion_sensor
"""
)


@pytest.mark.parametrize(
    ("button", "pin", "pressed"), [("button_a", 2, 1), ("button_b", 12, 1), ("button_c", 27, 0)]
)
def test_button_is_pressed_at_the_level_of_its_circuit(button: str, pin: int, pressed: int) -> None:
    seen = run_board(
        C + f"for level in {pressed}, {1 - pressed}:\n    machine.drive({pin}, level)\n"
        f"    print(codey.{button}.is_pressed())"
    )
    assert seen.lines[:2] == ["True", "False"]


@pytest.mark.parametrize(
    ("call", "pin", "readings"),
    [
        ("potentiometer.get_value()", 39, {0: "0", 2047: "50", 4095: "100", 1000: "24"}),
        ("light_sensor.get_value()", 35, {0: "0.0", 1000: "24.4", 4095: "100.0"}),
        ("sound_sensor.get_loudness()", 36, {0: "0.0", 50: "0.0", 1000: "29.7", 4095: "100.0"}),
        ("battery.get_voltage()", 33, {2110: "3.4", 2400: "3.87", 0: "0.0"}),
        ("battery.get_percentage()", 33, {2000: "0", 2350: "49", 2700: "100"}),
    ],
)
def test_analogue_sensor_scales_its_reading(call: str, pin: int, readings: dict[int, str]) -> None:
    seen = run_board(
        C + f"codey.{call}\nprint(machine.attenuations[{pin}])\nfor value in {list(readings)}:\n"
        f"    machine.readings[{pin}] = value\n    print(codey.{call})"
    )
    assert seen.lines[: 1 + len(readings)] == ["3", *readings.values()]


def test_motion_sensor_is_loaded_and_set_up_when_it_is_used_first() -> None:
    seen = run_board(
        "import sys\n" + C + "print('codey.motion' in sys.modules)\n"
        "print(codey.motion_sensor.get_acceleration('x'))\n"
        "print([machine.registers[i] for i in (0x6B, 0x1A, 0x1B, 0x1C)])"
    )
    assert seen.lines[:3] == ["False", "0.0", "[1, 3, 8, 8]"]
    assert ["i2c", 18, 19, 100000] in seen.calls


@pytest.mark.parametrize(
    ("g", "roll", "pitch", "holds"),
    [
        ((0, 0, 1), 0, 0, {"is_display_up"}),
        ((0, 0, -1), 0, 180, {"is_display_down"}),
        ((0, 1, 0), 0, 90, {"is_upright", "is_ears_up"}),
        ((0, -1, 0), 0, -90, {"is_ears_down"}),
        ((-1, 0, 0), 90, 0, {"is_tilted_right"}),
        ((1, 0, 0), -90, 0, {"is_tilted_left"}),
        ((-0.5736, 0, 0.8192), 35, 0, {"is_tilted_right", "is_display_up"}),
        ((0, 0.7071, 0.7071), 0, 45, {"is_ears_up"}),
        ((0, 0, 0), 0, 0, set()),
    ],
)
def test_motion_sensor_tells_how_the_board_is_held(
    g: tuple[float, float, float], roll: int, pitch: int, holds: set[str]
) -> None:
    names = (
        "is_display_up",
        "is_display_down",
        "is_upright",
        "is_ears_up",
        "is_ears_down",
        "is_tilted_left",
        "is_tilted_right",
    )
    seen = run_board(
        M + f"hold({g})\nprint(m.get_roll(), m.get_pitch())\n"
        f"print(*[name for name in {names} if getattr(m, name)()])"
    )
    assert seen.lines[0] == f"{roll} {pitch}"
    assert set(seen.lines[1].split()) == holds


def test_motion_sensor_adds_up_the_rotation_about_each_axis() -> None:
    seen = run_board(
        M + "hold((0, 0, 1))\nhold((0, 0, 1), (10, -20, 90))\nm.reset_rotation()\ny = m.get_yaw()\n"
        "time.sleep(1)\nprint(*[m.get_rotation(axis) for axis in 'xyz'], m.get_yaw() - y)\n"
        "m.reset_rotation('x')\nprint(*[m.get_rotation(axis) for axis in 'xyz'])\n"
        "print(*[m.get_gyroscope(axis) for axis in 'xyz'])\n"
        "time.sleep(4)\nprint(0 <= m.get_yaw() < 360, m.get_rotation('z') > 400)"
    )
    assert seen.lines[:4] == ["10 -20 90 90", "0 -20 90", "10 -20 90", "True True"]


def test_motion_sensor_shake_is_seen_and_fades() -> None:
    seen = run_board(
        M + "hold((0, 0, 1))\nprint(m.get_shake_strength(), m.is_shaked())\n"
        "hold((2, 2, 1))\nprint(m.get_shake_strength(), m.is_shaked())\n"
        "hold((0, 0, 1))\ntime.sleep(1)\nprint(m.get_shake_strength(), m.is_shaked())"
    )
    assert seen.lines[:3] == ["0 False", "100 True", "0 False"]


def test_motion_sensor_shake_is_no_tilt() -> None:
    seen = run_board(
        M + "hold((0, 1, 0))\nhold((-3, 1, 0))\n"
        "print(m.is_tilted_right(), m.get_roll(), m.is_upright(), m.get_pitch())"
    )
    assert seen.lines[0] == "False 0 True 90"


def test_motion_sensor_acceleration_is_in_metres() -> None:
    seen = run_board(
        M + "hold((0.5, -1, 2))\nprint(*['%.3f' % m.get_acceleration(axis) for axis in 'xyz'])"
    )
    assert seen.lines[0] == "4.900 -9.800 19.600"


@pytest.mark.parametrize(
    "call",
    [
        "get_rotation('w')",
        "get_rotation('all')",
        "get_rotation(0)",
        "get_rotation('')",
        "get_acceleration('xy')",
        "get_acceleration(None)",
        "get_gyroscope(['x'])",
    ],
)
def test_argument_policy_no_axis_is_0(call: str) -> None:
    assert run_board(M + f"hold((1, 1, 1), (9, 9, 9))\nprint(m.{call})").lines[0] == "0"


@pytest.mark.parametrize("argument", ["'w'", "0", "None"])
def test_argument_policy_reset_of_no_axis_resets_nothing(argument: str) -> None:
    seen = run_board(
        M + f"hold((0, 0, 1), (90, 90, 90))\ntime.sleep(1)\nm.reset_rotation({argument})\n"
        "print(min([m.get_rotation(axis) for axis in 'xyz']) > 50)"
    )
    assert seen.lines[0] == "True"


def test_motion_sensor_that_does_not_answer_is_0_and_comes_back() -> None:
    seen = run_board(
        M + "machine.is_answering = False\nhold((0, 1, 0))\n"
        "print(m.get_pitch(), m.is_upright(), m.get_acceleration('y'))\n"
        "machine.is_answering = True\nhold((0, 1, 0))\nprint(m.get_pitch(), m.is_upright())"
    )
    assert seen.lines[:2] == ["0 False 0.0", "90 True"]
