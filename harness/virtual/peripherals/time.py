"""`time` of an ESP32: ticks begin at the last hard reset, seconds at 2000-01-01."""

import _clock
from _alias import builtin

_time = builtin("time")
ticks_cpu = _time.ticks_cpu
#: Seconds from the host's epoch to the ESP32's.
_EPOCH = const(946684800)  # noqa: F821, known to the compiler
_MASK = const(0x3FFFFFFF)  # noqa: F821
_HALF = const(0x20000000)  # noqa: F821
_us = _clock.us
#: What was set through `machine.RTC`, in seconds.
offset_s = 0

sleep_us = _clock.wait_us
if _clock.scale == 1:
    sleep = _time.sleep
    sleep_ms = _time.sleep_ms
else:

    def sleep_ms(ms):
        _clock.wait_us(ms * 1000)

    def sleep(seconds):
        _clock.wait_us(int(seconds * 1000000))


def ticks_ms():
    return _us() // 1000 & _MASK


def ticks_us():
    return _us() & _MASK


def ticks_add(ticks, delta):
    return (ticks + delta) & _MASK


def ticks_diff(end, start):
    return ((end - start + _HALF) & _MASK) - _HALF


def time_ns():
    return (_us() + offset_s * 1000000) * 1000


def time():
    return time_ns() // 1000000000


def gmtime(seconds=None):
    moment = _time.gmtime((time() if seconds is None else int(seconds)) + _EPOCH)
    # Eight fields, as on a board; the host's has a ninth for daylight saving.
    return tuple(moment[:8])


localtime = gmtime


def mktime(fields):
    seconds = _time.mktime(tuple(fields[:8]) + (0,))  # noqa: RUF005, MicroPython has no stars in tuples
    # The host's mktime counts in its time zone, its gmtime tells by how much.
    shift = _time.mktime(_time.gmtime(seconds)) - seconds
    return int(seconds - shift) - _EPOCH
