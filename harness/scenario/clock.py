"""By which clock what happens on a board is judged: the board's time, wherever that differs.

What a claim says of time (for so long, quiet for so long) is of the board's time. A real board's
passes as the host's does; a virtual one's may pass faster while its program waits, and then the
same claim must come out the same.
"""

from __future__ import annotations

import time
from typing import Protocol

from harness.deadline import Deadline
from harness.link.rig import Bench, Rig
from harness.scenario.film import TICKS_PERIOD_MS
from harness.scenario.running import Seen

#: A rig that works answers in milliseconds.
ANSWER_S = 5.0
_HALF_MS = TICKS_PERIOD_MS // 2


class Clock(Protocol):
    """The board's time, in seconds from any zero."""

    def now_s(self) -> float:
        """Return the time."""
        ...

    def of(self, seen: Seen) -> float:
        """Return when a record of the probe was made, in no less than the time since `now_s`."""
        ...

    def ticks_ms(self) -> int:
        """Return what the board's own ticks are now, as far as they matter to `of`."""
        ...


class HostClock:
    """The host's clock, for a board whose time passes no faster."""

    def now_s(self) -> float:
        """Return the monotonic clock."""
        return time.monotonic()

    def of(self, seen: Seen) -> float:
        """Return when it reached the host."""
        return seen.at_s

    def ticks_ms(self) -> int:
        """Return nothing that matters: records are stamped when they arrive."""
        return 0


class BenchClock:
    """The clock of a rig that knows the board's time."""

    def __init__(self, bench: Bench) -> None:
        """Ask that observer."""
        self._bench = bench
        self._look()

    def now_s(self) -> float:
        """Ask for the time."""
        self._look()
        return self._now_us / 1e6

    def of(self, seen: Seen) -> float:
        """Return when it was made, by the board's ticks in it."""
        since_ms = self._up_us // 1000 - seen.record.ticks_ms
        # It may have been made after the last look.
        since_ms = (since_ms + _HALF_MS) % TICKS_PERIOD_MS - _HALF_MS
        return self._now_us / 1e6 - since_ms / 1000

    def ticks_ms(self) -> int:
        """Ask for the board's ticks."""
        self._look()
        return self._up_us // 1000 % TICKS_PERIOD_MS

    def _look(self) -> None:
        state = self._bench.state(Deadline.after(ANSWER_S))
        self._now_us, self._up_us = state.board_us, state.up_us


def clock_of(rig: Rig) -> Clock:
    """Return the clock by which records of the probe are judged."""
    if rig.time_scale == 1 or rig.bench is None:
        return HostClock()
    return BenchClock(rig.bench)
