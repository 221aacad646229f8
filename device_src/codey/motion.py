"""`codey.motion_sensor`. Source: docs/codey.md, "Motion" - the thresholds and signs are ours.

The axes are the board's as one looks at its face: x to the right, y to the ears, z out of the face.
A board that lies still with its face up has (0, 0, 1) g. Sampled by the ticker from the first use
on, as angles of rotation are sums. Unverified on hardware.
"""

from math import asin, atan2, pi, sqrt
from time import ticks_diff, ticks_ms

from codey import ticker
from codey.mpu6050 import Mpu6050

_CLOCK_PIN = 18
_DATA_PIN = 19
_SAMPLE_MS = 20  # a sample is 17 bytes at 100 kHz, 1.6 ms
_AXES = "xyz"
_TILTED = 0.5  # sine of 30 degrees
_FACING = 0.8
_SHAKEN = 30
_STILL = 0.3
_G = 9.80665


class MotionSensor:
    """The sensor; all it tells is from its last sample."""

    def __init__(self):
        self._chip = None
        self._g = (0.0, 0.0, 0.0)
        # The last one of gravity alone: how a board is held cannot be told while it is shaken.
        self._up = (0.0, 0.0, 0.0)
        self._rate = (0.0, 0.0, 0.0)
        self._rotation = [0.0, 0.0, 0.0]
        self._yaw = 0.0
        self._shake = 0.0
        self._sampled_ms = ticks_ms()
        self._sample(0)
        ticker.add(self._look)

    def get_roll(self):
        """Return how far the right side is down, -90 to 90 degrees."""
        return round(_degrees(asin(max(-1, min(1, -self._unit(0))))))

    def get_pitch(self):
        """Return how far the ears are up, -180 to 180 degrees: 0 face up, 90 upright."""
        return round(_degrees(atan2(self._up[1], self._up[2])))

    def get_yaw(self):
        """Return the direction, 0 to 360 degrees, from where it was at the beginning. Drifts."""
        return round(self._yaw) % 360

    def get_rotation(self, axis):
        """Return the degrees turned about an axis, counter-clockwise positive."""
        at = _index(axis)
        return 0 if at is None else round(self._rotation[at])

    def reset_rotation(self, axis="all"):
        """Count again from 0, about one axis or all."""
        at = _index(axis)
        if at is not None:
            self._rotation[at] = 0.0
        elif axis == "all":
            self._rotation[:] = [0.0, 0.0, 0.0]

    def get_acceleration(self, axis):
        """Return the acceleration along an axis in m/s2, with one decimal."""
        at = _index(axis)
        return 0 if at is None else round(self._g[at] * _G, 1)

    def get_gyroscope(self, axis):
        """Return the degrees a second about an axis."""
        at = _index(axis)
        return 0 if at is None else round(self._rate[at])

    def get_shake_strength(self):
        """Return 0 to 100; it fades within half a second."""
        return round(self._shake)

    def is_shaked(self):
        """Return whether the board is shaken."""
        return self._shake > _SHAKEN

    def is_tilted_left(self):
        """Return whether the left side is down by 30 degrees."""
        return self._unit(0) > _TILTED

    def is_tilted_right(self):
        """Return whether the right side is down by 30 degrees."""
        return self._unit(0) < -_TILTED

    def is_ears_up(self):
        """Return whether the ears are up by 30 degrees."""
        return self._unit(1) > _TILTED

    def is_ears_down(self):
        """Return whether the ears are down by 30 degrees."""
        return self._unit(1) < -_TILTED

    def is_display_up(self):
        """Return whether the face looks up."""
        return self._unit(2) > _FACING

    def is_display_down(self):
        """Return whether the face looks down."""
        return self._unit(2) < -_FACING

    def is_upright(self):
        """Return whether the board stands."""
        return self._unit(1) > _FACING

    def _unit(self, at):
        """Return the sine of the angle by which an axis points up."""
        length = _length(self._up)
        return self._up[at] / length if length else 0

    def _look(self):
        passed_ms = ticks_diff(ticks_ms(), self._sampled_ms)
        if passed_ms >= _SAMPLE_MS:
            self._sampled_ms = ticks_ms()
            self._sample(passed_ms)

    def _sample(self, passed_ms):
        try:
            if not self._chip:
                self._chip = Mpu6050(_CLOCK_PIN, _DATA_PIN)
            self._g, self._rate = self._chip.read()
        except OSError:
            # Does not answer: what it said last stands, zeros at first, as getters never raise.
            self._chip = None
            return
        for at in range(3):
            self._rotation[at] += self._rate[at] * passed_ms / 1000
        self._yaw = (self._yaw + self._rate[2] * passed_ms / 1000) % 360
        shaken = abs(_length(self._g) - 1)
        if shaken < _STILL:
            self._up = self._g
        # 2 g beyond the earth's are 100.
        self._shake = max(min(100, shaken * 50), self._shake * 0.9)


def _index(axis):
    return _AXES.find(axis) if type(axis) is str and len(axis) == 1 and axis in _AXES else None


def _length(vector):
    x, y, z = vector
    return sqrt(x * x + y * y + z * z)


def _degrees(radians):
    return radians * 180 / pi


motion_sensor = MotionSensor()
