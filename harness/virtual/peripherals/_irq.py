"""Pin interrupts: seen within some milliseconds of the change."""

import _bench
import _timers
from _alias import builtin

_clock_ms = builtin("time").ticks_ms


class _Watch:
    """Takes a timer's place and calls the handler when the level has changed as asked."""

    period_ms = 5

    def __init__(self, pin, handler, trigger):
        self._pin = pin
        self._handler = handler
        self._trigger = trigger
        self._level = pin.value()
        self.due_ms = _clock_ms() + self.period_ms

    def callback(self, timer):
        level = _bench.refresh()[_bench.LEVELS + self._pin.id]
        if level != self._level:
            self._level = level
            if self._trigger & (1 if level else 2):
                self._handler(self._pin)


_watches = {}


def watch(pin, handler, trigger):
    """Call `handler` when the pin changes; None ends it."""
    old = _watches.pop(pin.id, None)
    if old is not None:
        _timers.disarm(old)
    if handler is not None:
        _watches[pin.id] = _Watch(pin, handler, trigger)
        _timers.arm(_watches[pin.id])
