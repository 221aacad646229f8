"""Timers and their clock.

A thread looks every 2 ms whether one is due and schedules the callback, which the interpreter then
runs in the program's own thread, between two bytecodes, as on an ESP32. The thread touches no
object that the program changes: threads of this interpreter have no lock. It begins with the first
timer.
While the program waits inside a system call, the supervisor's wake signal lets the callback run.
"""

import _thread
import sys

import _bench
import micropython
from _alias import builtin

_time = builtin("time")
_clock_ms = _time.ticks_ms
#: Timers that are running.
armed = []
_is_due = bytearray(1)
_has_thread = False


def arm(timer):
    """Begin to fire `timer`, which has `due_ms`, `period_ms` (None: once) and `callback`."""
    global _has_thread
    armed.append(timer)
    _bench.report(b"T1")
    if not _has_thread:
        _has_thread = True
        _thread.start_new_thread(
            _tick, (_time.sleep_us, micropython.schedule, armed, _is_due, _fire)
        )


def disarm(timer):
    """Fire it no more; it need not be armed."""
    if timer in armed:
        armed.remove(timer)
        if not armed:
            _bench.report(b"T0")


def _tick(sleep_us, schedule, timers, is_due, fire):
    while True:
        sleep_us(2000)
        if timers and not is_due[0]:
            is_due[0] = 1
            try:
                schedule(fire, None)
            except RuntimeError:
                # The program's own callbacks fill the queue: again in 2 ms.
                is_due[0] = 0


def _fire(_):
    _is_due[0] = 0
    now = _clock_ms()
    for timer in tuple(armed):
        if timer.due_ms <= now:
            if timer.period_ms is None:
                disarm(timer)
            else:
                # One that was held up fires once, not once for each period that it missed.
                timer.due_ms = now + timer.period_ms
            try:
                timer.callback(timer)
            except Exception as error:
                # As the interpreter does it for scheduled callbacks; the other timers go on.
                sys.print_exception(error)
