"""Driver of the MPU6050, the motion sensor behind the I2C bus.

Source: InvenSense MPU-6000/MPU-6050 register map; docs/codey.md, "Pins". The chip on the board is
said to call itself 98 (hexadecimal), so its name is not asked for. Unverified on hardware.
"""

from machine import I2C, Pin

_ADDRESS = 0x68
_FILTER = 0x1A
_GYRO_RANGE = 0x1B
_ACCEL_RANGE = 0x1C
_FIRST = 0x3B  # accelerations x, y, z, temperature, rates x, y, z: 16 bits each, high byte first
_POWER = 0x6B
_RATE_SCALE = 65.5  # for a degree a second, at a range of 500
_G_SCALE = 8192.0  # for 1 g, at a range of 4 g


class Mpu6050:
    """The chip; `read` returns accelerations in g and rates in degrees a second."""

    def __init__(self, clock_pin, data_pin):
        self._bus = I2C(1, scl=Pin(clock_pin), sda=Pin(data_pin), freq=100000)
        self._raw = bytearray(14)
        for register, value in (
            (_POWER, 1),  # awake, clocked by a gyroscope
            (_FILTER, 3),  # 44 Hz
            (_GYRO_RANGE, 0x08),
            (_ACCEL_RANGE, 0x08),
        ):
            self._bus.writeto_mem(_ADDRESS, register, bytes((value,)))

    def read(self):
        """Return (x, y, z) in g and (x, y, z) in degrees a second."""
        self._bus.readfrom_mem_into(_ADDRESS, _FIRST, self._raw)
        number = self._number
        return (
            (number(0) / _G_SCALE, number(2) / _G_SCALE, number(4) / _G_SCALE),
            (number(8) / _RATE_SCALE, number(10) / _RATE_SCALE, number(12) / _RATE_SCALE),
        )

    def _number(self, at):
        value = self._raw[at] << 8 | self._raw[at + 1]
        return value - 65536 if value & 0x8000 else value
