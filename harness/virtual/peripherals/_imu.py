"""The MPU6050's registers: power, ranges, identity, and what it measures of the board's motion.

Source: InvenSense, MPU-6000/MPU-6050 Register Map and Descriptions, revision 4.2, section 4.
"""

import _bench
from ustruct import pack_into, unpack_from

_GYRO_CONFIG = const(0x1B)  # noqa: F821, known to the compiler
_ACCEL_CONFIG = const(0x1C)  # noqa: F821
_MEASURED = const(0x3B)  # noqa: F821
_POWER = const(0x6B)  # noqa: F821
_WHO_AM_I = const(0x75)  # noqa: F821
_SLEEP = const(0x40)  # noqa: F821
_RESET = const(0x80)  # noqa: F821

#: Of ten thousand millidegrees per second, for each range of the gyroscope.
_GYRO_STEPS = (1310, 655, 328, 164)
#: 25 degrees Celsius: (25 - 36.53) * 340.
_TEMPERATURE = const(-3920)  # noqa: F821

_registers = bytearray(128)
_registers[_POWER] = _SLEEP
#: The register that the next byte is read from or written to.
_pointer = 0


def write(data):
    """Take a register's number and what is written there and behind it."""
    global _pointer
    for place, value in enumerate(data):
        if place == 0:
            _pointer = value & 0x7F
            continue
        if _pointer == _POWER and value & _RESET:
            for number in range(128):
                _registers[number] = 0
            _registers[_POWER] = _SLEEP
        elif not _MEASURED <= _pointer < _MEASURED + 14 and _pointer != _WHO_AM_I:
            _registers[_pointer] = value
        _pointer = (_pointer + 1) & 0x7F


def read(buffer):
    """Fill the buffer from the register at the pointer on; a burst holds one measurement."""
    global _pointer
    _registers[_WHO_AM_I] = _bench.inputs[_bench.IMU_ID]
    # Asleep it keeps what it measured last, after a reset nothing.
    if not _registers[_POWER] & _SLEEP:
        _measure()
    for place in range(len(buffer)):
        buffer[place] = _registers[_pointer]
        _pointer = (_pointer + 1) & 0x7F


def _measure():
    # Millionths of g and thousandths of a degree per second.
    values = unpack_from("<6i", _bench.inputs, _bench.MOTION)
    g_steps = 16384 >> (_registers[_ACCEL_CONFIG] >> 3 & 3)
    turn_steps = _GYRO_STEPS[_registers[_GYRO_CONFIG] >> 3 & 3]
    for axis in range(3):
        _put(2 * axis, values[axis] * g_steps, 1000000)
        _put(8 + 2 * axis, values[3 + axis] * turn_steps, 10000)
    _put(6, _TEMPERATURE, 1)


def _put(place, value, unit):
    rounded = (2 * value + unit) // (2 * unit)
    pack_into(">h", _registers, _MEASURED + place, max(-32768, min(32767, rounded)))
