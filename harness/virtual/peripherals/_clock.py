"""The board's clock: the host's from the last hard reset on; it runs faster while a program waits.

What the host is late with is taken off it again where a program has asked for an exact time, and it
stands at the moment of an edge of the past while a pin's handler is told of it: see `wait_us` and
`_pulse`.
"""

import _bench
from _alias import builtin

_host = builtin("time")
_host_us = _host.ticks_us
#: The board's time at the last hard reset; it goes on where the interpreter before this one ended.
_start_us = _bench.epoch_ms * 1000
#: How many times as fast it runs while the program waits.
scale = _bench.scale
#: Time that the host has spent and the board has not; negative for time that it has passed over.
late_us = -(_bench.told_clock() >> 1)
#: Since when the program waits, on the host's clock; 0 while it does not.
_since_us = 0
#: When the last callback of a timer or a pin had ended: the clock is never set back to before it.
busy_us = 0


#: What it shows while it stands at a moment of the past; 0 while it goes.
_shown_us = 0


def stand(at_us):
    """Stand at a moment, where each look takes a microsecond, or go on with 0.

    Returns:
        What it showed last.
    """
    global _shown_us
    shown_us, _shown_us = _shown_us, at_us
    return shown_us


def _look():
    global _shown_us
    _shown_us += 1
    return _shown_us


if scale == 1:

    def us():
        if _shown_us:
            return _look()
        return _host_us() - _start_us - late_us

else:

    def us():
        if _shown_us:
            return _look()
        now = _host_us()
        passed_over = (now - _since_us) * (scale - 1) if _since_us else 0
        return now - _start_us - late_us + passed_over


def ms():
    return us() // 1000


def of_host(host_us):
    """Return the board's microseconds at a moment of the host's clock that has just been."""
    return us() - (_host_us() - host_us)


def _tell():
    if _since_us:
        _bench.tell_clock(-(late_us + _since_us * (scale - 1)) * 2 + 1)
    else:
        _bench.tell_clock(-late_us * 2)


def waiting(is_waiting):
    """Say whether the program waits from now on; return whether it did."""
    global late_us, _since_us
    was_waiting = _since_us != 0
    if was_waiting != is_waiting and scale != 1:
        # A callback can come at a jump, and reads and sets these too: none in a line below.
        if was_waiting:
            late_us -= (_host_us() - _since_us) * (scale - 1)
            _since_us = 0
        else:
            _since_us = _host_us()
        _tell()
    return was_waiting


def give_back(moment_us):
    """Set the clock back to a moment that was just now: what came after it was the host's alone."""
    global late_us
    if _shown_us or us() <= moment_us:
        return
    late_us += us() - moment_us
    _tell()
    # To tell it takes time too, and a busy host may take the processor away in it.
    late_us += us() - moment_us


def wait_us(duration):
    """Let `duration` of board time pass; the clock then shows that it was exactly as much.

    An ESP32 counts cycles in such a wait; a host wakes a sleeper 0.1 ms late, when busy 10 ms.
    """
    if _shown_us:
        stand(_shown_us + duration)
        return
    end = us() + duration
    was_waiting = waiting(True)
    try:
        while True:
            left = end - us()
            if left <= 0:
                break
            left //= scale
            if left > 2000:
                # Callbacks run in it.
                _host.sleep_ms(left // 1000 - 1)
            elif left > 200:
                _host.sleep_us(left - 150)
    finally:
        waiting(was_waiting)
    give_back(max(end, busy_us))
