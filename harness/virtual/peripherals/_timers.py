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
#: Before this moment none of them is due, on the board's clock.
_soonest_us = 0


def arm(timer, is_pin=False):
    """Begin to fire `timer`, which has `due_ms`, `period_ms` (None: once) and `callback`.

    Pins are looked at before the timers of the program, as their edges have been before.
    """
    global _soonest_us
    armed.insert(0 if is_pin else len(armed), timer)
    _soonest_us = min(_soonest_us, timer.due_ms * 1000)
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
        now_us = _clock.us()
        if now_us >= _soonest_us:
            _fire_due(now_us // 1000)


def _fire_due(now):
    # A callback may arm others, which have their turn at the next look, as has the one that takes
    # the place of one that is disarmed. All that are due have theirs now: at the prompt there is a
    # look every 10 ms only.
    global _soonest_us
    at, count = 0, len(armed)
    while at < count and at < len(armed):
        timer = armed[at]
        at += 1
        if timer.due_ms <= now:
            _fire(timer, now)
    _soonest_us = 1000 * min([timer.due_ms for timer in armed] or [now])


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
