"""The device's MQTT client against a broker that says anything, in simulated time.

Cases come from a seed (`fuzz_stream`), run in an interpreter of their own in which nothing is real
but the client (`device_code/fuzz_runner.py`), and are judged (`fuzz_judge`). Whatever the broker
says, a call has to end in one of three ways, the right result, MQTTException or OSError, within its
time; the client has to be of use afterwards, and to keep no heap.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.bench.fuzz_case import Case, CaseSeen
from harness.bench.fuzz_heap import LIMITS, HeapWatch
from harness.bench.fuzz_judge import ENDED, HANG, HEAP, count, faults
from harness.bench.fuzz_least import least
from harness.bench.fuzz_result import Failure, Result
from harness.bench.fuzz_stream import case_of
from harness.bench.fuzz_worker import SILENT_S, FuzzWorker, Runtime, cpython
from harness.errors import LinkLost, LinkTimeout

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: After so many cases with a fault there is enough to look at.
MOST_FAILURES = 10
#: The same of cases that take the interpreter down, each of which costs `Setup.silent_s`.
MOST_ENDED = 2
#: So many are made as small as can be.
MOST_SHORTENED = 3
#: Coverage is measured on the first cases only: it halves the rate, and hardly grows after them.
COVERED_CASES = 4000
SAY_EVERY_S = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Setup:
    """What is fuzzed, and how much.

    Attributes:
        runtime: The interpreter.
        device_src: The client's folder.
        packets: How many fuzzed packets have to be parsed up to their fault.
        seed: Of the stream of cases.
        tables: Packets to draw from besides: name and bytes.
        only: The number of the one case to run; None for all.
        has_coverage: Whether to measure the branch coverage; needs CPython and coverage.py.
        silent_s: After how long a case that gives no answer is an endless one.
    """

    runtime: Runtime
    device_src: Path
    packets: int
    seed: int
    tables: Sequence[tuple[str, bytes]] = ()
    only: int | None = None
    has_coverage: bool = False
    silent_s: float = SILENT_S

    @property
    def least_packets(self) -> int:
        """How many packets have to arrive: 0 when it is about one case."""
        return self.packets if self.only is None else 0


class Fuzzer:
    """Runs cases, and goes on behind those that take the interpreter down."""

    def __init__(self, setup: Setup, say: Say) -> None:
        """Start an interpreter.

        Args:
            setup: What to do.
            say: Is told how far it is.
        """
        self._setup = setup
        self._say = say
        self._worker = self._start()
        self._watch = HeapWatch(self._run_all)
        self.result = Result(version=self._worker.version)

    def close(self) -> None:
        """End the interpreter."""
        self._worker.kill()

    def fuzz(self) -> None:
        """Run cases until enough packets have arrived, or enough is wrong."""
        result = self.result
        started_s = told_s = time.monotonic()
        for case, seen in self._run(self._cases()):
            counted = count(case, seen)
            result.cases += 1
            result.packets += counted.packets
            result.live += counted.live
            result.states[case.state] += counted.packets
            result.outcomes.update(_class(did.outcome) for did in seen.steps)
            for fault, text in faults(case, seen):
                result.failures.append(Failure(case, fault, text))
                break
            if self._setup.only is not None:
                result.shown = [*case.text(), *(f"= {did.outcome}" for did in seen.steps)]
            self._watch.take(case, seen)
            if len(result.failures) >= MOST_FAILURES:
                break
            if time.monotonic() - told_s > SAY_EVERY_S:
                told_s = time.monotonic()
                self._say(f"{result.packets} packets, {len(result.failures)} failures")
        result.seconds = time.monotonic() - started_s
        if self._worker.unanswered:  # broken off
            self._restart()
        else:
            self._judge_heap()

    def shorten(self) -> None:
        """Make the cases with a fault as small as can be, those that end by themselves."""
        for place, failure in enumerate(self.result.failures[:MOST_SHORTENED]):
            if failure.fault not in (HANG, ENDED, HEAP):
                self._say(f"case {failure.case.index}: looking for the least that fails")
                shown = least(failure.case, lambda case: self._text_of(case, failure.fault))  # noqa: B023 - called at once
                text = self._text_of(shown, failure.fault) or failure.text
                self.result.failures[place] = Failure(shown, failure.fault, text)

    def _text_of(self, case: Case, fault: str) -> str:
        """Return what a case shows of a kind of fault; empty when it does not have it."""
        try:
            (seen,) = self._run_all([case])
        except (LinkTimeout, LinkLost):  # another fault than the one that is looked for
            self._restart()
            return ""
        return next((text for kind, text in faults(case, seen) if kind == fault), "")

    def _cases(self) -> Iterator[Case]:
        setup, result = self._setup, self.result
        if setup.only is not None:
            yield case_of(setup.seed, setup.only, setup.tables)
            return
        index = 0
        while result.packets < setup.packets:
            yield case_of(setup.seed, index, setup.tables)
            index += 1

    def _run(self, cases: Iterator[Case]) -> Iterator[tuple[Case, CaseSeen]]:
        """Run cases; one that does not come back is a failure, and another interpreter goes on."""
        again: list[Case] = []
        for _ in range(MOST_ENDED):
            try:
                yield from self._worker.run(itertools.chain(again, cases))
            except (LinkTimeout, LinkLost) as error:
                broken, *again = self._worker.unanswered
                fault = HANG if isinstance(error, LinkTimeout) else ENDED
                self.result.failures.append(Failure(broken, fault, error.got))
                self._restart()
            else:
                return

    def _judge_heap(self) -> None:
        try:
            growth = self._watch.growth()
        except LinkLost as error:  # no memory is left
            self.result.failures.append(Failure(self._worker.unanswered[0], ENDED, error.got))
            return
        self.result.growth = (growth.overall, growth.of_case)
        of_case, overall = LIMITS[self._setup.runtime.name]
        if growth.case is not None and growth.of_case > of_case:
            self.result.failures.append(
                Failure(growth.case, HEAP, f"{growth.of_case} kept, limit {of_case}")
            )
        if growth.overall > overall and growth.case is not None:
            self.result.failures.append(
                Failure(growth.case, HEAP, f"{growth.overall} left by all, limit {overall}")
            )

    def _run_all(self, cases: list[Case]) -> list[CaseSeen]:
        return [seen for _, seen in self._worker.run(iter(cases))]

    def _restart(self) -> None:
        self._worker.kill()
        self._worker = self._start()
        self._watch = HeapWatch(self._run_all)

    def _start(self) -> FuzzWorker:
        setup = self._setup
        return FuzzWorker(setup.runtime, setup.device_src, silent_s=setup.silent_s)


def packet_tables(folder: Path) -> list[tuple[str, bytes]]:
    """Return the packets of the tables of the project, right and wrong: name and bytes.

    Args:
        folder: Where `packet.toml` and `malformed.toml` lie.
    """
    found = []
    for kind in ("packet", "malformed"):
        entries = tomllib.loads((folder / f"{kind}.toml").read_text("utf-8"))[kind]
        found += [(each["name"], bytes.fromhex(each["hex"])) for each in entries]
    return found


def measure(setup: Setup, say: Say) -> Result:
    """Fuzz a client.

    Args:
        setup: What to do.
        say: Is told how far it is.
    """
    with contextlib.closing(Fuzzer(setup, say)) as fuzzer:
        fuzzer.fuzz()
        fuzzer.shorten()
        result = fuzzer.result
    if setup.has_coverage and setup.only is None and not result.failures:
        say("branch coverage")
        result.coverage = _coverage(setup, min(result.cases, COVERED_CASES))
    return result


def _coverage(setup: Setup, cases: int) -> dict[str, float]:
    """Return the share of the client's branches that the first cases take, in percent."""
    with tempfile.TemporaryDirectory(prefix="hil-fuzz-") as folder:
        worker = FuzzWorker(
            cpython(),
            setup.device_src,
            coverage=Path(folder) / "coverage.json",
            silent_s=setup.silent_s,
        )
        try:
            for _ in worker.run(case_of(setup.seed, n, setup.tables) for n in range(cases)):
                pass
            report = worker.finish()
        finally:
            worker.kill()
    files: dict[str, Any] = report["files"] if report else {}
    return {
        Path(name).name: each["summary"]["percent_branches_covered"] for name, each in files.items()
    }


def _class(outcome: str) -> str:
    """Return the class of an outcome: what it returned does not make another one."""
    return "returned" if outcome.startswith("returned") else outcome.partition(":")[0]
