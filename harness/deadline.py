"""A moment by which something must have happened, made once and passed down."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Deadline:
    """A point on the host's monotonic clock.

    A function that waits takes a deadline and never invents a time-out of its own; one that needs a
    shorter limit for a part takes it with `at_most`, which can only shorten.

    Attributes:
        at_s: The moment, in seconds of `time.monotonic`.
        total_s: How long it was when it was made, for messages.
    """

    at_s: float
    total_s: float

    @classmethod
    def after(cls, timeout_s: float) -> Deadline:
        """Return the deadline that lies `timeout_s` seconds from now."""
        return cls(time.monotonic() + timeout_s, timeout_s)

    @property
    def remaining_s(self) -> float:
        """Seconds that are left; 0.0 once it has passed."""
        return max(0.0, self.at_s - time.monotonic())

    @property
    def is_expired(self) -> bool:
        """Whether the moment has passed."""
        return time.monotonic() >= self.at_s

    def at_most(self, timeout_s: float) -> Deadline:
        """Return the earlier of this deadline and `timeout_s` from now."""
        other = Deadline.after(timeout_s)
        return other if other.at_s < self.at_s else self
