"""Pin interrupts: seen some milliseconds late, those of a pulse train at the time of the edge."""

import _bench
import _clock
import _timers


class _Watch:
    """Takes a timer's place and calls the handler when the level has changed as asked."""

    period_ms = 5

    def __init__(self, pin, handler, trigger):
        self.pin = pin
        self.due_ms = _clock.ms() + self.period_ms
        # Of a train that is over or under way nothing is told to one who begins to listen now.
        self.train = _bench.refresh()[_bench.TRAIN_NUMBER]
        self._handler = handler
        self._trigger = trigger
        self._level = pin.value()

    def callback(self, timer):
        if _bench.refresh()[_bench.TRAIN_PIN] == self.pin.id:
            import _pulse

            _pulse.play(self)
        else:
            self.see(self.pin.value())

    def see(self, level):
        """Take over the level; call the handler if it waits for that."""
        if level != self._level:
            self._level = level
            if self._trigger & (1 if level else 2):
                self._handler(self.pin)


_watches = {}


def watch(pin, handler, trigger):
    """Call `handler` when the pin changes; None ends it."""
    old = _watches.pop(pin.id, None)
    if old is not None:
        _timers.disarm(old)
    if handler is not None:
        _watches[pin.id] = _Watch(pin, handler, trigger)
        _timers.arm(_watches[pin.id], is_pin=True)
