"""Pulse trains at a pin, such as an infrared receiver's: low and high in turn, from a moment on.

The bench gives the durations and the moment. A handler is called late, but finds the clock at the
moment of its edge, so that the spacing that it measures is the one that was sent.
"""

import _bench
import _clock
from ustruct import unpack_from

_number = 0
_durations = b""


class _Cursor:
    """A place in the train: the edge that comes next, and its time on the board's clock."""

    def __init__(self):
        # Behind the end of a train that never was: the light is off, the pin is high.
        self.at = 1
        self.edge_us = 0

    def begin(self, start_us):
        self.at = 0
        self.edge_us = start_us

    def is_due(self, now_us):
        # A train of n durations has n + 1 edges; the last one ends high whatever it is.
        return 2 * self.at <= len(_durations) and self.edge_us <= now_us

    def step(self):
        place = 2 * self.at
        if place < len(_durations):
            self.edge_us += _durations[place] | _durations[place + 1] << 8
        self.at += 1

    def level(self):
        return 0 if self.at % 2 and 2 * self.at <= len(_durations) else 1


#: What a handler was told, and what a program that polls has seen: each at its own pace.
_told = _Cursor()
_polled = _Cursor()
_is_telling = False


def _load():
    """Take over a train that is not known yet."""
    global _number, _durations
    block = _bench.inputs
    if block[_bench.TRAIN_NUMBER] != _number:
        _number = block[_bench.TRAIN_NUMBER]
        count, start_us = unpack_from("<HQ", block, _bench.TRAIN_COUNT)
        _durations = bytearray(2 * count)
        _bench.read_train(_durations)
        _told.begin(_clock.of_host(start_us))
        _polled.begin(_told.edge_us)


def level():
    """Return the level of the train's pin now; the inputs must be fresh."""
    if _is_telling:
        return _told.level()
    _load()
    while _polled.is_due(_clock.us()):
        _polled.step()
    return _polled.level()


def play(watch):
    """Tell a watch of all edges that are due, each at its time; the inputs must be fresh."""
    global _is_telling
    _load()
    if watch.train == _number:
        return
    now_us = _clock.us()
    shown_us = 0
    _is_telling = True
    try:
        while _told.is_due(now_us):
            _clock.stand(max(_told.edge_us, shown_us))
            _told.step()
            watch.see(_told.level())
            shown_us = _clock.stand(0)
    finally:
        _clock.stand(0)
        _is_telling = False
    if 2 * _told.at > len(_durations):
        watch.train = _number
