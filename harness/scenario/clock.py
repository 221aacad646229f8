"""By which clock what happens on a board is judged: the board's time, wherever that differs.

What a claim says of time (for so long, quiet for so long) is of the board's time. A real board's
passes as the host's does; a virtual one's may pass faster while its program waits, and then the
same claim must come out the same.
"""

from __future__ import annotations

import math
import time
from typing import Protocol

from harness.deadline import Deadline
from harness.link.rig import Bench, Rig
from harness.scenario.film import TICKS_PERIOD_MS
from harness.scenario.running import Seen
from harness.wire.probe_record import Record

#: A rig that works answers in milliseconds.
ANSWER_S = 5.0


class Clock(Protocol):
    """The board's time, in seconds from any zero."""

    def now_s(self) -> float:
        """Return the time."""
        ...

    def stamped(self, records: list[Record]) -> list[Seen]:
        """Return records of the probe that have just come, with when they were made.

        That is never later than now, and each later than the one that came before it: who has taken
        what was seen up to one has not taken the next, though both came in one piece.
        """
        ...


class HostClock:
    """The host's clock, for a board whose time passes no faster."""

    def __init__(self) -> None:
        """Begin with no record."""
        self._last_s = -math.inf

    def now_s(self) -> float:
        """Return the monotonic clock."""
        return time.monotonic()

    def stamped(self, records: list[Record]) -> list[Seen]:
        """Take them as made when they reached the host."""
        at_s = time.monotonic()
        return [Seen(at_s, self._in_order(at_s), record) for record in records]

    def _in_order(self, made_s: float) -> float:
        self._last_s = max(made_s, math.nextafter(self._last_s, math.inf))
        return self._last_s


class BenchClock(HostClock):
    """The clock of a rig that knows the board's time."""

    def __init__(self, bench: Bench) -> None:
        """Ask that observer."""
        super().__init__()
        self._bench = bench

    def now_s(self) -> float:
        """Ask for the time."""
        return self._look()[0]

    def stamped(self, records: list[Record]) -> list[Seen]:
        """Take them as made when their ticks say."""
        if not records:
            return []
        at_s = time.monotonic()
        now_s, up_ms = self._look()
        return [
            Seen(at_s, self._in_order(now_s - _age_ms(record, up_ms) / 1000), record)
            for record in records
        ]

    def _look(self) -> tuple[float, int]:
        state = self._bench.state(Deadline.after(ANSWER_S))
        return state.board_us / 1e6, state.up_us // 1000


def _age_ms(record: Record, up_ms: int) -> int:
    """Return how long ago a record was made; 0 for one of before the last hard reset.

    It has come after all before it, and its ticks say no more than that.
    """
    age_ms = (up_ms - record.ticks_ms) % TICKS_PERIOD_MS
    return age_ms if age_ms <= up_ms else 0


def clock_of(rig: Rig) -> Clock:
    """Return the clock by which records of the probe are judged."""
    if rig.time_scale == 1 or rig.bench is None:
        return HostClock()
    return BenchClock(rig.bench)
