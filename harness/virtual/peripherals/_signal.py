"""`machine.Signal` and `time_pulse_us`: the interpreter's own know no pins but its own."""

import _clock
from _gpio import Pin


class Signal:
    def __init__(self, pin, *arguments, invert=False, **settings):
        self._pin = pin if isinstance(pin, Pin) else Pin(pin, *arguments, **settings)
        self._is_inverted = bool(invert)

    def value(self, level=None):
        if level is None:
            return self._pin.value() ^ self._is_inverted
        return self._pin.value(bool(level) != self._is_inverted)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


def time_pulse_us(pin, pulse_level, timeout_us=1000000):
    """Return how long the next pulse lasts; -2 when it did not begin in time, -1 not end."""
    for is_pulse, failure in ((False, -2), (True, -1)):
        start = _clock.us()
        while (pin.value() == pulse_level) == is_pulse:
            if _clock.us() - start > timeout_us:
                return failure
    return _clock.us() - start
