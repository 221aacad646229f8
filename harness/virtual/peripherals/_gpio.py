"""Pins, and what the supervisor hears of those that drive something.

That is each change of the two wires of the panel controller, and each setting of an output or PWM
channel at the LED, the speaker and the infrared transmitter.
"""

import _bench
from _clock import give_back as _give_back
from _clock import us as _us
from ustruct import pack, pack_into

_PANEL_CLOCK = const(23)  # noqa: F821, known to the compiler
_PANEL_DATA = const(22)  # noqa: F821
#: LED red, green, blue; speaker; infrared transmitter.
_WATCHED = (14, 21, 4, 25, 26)

_OUT = const(1)  # noqa: F821
_OPEN_DRAIN = const(2)  # noqa: F821
#: What each pin is: 0 an input, `_OUT`, `_OPEN_DRAIN`; and the level that its output has.
_modes = bytearray(40)
_levels = bytearray(40)
_pulls = bytearray(40)
# Nobody drives the panel's wires yet: they are pulled up.
_levels[_PANEL_CLOCK] = _levels[_PANEL_DATA] = 1

#: When they were sent, and the wires as they change, one byte a change: clock * 2 + data; sent at
#: each stop condition.
_edges = _bench.tagged(250)
_edges[8] = 80  # P
_edges_view = memoryview(_edges)
_edge_count = 17


def _panel_edge(pin, level):
    global _edge_count
    clock = _levels[_PANEL_CLOCK]
    _edges[_edge_count] = clock * 2 + _levels[_PANEL_DATA]
    _edge_count += 1
    # Stop condition: data rises while the clock is high.
    if _edge_count == 250 or (level and clock and pin == _PANEL_DATA):
        pack_into("<Q", _edges, 9, _us())
        _bench.send(_edges_view[:_edge_count])
        _edge_count = 17


def drive(pin, duty, hz, is_driven=1):
    """Report how long a pin is high, as 16 bits of a period; `hz` is 0 for a steady level."""
    if pin in _WATCHED:
        now = _us()
        _bench.report(pack("<BBHBIQ", 76, pin, duty, is_driven, hz, now))  # L
        # A board sets a register. Here the supervisor wakes, and may take the processor.
        _give_back(now)


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
        if mode != -1 or pull != -1 or value is not None:
            self.init(mode, pull, value)

    def init(self, mode=-1, pull=-1, value=None, drive=None, hold=None):
        id = self.id
        if mode in (Pin.OUT, Pin.OPEN_DRAIN):
            if id >= 34:
                raise ValueError("pin can only be input")
            if not _modes[id] and value is None:
                value = 0
            _modes[id] = _OUT if mode == Pin.OUT else _OPEN_DRAIN
        elif mode == Pin.IN:
            _modes[id] = 0
            _drive(id, 0, 0, 0)
        # The pins from 34 on have no resistors.
        if pull != -1 and id < 34:
            _pulls[id] = pull or 0
        if value is not None:
            self.value(value)

    def value(self, level=None):
        id = self.id
        if level is None:
            if _modes[id] and (_modes[id] == _OUT or not _levels[id]):
                return _levels[id]
            return _input(id)
        level = 1 if level else 0
        if _levels[id] != level:
            _levels[id] = level
            if 22 <= id <= 23:
                _panel_edge(id, level)
        if _modes[id]:
            _drive(id, 0xFFFF if level else 0, 0)
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


# `drive` is a parameter's name in there.
_drive = drive


def _input(id):
    block = _bench.refresh()
    if block[_bench.TRAIN_PIN] == id:
        import _pulse

        return _pulse.level()
    level = block[_bench.LEVELS + id]
    # A pin that nothing drives has the level of its resistor; without one it reads low here.
    return (1 if _pulls[id] == 2 else 0) if level == _bench.OPEN else level
