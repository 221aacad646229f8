"""Timers, on this interpreter's queue of scheduled callbacks.

While a timer runs, one callback is always in the queue: it puts itself back first and then looks
what is due. So timers fire between two bytecodes, as on an ESP32, and also while the program waits:
in a sleep by itself, in a read or a poll because the supervisor ends the system call now and then.
The price is some microseconds at each jump of the program, as long as a timer runs; it stays faster
than the board. (A thread that schedules was tried: this interpreter has no lock for threads, and
Ctrl-C while the garbage collector waited for the thread crashed it once in some hundred.)
"""

import sys

import _bench
import _clock
import micropython

#: Timers that are running.
armed = []
_is_queued = bytearray(1)


def arm(timer):
    """Begin to fire `timer`, which has `due_ms`, `period_ms` (None: once) and `callback`."""
    armed.append(timer)
    _bench.report(b"T1")
    _queue()


def disarm(timer):
    """Fire it no more; it need not be armed."""
    if timer in armed:
        armed.remove(timer)
        if not armed:
            _bench.report(b"T0")


def _queue():
    if not _is_queued[0]:
        micropython.schedule(_look, None)
        _is_queued[0] = 1


def _look(_):
    # Ctrl-C is raised at a jump. Behind the returns below there is none: what is raised in here is
    # caught in here, and meant for the program. Left alone it would be printed and lost.
    _is_queued[0] = 0
    try:
        return _work()
    except KeyboardInterrupt:
        if armed:
            _queue()
        return _bench.report(b"I")


def _work():
    if armed:
        # First of all, while its own place in the queue is free.
        _queue()
        _fire_due(_clock.ms())


def _fire_due(now):
    for timer in armed:
        if timer.due_ms <= now:
            # The others, and those that the callback arms, have their turn at the next look.
            _fire(timer, now)
            return


def _fire(timer, now):
    if timer.period_ms is None:
        disarm(timer)
    else:
        timer.due_ms += timer.period_ms
        if timer.due_ms <= now:
            # One that was held up fires once, not once for each period that it missed.
            timer.due_ms = now + timer.period_ms
    was_waiting = _clock.waiting(False)
    try:
        timer.callback(timer)
    except Exception as error:
        # As the interpreter does it for scheduled callbacks.
        sys.print_exception(error)
    finally:
        _clock.busy_us = _clock.us()
        _clock.waiting(was_waiting)
