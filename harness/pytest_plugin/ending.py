"""How one test ends: the worst of its phases, with what there is to say of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from harness.scenario.verdict import INTERRUPTED


@dataclass
class Ending:
    """How one test has gone so far.

    Attributes:
        verdict: The worst so far.
        phase: In which phase it was given.
        message: Why, in words.
        parts: The five parts of an error of ours.
        missing: Capabilities for the lack of which it was skipped.
        trace: Where in the test's code, as pytest shows it.
        reason: The exit code that its error stands for; None when there was none.
    """

    verdict: str = "pass"
    phase: str = "call"
    message: str = ""
    parts: dict[str, str] | None = None
    missing: list[str] = field(default_factory=list)
    trace: str | None = None
    reason: int | None = None
    started_s: float = field(default_factory=time.monotonic)

    def interrupt(self, error: BaseException) -> None:
        """Take note that the test was stopped in the middle: what it would have shown is open."""
        if self.verdict in ("pass", "skipped"):
            self.verdict = "blocked"
            self.message = f"stopped before its end ({type(error).__name__})"
            self.reason = INTERRUPTED
