"""A time axis that leaves out the time in which nothing happened.

A check that waits two seconds in vain follows thirty milliseconds in which everything happened: on
an even axis these would be one line. So an idle gap that would take most of the width is drawn as a
narrow break with its length told, and the rest keeps one scale.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Width of every axis in drawing units; drawings stretch to the width of the page.
WIDTH = 1000.0
#: Gaps are breaks when the least of them is so many times as long as all the others together; a
#: break takes `_BREAK` of the axis.
_IDLE = 4
_BREAK = 0.1
#: At least so many gaps are drawn to scale: fewer leave nothing to compare.
_FEW = 4
#: At most so many breaks, that there is an axis between them.
_MOST_BREAKS = 4
#: Ticks are at least this far apart, so that their labels do not touch on a narrow page.
TICK_DISTANCE = 0.16 * WIDTH


@dataclass(frozen=True)
class Break:
    """A gap that is drawn narrower than it was: where, and how long it was."""

    left: float
    right: float
    seconds: float


@dataclass(frozen=True)
class Tick:
    """A label below the axis."""

    x: float
    t: float


class Axis:
    """Maps seconds to 0..`WIDTH`."""

    def __init__(self, instants: Iterable[float]) -> None:
        """Lay out the axis for the instants at which something happened."""
        times = sorted({round(t, 5) for t in instants}) or [0.0]
        if len(times) == 1:
            times.append(times[0] + 0.001)
        gaps = [after - before for before, after in pairwise(times)]
        shown, idle = _shrunk(gaps)
        scale = WIDTH / sum(shown)
        self._times = times
        self._xs = [0.0]
        for gap in shown:
            self._xs.append(self._xs[-1] + gap * scale)
        self.breaks = [Break(self._xs[i], self._xs[i + 1], gaps[i]) for i in sorted(idle)]

    def x(self, t: float) -> float:
        """Return the place of a moment; outside the axis its nearer end."""
        if t <= self._times[0]:
            return 0.0
        # A scroll or a flood has hundreds of instants, and each is asked for more than once.
        index = bisect_left(self._times, t)
        if index == len(self._times):
            return WIDTH
        before, after = self._times[index - 1], self._times[index]
        left, right = self._xs[index - 1], self._xs[index]
        return left + (right - left) * (t - before) / (after - before)

    def ticks(self) -> list[Tick]:
        """Return ticks at the ends, at the sides of breaks, and between where there is room."""
        wanted = [0.0, WIDTH]
        wanted += [x for gap in self.breaks for x in (gap.left, gap.right)]
        wanted += [WIDTH * part / 5 for part in range(1, 5)]
        placed: list[float] = []
        for x in wanted:
            if all(abs(x - other) >= TICK_DISTANCE for other in placed):
                placed.append(x)
        return [Tick(x, self._t(x)) for x in sorted(placed)]

    def _t(self, x: float) -> float:
        """Return the moment at a place."""
        for index, right in enumerate(self._xs[1:]):
            if x <= right:
                left = self._xs[index]
                part = (x - left) / (right - left) if right > left else 0.0
                return self._times[index] + part * (self._times[index + 1] - self._times[index])
        return self._times[-1]


def _shrunk(gaps: list[float]) -> tuple[list[float], set[int]]:
    """Return the gaps as drawn and which of them are breaks."""
    longest = sorted(range(len(gaps)), key=lambda i: -gaps[i])
    count = 0
    for candidate in range(1, min(_MOST_BREAKS, len(gaps) - _FEW) + 1):
        rest = sum(gaps[i] for i in longest[candidate:])
        if gaps[longest[candidate - 1]] > _IDLE * rest:
            count = candidate
    idle = set(longest[:count])
    width = sum(gaps[i] for i in longest[count:]) * _BREAK / (1 - _BREAK * count)
    return [width if i in idle else gap for i, gap in enumerate(gaps)], idle
