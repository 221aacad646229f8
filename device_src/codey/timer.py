"""`codey.get_timer` and `codey.reset_timer`."""

from time import ticks_diff, ticks_ms

from codey.script import point

_started_ms = ticks_ms()


def get_timer():
    """Return the seconds since the program began or since reset_timer(), with one decimal."""
    point()
    return ticks_diff(ticks_ms(), _started_ms) // 100 / 10


def reset_timer():
    """Begin again at 0."""
    global _started_ms
    point()
    _started_ms = ticks_ms()
