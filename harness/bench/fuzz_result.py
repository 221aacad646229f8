"""What came of fuzzing, and the table made from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from harness.bench.fuzz_case import Case
from harness.bench.fuzz_heap import LIMITS
from harness.bench.fuzz_judge import FAULTS
from harness.bench.row import Row, at_least, at_most

#: Share of the packets that must meet a live session.
LEAST_LIVE_PERCENT = 20


@dataclass(frozen=True)
class Failure:
    """A case with a fault.

    Attributes:
        case: The case, or the least one that was found to have the fault as well.
        fault: Kind of fault, one of `fuzz_judge.FAULTS`.
        text: What was seen.
    """

    case: Case
    fault: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return its JSON shape."""
        return {
            "index": self.case.index,
            "state": self.case.state,
            "fault": self.fault,
            "text": self.text,
            "case": self.case.text(),
        }


@dataclass
class Result:
    """What came of it.

    Attributes:
        cases: How many were run.
        packets: Fuzzed packets that were parsed up to their fault.
        live: How many of these on a live session.
        seconds: How long it took, without coverage and what is run again.
        outcomes: Classes of outcome of all calls, and how often.
        states: States, and how many packets met the client there.
        failures: Cases with a fault.
        growth: Heap that was left from case to case, and that one case kept.
        coverage: File of the client -> percent of its branches that were taken.
        version: Of the interpreter.
        shown: Of the one case that was asked for: its text, and what came of each call.
    """

    cases: int = 0
    packets: int = 0
    live: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    growth: tuple[int, int] = (0, 0)
    coverage: dict[str, float] = field(default_factory=dict)
    version: str = ""
    shown: list[str] = field(default_factory=list)

    def rows(self, on: str, packets: int) -> list[Row]:
        """Return the table.

        Args:
            on: Name of the runtime.
            packets: How many packets had to arrive; 0 for a single case, which has no such limit.
        """
        unit = "B" if on == "micropython" else "blocks"
        kinds = Counter(failure.fault for failure in self.failures)
        of_case, overall = LIMITS[on]
        least_live = LEAST_LIVE_PERCENT if packets else 0
        rows = [
            at_least(f"fuzzed packets on {on}", self.packets, "", packets),
            at_least(
                "of these on a live session",
                100 * self.live / max(self.packets, 1),
                "%",
                least_live,
            ),
            *(at_most(f"cases with: {fault}", kinds[fault], "", 0) for fault in FAULTS),
            at_most("heap kept by one case", self.growth[1], unit, of_case),
            at_most("heap left by all cases", self.growth[0], unit, overall),
            Row("cases", self.cases, ""),
            Row("rate", self.packets / max(self.seconds, 1e-9), "/s"),
        ]
        rows += [Row(f"outcome: {name}", n, "") for name, n in self.outcomes.most_common()]
        rows += [Row(f"state: {name}", n, "packets") for name, n in self.states.most_common()]
        rows += [Row(f"branches of {name}", share, "%") for name, share in self.coverage.items()]
        return rows
