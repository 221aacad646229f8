"""`machine` of the Codey's ESP32, down to what the supervisor's models of panel and LED observe."""

from _signal import Signal, time_pulse_us  # noqa: F401

import _bench
import micropython
from _adc import ADC  # noqa: F401
from _alias import builtin
from _gpio import Pin  # noqa: F401
from _i2c import I2C, SoftI2C  # noqa: F401
from _pwm import PWM  # noqa: F401
from _timer import RTC, Timer  # noqa: F401

_machine = builtin("machine")
idle = _machine.idle
mem8 = _machine.mem8
mem16 = _machine.mem16
mem32 = _machine.mem32
del _machine

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

_frequency_hz = 240000000


def unique_id():
    return _bench.unique_id


def reset_cause():
    return _bench.cause


def freq(hz=None):
    global _frequency_hz
    if hz is None:
        return _frequency_hz
    if hz not in (20000000, 40000000, 80000000, 160000000, 240000000):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _frequency_hz = hz
    return None


def soft_reset():
    raise SystemExit


def reset():
    # No `finally` of the program may run: the supervisor ends the process while it waits here.
    micropython.kbd_intr(-1)
    _bench.ask(b"X")


def disable_irq():
    return 0


def enable_irq(state=0):
    pass
