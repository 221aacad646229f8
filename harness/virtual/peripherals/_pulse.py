"""Pulse trains at a pin, such as an infrared receiver's: low and high in turn, from a moment on.

The bench gives the durations and the moment. A handler is called late, but finds the clock at the
moment of its edge, so that the spacing that it measures is the one that was sent.
"""

import _bench
import _clock
from ustruct import unpack_from

_number = 0
_durations = b""
_count = 0
#: The edge that comes next: its number (even: falls), and its time on the board's clock.
_at = 0
_edge_us = 0


def _load():
    """Take over a train that is not known yet."""
    global _number, _durations, _count, _at, _edge_us
    block = _bench.inputs
    if block[_bench.TRAIN_NUMBER] != _number:
        _number = block[_bench.TRAIN_NUMBER]
        _count, start_us = unpack_from("<HQ", block, _bench.TRAIN_COUNT)
        _durations = bytearray(2 * _count)
        _bench.read_train(_durations)
        _edge_us = _clock.of_host(start_us)
        _at = 0


def _step():
    global _at, _edge_us
    if _at < _count:
        _edge_us += _durations[2 * _at] | _durations[2 * _at + 1] << 8
    _at += 1


def _is_due(now_us):
    # A train of n durations has n + 1 edges; the last one ends high whatever it is.
    return _at <= _count and _edge_us <= now_us


def level():
    """Return the level of the train's pin now; the inputs must be fresh."""
    _load()
    while _is_due(_clock.us()):
        _step()
    return _level()


def _level():
    return 0 if 0 < _at <= _count and _at % 2 else 1


def play(watch):
    """Tell a watch of all edges that are due, each at its time; the inputs must be fresh."""
    _load()
    if watch.train == _number:
        return
    now_us = _clock.us()
    shown_us = 0
    late_us = _clock.late_us
    try:
        while _is_due(now_us):
            edge_us = max(_edge_us, shown_us)
            _step()
            _clock.late_us = late_us
            _clock.late_us += _clock.us() - edge_us
            watch.see(_level())
            shown_us = _clock.us()
    finally:
        _clock.late_us = late_us
    if _at > _count:
        watch.train = _number
