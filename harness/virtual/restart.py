"""When a board starts again after a run of its interpreter, and for what reason."""

from __future__ import annotations

# Values of `machine.reset_cause`.
POWER_ON = 1
HARD_RESET = 2
SOFT_RESET = 5

#: Runs that end before their prompt, one after the other, until the next one has to wait.
FREE_RESTARTS = 3
#: The first and the longest such wait: a boot.py that resets must not keep a processor busy.
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 2.0


class Restart:
    """The next start of a board.

    Attributes:
        cause: What `machine.reset_cause` will return.
        at_s: When it is due, on the monotonic clock; None while none is.
    """

    def __init__(self) -> None:
        """Begin with no start due."""
        self.cause = POWER_ON
        self.at_s: float | None = None
        self._short_runs = 0

    def begin(self, cause: int) -> None:
        """Take note that the board starts now."""
        self.cause = cause
        self.at_s = None

    def forget(self) -> None:
        """Let the runs so far count for nothing: one has reached its prompt, or a person reset."""
        self._short_runs = 0

    def count_short(self) -> None:
        """Take note of a run that ended before its prompt."""
        self._short_runs += 1

    def schedule(self, cause: int, now_s: float) -> None:
        """Start again: at once, or later when the board did nothing but restart lately."""
        self.cause = cause
        excess = self._short_runs - FREE_RESTARTS
        wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**excess) if excess >= 0 else 0.0
        self.at_s = now_s + wait_s

    def is_due(self, now_s: float) -> bool:
        """Whether the board has to start now."""
        return self.at_s is not None and now_s >= self.at_s
