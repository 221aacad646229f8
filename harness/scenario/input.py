"""What a person, a room or a remote control does to a board, in their own units.

Every gesture ends as one or more settings of the rig's inputs, each noted with the moment at which
it was made. Times are the board's: where they pass faster for a program that waits, a gesture is
as much shorter.
"""

from __future__ import annotations

import math
import time

from harness.deadline import Deadline
from harness.errors import ConfigError
from harness.link.rig import Inputs, InputValue
from harness.scenario.evidence import Evidence
from harness.wire import infrared

#: A rig that works answers in milliseconds.
SET_S = 5.0

BUTTONS = ("a", "b", "c")
#: Roll and pitch in degrees, as `codey.motion_sensor` counts them, of positions with a name.
POSITIONS = {
    "display_up": (0, 0),
    "display_down": (0, 180),
    "upright": (0, 90),
    "ears_up": (0, 45),
    "ears_down": (0, -45),
    "left": (-45, 0),
    "right": (45, 0),
}
_FLAT = (0.0, 0.0, 1.0)
_PERCENT = 100
#: Loudness in percent is 1.34 times the reading less 3 (docs/codey.md, "Sensors").
_SOUND_GAIN = 1.34
_SOUND_OFFSET = 3
#: The battery is behind a divider by two, at a converter for 3.3 V.
_BATTERY_FULL_SCALE_V = 6.6

#: A hand needs about as long from one end of its way to the other.
_SHAKE_HALF_S = 0.05
#: A program sees the edges some milliseconds late; what is sent next must not come into them.
_INFRARED_PAUSE_S = 0.05
_BYTE = 255
_MAX_TEXT_BYTES = 31


class RigInputs:
    """Gestures at one board, which the plugin undoes after the test, as all else done to it."""

    def __init__(self, inputs: Inputs, board: str, evidence: Evidence, time_scale: int = 1) -> None:
        """Use a rig's inputs.

        Args:
            inputs: Of the rig.
            board: The board's name, for the evidence.
            evidence: Where each setting is noted.
            time_scale: How many times as fast the board's time passes while its program waits.
        """
        self._inputs = inputs
        self._board = board
        self._evidence = evidence
        self._time_scale = time_scale
        self._acceleration: InputValue = _FLAT

    def set(self, name: str, value: InputValue) -> float:
        """Set one of the rig's inputs by its own name; see `harness.link.rig.Inputs`.

        Returns:
            When it was done, in seconds of the host's monotonic clock.

        Raises:
            ConfigError: The rig has no such input, or the value is not one for it.
        """
        at_s = self._inputs.set(name, value, Deadline.after(SET_S))
        if name == "acceleration":
            self._acceleration = value
        self._evidence.write(
            "step",
            board=self._board,
            name=f"input {name}: {_readable(value)}",
            ok=True,
            seconds=0,
            at_s=at_s,
        )
        return at_s

    # Hands ------------------------------------------------------------------------------------

    def press(self, button: str) -> float:
        """Press a button, ``a``, ``b`` or ``c``, and keep it pressed; returns when."""
        return self.set(self._name_of(button), True)  # noqa: FBT003, pressed

    def release(self, button: str) -> float:
        """Let a button go; returns when."""
        return self.set(self._name_of(button), False)  # noqa: FBT003, released

    def hold(self, button: str, seconds: float = 0.1) -> float:
        """Press a button and let it go after some time of the board's; returns when it was pressed.

        Args:
            button: ``a``, ``b`` or ``c``.
            seconds: More than 0. A program that looks now and then sees nothing shorter than that.
        """
        _check("time to hold a button", seconds, 0.001, 3600, "seconds")
        at_s = self.press(button)
        self._pass(seconds)
        self.release(button)
        return at_s

    def turn(self, percent: float) -> float:
        """Turn the potentiometer to 0 to 100 percent of its way; returns when."""
        return self.set("potentiometer", self._fraction("potentiometer", percent))

    def orientation(self, roll_deg: float, pitch_deg: float) -> float:
        """Hold the board still at an angle; returns when.

        Args:
            roll_deg: How far its right side is down, -90 to 90.
            pitch_deg: How far its ears are up, -180 to 180: 0 lies on its back, 90 stands.
        """
        _check("roll", roll_deg, -90, 90, "degrees")
        _check("pitch", pitch_deg, -180, 180, "degrees")
        roll, pitch = math.radians(roll_deg), math.radians(pitch_deg)
        # The axes: x to the right, y to the ears, z out of the face (docs/codey.md, "Motion").
        return self.set(
            "acceleration",
            (
                -math.sin(roll),
                math.cos(roll) * math.sin(pitch),
                math.cos(roll) * math.cos(pitch),
            ),
        )

    def tilt(self, position: str) -> float:
        """Hold the board still in a position of `POSITIONS`, such as ``left``; returns when."""
        if position not in POSITIONS:
            raise ConfigError(
                "the board has no such position",
                on="tilt",
                expected=", ".join(POSITIONS),
                got=repr(position),
                advice="orientation(roll_deg, pitch_deg) takes any angle",
            )
        return self.orientation(*POSITIONS[position])

    def rotate(self, x_deg_s: float = 0, y_deg_s: float = 0, z_deg_s: float = 0) -> float:
        """Turn the board about its axes, counter-clockwise positive, until told otherwise."""
        return self.set("rotation", (x_deg_s, y_deg_s, z_deg_s))

    def shake(self, seconds: float = 0.5, strength_g: float = 3.0) -> float:
        """Shake the board from side to side, then hold it as before; returns when it began.

        Args:
            seconds: How long, of the board's time.
            strength_g: The greatest acceleration, in g.
        """
        _check("strength of a shake", strength_g, 0.1, 16, "g")
        _check("time to shake", seconds, _SHAKE_HALF_S, 60, "seconds")
        before = self._acceleration
        began_s = self.set("acceleration", (strength_g, 0.0, 1.0))
        for half in range(1, round(seconds / _SHAKE_HALF_S)):
            self._pass(_SHAKE_HALF_S)
            self.set("acceleration", (-strength_g if half % 2 else strength_g, 0.0, 1.0))
        self._pass(_SHAKE_HALF_S)
        self.set("acceleration", before)
        return began_s

    # Surroundings -----------------------------------------------------------------------------

    def light(self, percent: float) -> float:
        """Make it so bright that the light sensor reads that percentage; returns when."""
        return self.set("light", self._fraction("light", percent))

    def sound(self, percent: float) -> float:
        """Make it so loud that the sound sensor reads that percentage; returns when."""
        _check("sound", percent, 0, _PERCENT, "percent")
        return self.set("sound", (percent + _SOUND_OFFSET) / _SOUND_GAIN / _PERCENT)

    def battery(self, volts: float) -> float:
        """Give the battery a voltage, 0 to 6.6; returns when."""
        _check("voltage of the battery", volts, 0, _BATTERY_FULL_SCALE_V, "volts")
        return self.set("battery", volts / _BATTERY_FULL_SCALE_V)

    def ir(self, text: str) -> float:
        """Send the board a text over infrared light; returns when it began, when it is over."""
        size = len(text.encode())
        if size > _MAX_TEXT_BYTES:
            raise ConfigError(
                "the text is too long for infrared",
                on="ir",
                expected=f"at most {_MAX_TEXT_BYTES} bytes",
                got=f"{size} bytes",
            )
        return self._send(infrared.encode(text))

    def ir_code(self, address: int, command: int) -> float:
        """Send the board a remote control's key; returns when it began, when it is over."""
        _check("address of a remote control", address, 0, _BYTE, "a byte")
        _check("command of a remote control", command, 0, _BYTE, "a byte")
        return self._send(infrared.encode(infrared.Code(address, command)))

    def wifi(self, state: str) -> float:
        """Bring the board's Wi-Fi ``up``, ``down``, or give it a ``wrong_password``."""
        return self.set("wifi", state)

    def _send(self, data: bytes) -> float:
        durations_us = infrared.pulses(data)
        at_s = self.set("ir", durations_us)
        # Not shortened: a program that computes all the while takes the whole time for it.
        time.sleep(sum(durations_us) / 1e6 + _INFRARED_PAUSE_S)
        return at_s

    def _pass(self, seconds: float) -> None:
        """Let time of the board's pass: a gesture's own length, not a wait for anything."""
        time.sleep(seconds / self._time_scale)

    def _name_of(self, button: str) -> str:
        if button not in BUTTONS:
            raise ConfigError(
                "the board has no such button",
                on="press",
                expected=", ".join(BUTTONS),
                got=repr(button),
            )
        return f"button_{button}"

    @staticmethod
    def _fraction(what: str, percent: float) -> float:
        _check(what, percent, 0, _PERCENT, "percent")
        return percent / _PERCENT


def _readable(value: InputValue) -> str:
    if isinstance(value, (bool, int, str)):
        return str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if len(value) > len(_FLAT):
        return f"{len(value)} pulses"
    return ", ".join(f"{part:.4g}" for part in value)


def _check(what: str, value: float, least: float, most: float, unit: str) -> None:
    # Written so that nan, which is neither, is refused too.
    if not least <= value <= most:
        raise ConfigError(
            f"the {what} cannot be used",
            on="inputs",
            expected=f"{least:g} to {most:g} {unit}",
            got=repr(value),
        )
