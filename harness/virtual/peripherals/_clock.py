"""The board's clock: the host's, from the last hard reset on, `scale` times as fast.

What the host is late with is taken off it again where a program has asked for an exact time, and
while an edge of the past is handed to a pin's handler: see `wait_us` and `_pulse`.
"""

import _bench
from _alias import builtin

_host = builtin("time")
_host_us = _host.ticks_us
_start_us = _bench.epoch_ms * 1000
scale = _bench.scale
#: Board time that the host has spent and the board has not.
late_us = 0
#: When the last callback of a timer or a pin had ended: the clock is never set back to before it.
busy_us = 0


def of_host(host_us):
    """Return the board's microseconds at a moment of the host's clock."""
    return (host_us - _start_us) * scale - late_us


def us():
    return (_host_us() - _start_us) * scale - late_us


def ms():
    return us() // 1000


def wait_us(duration):
    """Let `duration` of board time pass; the clock then shows that it was exactly as much.

    An ESP32 counts cycles in such a wait; a host wakes a sleeper 0.1 ms late, when busy 10 ms.
    """
    global late_us
    end = us() + duration
    while True:
        left = (end - us()) // scale
        if left <= 0:
            break
        if left > 2000:
            # Callbacks run in it.
            _host.sleep_ms(left // 1000 - 1)
        elif left > 200:
            _host.sleep_us(left - 150)
    late = us() - max(end, busy_us)
    if late > 0:
        late_us += late
