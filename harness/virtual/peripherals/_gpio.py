"""Pins, PWM and ADC.

What goes to the supervisor: each change of the two wires of the panel controller, and each setting
of a PWM channel or output that drives the LED.
"""

import _bench

_PANEL_CLOCK = const(23)  # noqa: F821, known to the compiler
_PANEL_DATA = const(22)  # noqa: F821
_LED = (14, 21, 4)

#: Level that each pin drives; pins that are inputs are read from the input block.
_levels = bytearray(40)
_outputs = bytearray(40)
# Nobody drives the panel's wires yet: they are pulled up.
_levels[_PANEL_CLOCK] = _levels[_PANEL_DATA] = 1

#: The wires as they change, one byte a change: clock * 2 + data, sent at each stop condition.
_edges = _bench.tagged(250)
_edges[8] = 80  # P
_edges_view = memoryview(_edges)
_edge_count = 9


def _panel_edge(pin, level):
    global _edge_count
    clock = _levels[_PANEL_CLOCK]
    _edges[_edge_count] = clock * 2 + _levels[_PANEL_DATA]
    _edge_count += 1
    # Stop condition: data rises while the clock is high.
    if _edge_count == 250 or (level and clock and pin == _PANEL_DATA):
        _bench.send(_edges_view[:_edge_count])
        _edge_count = 9


def _led_drive(pin, duty, period):
    """Report how long the channel is high, as 16 bits of `period`; `period` 0: not driven."""
    _bench.report(bytes((76, pin, duty & 255, duty >> 8, period)))


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3

    def __init__(self, id, mode=-1, pull=-1, value=None, drive=None, hold=None):
        if isinstance(id, Pin):
            id = id.id
        if not isinstance(id, int) or not 0 <= id < 40 or id in (24, 28, 29, 30, 31):
            raise ValueError("invalid pin")
        self.id = id
        if mode != -1 or value is not None:
            self.init(mode, pull, value)

    def init(self, mode=-1, pull=-1, value=None, drive=None, hold=None):
        if mode in (Pin.OUT, Pin.OPEN_DRAIN):
            if self.id >= 34:
                raise ValueError("pin can only be input")
            if not _outputs[self.id]:
                _outputs[self.id] = 1
                if value is None:
                    value = 0
        elif mode == Pin.IN:
            _outputs[self.id] = 0
            if self.id in _LED:
                _led_drive(self.id, 0, 0)
        if value is not None:
            self.value(value)

    def value(self, level=None):
        id = self.id
        if level is None:
            if _outputs[id]:
                return _levels[id]
            return _bench.refresh()[_bench.LEVELS + id]
        level = 1 if level else 0
        if _levels[id] != level:
            _levels[id] = level
            if 22 <= id <= 23:
                _panel_edge(id, level)
        if id in _LED and _outputs[id]:
            _led_drive(id, 0xFFFF if level else 0, 1)
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not _levels[self.id])

    def irq(self, handler=None, trigger=3, wake=None, hard=False):
        import _irq

        return _irq.watch(self, handler, trigger)

    def __repr__(self):
        return "Pin(" + str(self.id) + ")"


class PWM:
    """A LEDC channel; the duty is kept in 16 bits and reported when it changes."""

    def __init__(self, dest, freq=None, duty=None, duty_u16=None, duty_ns=None):
        self._pin = Pin(dest).id
        if self._pin >= 34:
            raise ValueError("invalid pin")
        self._hz = 5000
        # The half, as on a board whose program gives no duty.
        self._duty = 32768
        self.init(freq, duty, duty_u16, duty_ns)

    def init(self, freq=None, duty=None, duty_u16=None, duty_ns=None):
        if freq is not None:
            self._hz = self._checked(freq, 1, 40000000)
        if duty is not None:
            self._duty = self._checked(duty, 0, 1023) << 6
        if duty_u16 is not None:
            self._duty = self._checked(duty_u16, 0, 65535)
        if duty_ns is not None:
            self._duty = min(65535, duty_ns * self._hz * 65536 // 1000000000)
        self._report()

    def _checked(self, value, low, high):
        value = int(value)
        if not low <= value <= high:
            raise ValueError("value must be from " + str(low) + " to " + str(high))
        return value

    def _report(self):
        if self._pin in _LED:
            _led_drive(self._pin, self._duty, 1)

    def freq(self, hz=None):
        if hz is None:
            return self._hz
        return self.init(freq=hz)

    def duty(self, value=None):
        if value is None:
            return self._duty >> 6
        return self.init(duty=value)

    def duty_u16(self, value=None):
        if value is None:
            return self._duty
        return self.init(duty_u16=value)

    def duty_ns(self, value=None):
        if value is None:
            return self._duty * 1000000000 // (65536 * self._hz)
        return self.init(duty_ns=value)

    def deinit(self):
        if self._pin in _LED:
            _led_drive(self._pin, 0, 0)


class ADC:
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12

    def __init__(self, pin, atten=3):
        self._pin = Pin(pin).id
        if not 32 <= self._pin <= 39:
            raise ValueError("invalid pin")
        self._bits = 12

    def atten(self, attenuation):
        pass

    def width(self, bits):
        self._bits = bits

    def read_u16(self):
        block = _bench.refresh()
        place = _bench.READINGS + 2 * (self._pin - 32)
        return block[place] | block[place + 1] << 8

    def read(self):
        return self.read_u16() >> (16 - self._bits)

    def read_uv(self):
        return self.read_u16() * 3300000 // 65535
