"""The motion sensor: the rig holds, turns and shakes the board."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from harness.scenario.dut import BoardUnderTest
from harness.scenario.input import POSITIONS, RigInputs

if TYPE_CHECKING:
    from collections.abc import Callable

    Becomes = Callable[[str, str], None]

pytestmark = pytest.mark.needs("inputs", "motion")

#: Position -> what `codey.motion_sensor` says that it is.
HELD = {
    "display_up": {"is_display_up"},
    "display_down": {"is_display_down"},
    "upright": {"is_ears_up", "is_upright"},
    "ears_up": {"is_ears_up"},
    "ears_down": {"is_ears_down"},
    "left": {"is_tilted_left"},
    "right": {"is_tilted_right"},
}
QUESTIONS = (
    "is_display_down",
    "is_display_up",
    "is_ears_down",
    "is_ears_up",
    "is_tilted_left",
    "is_tilted_right",
    "is_upright",
)


@pytest.fixture
def motion(codey: BoardUnderTest) -> BoardUnderTest:
    """The board whose motion sensor is `m` there, and has not been turned yet."""
    codey.reset()
    codey.exec("import codey; m = codey.motion_sensor")
    return codey


@pytest.mark.requirement("CODEY-MOTION-05")
def test_board_tells_how_it_is_held(
    motion: BoardUnderTest, inputs: RigInputs, becomes: Becomes
) -> None:
    assert set(HELD) == set(POSITIONS)
    for position, expected in HELD.items():
        inputs.tilt(position)
        becomes(
            f"[each for each in {QUESTIONS} if getattr(m, each)()]",
            repr([each for each in QUESTIONS if each in expected]),
        )


@pytest.mark.requirement("CODEY-MOTION-01")
@pytest.mark.parametrize(
    ("roll", "pitch"), [(0, 0), (30, 0), (-60, 0), (0, 90), (0, -120), (0, 180), (-45, 60)]
)
def test_roll_and_pitch_are_whole_degrees(
    motion: BoardUnderTest, inputs: RigInputs, becomes: Becomes, roll: int, pitch: int
) -> None:
    inputs.orientation(roll, pitch)
    becomes("(m.get_roll(), m.get_pitch())", repr((roll, pitch)))


@pytest.mark.requirement("CODEY-MOTION-06")
def test_acceleration_and_rate_have_their_units(
    motion: BoardUnderTest, inputs: RigInputs, becomes: Becomes
) -> None:
    # Halves and quarters of g have no rounding in the chip's registers.
    inputs.set("acceleration", (0.5, -1.0, 0.25))
    # Compared on the board: how its interpreter prints a float is another matter.
    becomes("[m.get_acceleration(each) for each in 'xyz'] == [4.9, -9.8, 2.5]", "True")
    inputs.rotate(10, -20, 90)
    becomes("[m.get_gyroscope(each) for each in 'xyz']", "[10, -20, 90]")


@pytest.mark.requirement("CODEY-MOTION-02", "CODEY-MOTION-03")
def test_turns_are_added_up_and_begin_again(
    motion: BoardUnderTest, inputs: RigInputs, becomes: Becomes
) -> None:
    becomes("(m.get_yaw(), [m.get_rotation(each) for each in 'xyz'])", "(0, [0, 0, 0])")
    inputs.rotate(x_deg_s=-90, z_deg_s=180)
    becomes("m.get_rotation('z') > 90", "True")
    inputs.rotate()
    becomes("[m.get_gyroscope(each) for each in 'xyz']", "[0, 0, 0]")
    x, y, z, yaw = cast(
        "tuple[int, ...]",
        motion.evaluate("[m.get_rotation(each) for each in 'xyz'] + [m.get_yaw()]"),
    )
    # Each is rounded for itself.
    assert abs(2 * x + z) <= 2
    assert y == 0
    assert 0 <= yaw < 360
    assert abs(z % 360 - yaw) <= 1
    motion.exec("m.reset_rotation('x')")
    assert motion.evaluate("[m.get_rotation(each) for each in 'xyz']") == [0, 0, z]
    motion.exec("m.reset_rotation()")
    assert motion.evaluate("[m.get_rotation(each) for each in 'xyz']") == [0, 0, 0]
    assert motion.evaluate("m.get_yaw()") == yaw


@pytest.mark.requirement("CODEY-MOTION-02")
def test_yaw_goes_round(motion: BoardUnderTest, inputs: RigInputs, becomes: Becomes) -> None:
    becomes("m.get_yaw()", "0")
    # Clockwise, from the beginning: 359 comes after 0.
    inputs.rotate(z_deg_s=-90)
    becomes("270 < m.get_yaw() < 360", "True")


@pytest.mark.requirement("CODEY-MOTION-04")
def test_shake_is_told_while_it_lasts(board: BoardUnderTest, inputs: RigInputs) -> None:
    program = board.start(
        "import codey\nm = codey.motion_sensor\nprint(m.is_shaked(), m.get_shake_strength())\n"
        "while not m.is_shaked():\n    pass\nprint('shaken', m.get_shake_strength() > 30)\n"
        "while m.get_shake_strength():\n    pass\nprint('still', m.is_shaked())"
    )
    program.expect_text("False 0\n", within_s=10.0)
    inputs.shake()
    program.expect_text("shaken True\n", within_s=10.0)
    program.expect_text("still False\n", within_s=10.0)


@pytest.mark.requirement("CODEY-MOTION-03", "CODEY-MOTION-06")
def test_what_is_no_axis_reads_0_and_resets_nothing(
    motion: BoardUnderTest, inputs: RigInputs, becomes: Becomes
) -> None:
    becomes("m.get_rotation('x')", "0")
    inputs.rotate(x_deg_s=180)
    becomes("m.get_rotation('x') > 45", "True")
    calls = "m.get_rotation('w'), m.get_rotation('all'), m.get_acceleration(0), m.get_gyroscope('')"
    motion.exec("m.reset_rotation('w'); m.reset_rotation(5); m.reset_rotation(None)")
    assert motion.evaluate(f"[{calls}, m.get_rotation('x') > 45]") == [0, 0, 0, 0, True]
