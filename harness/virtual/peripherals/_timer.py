"""`machine.Timer` and `machine.RTC`."""

import _timers
from _clock import ms as _clock_ms


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **settings):
        self._id = id
        if settings:
            self.init(**settings)

    def init(self, mode=1, period=-1, freq=None, callback=None, hard=False):
        self.deinit()
        ms = int(1000 / freq) if freq else period
        if ms < 0 or callback is None:
            return
        self.callback = callback
        self.period_ms = max(1, ms) if mode == Timer.PERIODIC else None
        self.due_ms = _clock_ms() + ms
        _timers.arm(self)

    def deinit(self):
        _timers.disarm(self)

    def value(self):
        return self.due_ms - _clock_ms()


class RTC:
    def datetime(self, fields=None):
        """Get or set (year, month, day, weekday, hours, minutes, seconds, microseconds)."""
        import time

        if fields is None:
            y, mo, d, h, mi, s, w, _ = time.gmtime()
            return (y, mo, d, w, h, mi, s, time.time_ns() // 1000 % 1000000)
        y, mo, d, _, h, mi, s, _ = fields
        time.offset_s += time.mktime((y, mo, d, h, mi, s, 0, 0)) - time.time()
        return None

    def init(self, fields):
        self.datetime(fields)
