"""What one source saw of a panel or an LED over time, and how it is drawn in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.board.snapshot import Snapshot

#: The board's ticks wrap at this, or at a multiple of it.
TICKS_PERIOD_MS = 1 << 30

#: Pictures side by side in a terminal of 80 columns.
ACROSS = 4
_WIDTH = 18


@dataclass(frozen=True)
class Shot:
    """What a source saw from one moment on.

    Attributes:
        at_s: When, on the source's clock: seconds of the board's time, see `clock`.
        seen: What.
        how: How a program has asked for it, such as ``scroll``; empty where the source does not
            know. ``restart`` is what a fresh interpreter shows.
    """

    at_s: float
    seen: Snapshot
    how: str = ""

    def until(self, later: Shot) -> float:
        """Return the seconds from here to a later shot, by the board's ticks where it can be."""
        if "restart" in (self.how, later.how):
            return later.at_s - self.at_s
        return (later.seen.ticks_ms - self.seen.ticks_ms) % TICKS_PERIOD_MS / 1000


def side_by_side(expected: Sequence[str], found: Sequence[str]) -> str:
    """Return two pictures as rows beside each other, the rows that differ marked."""
    lines = [f"{'expected':<18}  found"]
    for wanted, came in zip(expected, found, strict=True):
        lines.append(f"{wanted}  {'  ' if wanted == came else '! '}{came}")
    return "\n".join(lines)


def strip_of_pictures(pictures: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return pictures side by side in reading order.

    Args:
        pictures: A few words and the 8 rows of each.
    """
    blocks = []
    for first in range(0, len(pictures), ACROSS):
        line = pictures[first : first + ACROSS]
        rows = [
            [words[:_WIDTH] for words, _ in line],
            *zip(*(rows for _, rows in line), strict=True),
        ]
        blocks.append(
            "\n".join("  ".join(f"{one:<{_WIDTH}}" for one in row).rstrip() for row in rows)
        )
    return "\n".join(blocks)
