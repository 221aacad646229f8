"""Whether a fuzzed client keeps heap: of one case, or from case to case.

The heap in use is read after each case, when the client has been given a fresh session. Single
readings are noisy: MicroPython's collector takes whatever lies on the stack for a reference,
CPython keeps freed objects for the next. So cases after which it rose most are run again, in turn
with one in which nothing happens, and the least readings are compared.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from harness.bench.fuzz_case import Case, CaseSeen, Chunk, Step
from harness.wire.mqtt_packet import ConnAck

#: Name of a runtime -> what a client may keep of one case, and what all cases together may leave:
#: bytes on MicroPython, blocks on CPython. The send buffer may have grown to 1 KiB, and CPython
#: keeps some 400 blocks for later; 150 packets that leave 32 bytes each show.
LIMITS = {"micropython": (2048, 8192), "cpython": (60, 1500)}
#: How many of the largest cases are run again, and how often.
_LOOKED_AT, _TURNS = 5, 4

Run = Callable[[list[Case]], list[CaseSeen]]


@dataclass(frozen=True)
class Growth:
    """What is kept.

    Attributes:
        overall: From the first quiet case to the last.
        case: The case that keeps most, None when there was none.
        of_case: What it keeps.
    """

    overall: int
    case: Case | None
    of_case: int


class HeapWatch:
    """Watches one interpreter."""

    def __init__(self, run: Run) -> None:
        """Take the first readings.

        Args:
            run: Runs cases on the interpreter.
        """
        self._run = run
        self._first = self._last = self._quiet()
        self._largest: list[tuple[int, int, Case]] = []

    def take(self, case: Case, seen: CaseSeen) -> None:
        """Take the reading after a case."""
        entry = (seen.heap - self._last, -case.index, case)
        self._last = seen.heap
        if len(self._largest) < _LOOKED_AT:
            heapq.heappush(self._largest, entry)
        elif entry[:2] > self._largest[0][:2]:
            heapq.heapreplace(self._largest, entry)

    def growth(self) -> Growth:
        """Run the largest cases again, and compare."""
        worst = self._largest[-1][2] if self._largest else None
        most = 0
        for _, _, case in sorted(self._largest, reverse=True, key=lambda entry: entry[:2]):
            kept = self.of_case(case)
            if kept > most:
                worst, most = case, kept
        return Growth(self._quiet() - self._first, worst, most)

    def of_case(self, case: Case) -> int:
        """Return what the client keeps of a case while it lives."""
        seen = self._run([each for _ in range(_TURNS) for each in (case, _QUIET)])
        return min(each.heap for each in seen[::2]) - min(each.heap for each in seen[1::2])

    def _quiet(self) -> int:
        return min(seen.heap for seen in self._run([_QUIET] * _TURNS))


_QUIET = Case(
    index=-1,
    state="quiet",
    is_live=False,
    steps=(Step("connect", (True,), (Chunk(ConnAck().encode()),)), Step("check_msg")),
)
