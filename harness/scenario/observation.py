"""Check what a board shows against a matcher, by every source that can tell.

On an idle board the snapshots decide at once. While a program runs the board cannot be asked: the
probe's records and the bench's events end the wait, and each source that is there must agree.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, cast

from harness.board.readback import bench_snapshot
from harness.board.snapshot import Snapshot, columns_from_rows, rows_from_columns
from harness.deadline import Deadline
from harness.errors import ExpectationFailed, HarnessError
from harness.link.rig import Bench
from harness.scenario.dut import BoardUnderTest
from harness.scenario.evidence import Evidence
from harness.scenario.matcher import Matcher
from harness.scenario.running import RunningProgram, Seen
from harness.wire.probe_record import Record

#: After the probe's record the panel is being written: an ESP32 needs at most 20 ms for a frame.
SETTLE_S = 1.0

DARK_COLUMNS = bytes(16)


@dataclass(frozen=True)
class Outcome:
    """What one source said at the end."""

    source: str
    ok: bool
    found: Snapshot
    at_s: float


def expect(dut: BoardUnderTest, matcher: Matcher, within_s: float, evidence: Evidence) -> None:
    """Wait until all sources show what is expected.

    Args:
        dut: The board; idle or running a program.
        matcher: What is expected.
        within_s: How long to wait for a running program; an idle board is asked once.
        evidence: Where the outcome is noted.

    Raises:
        ExpectationFailed: A source shows something else; the message names it and shows expected
            beside found.
        HarnessError: No source can tell: a check that could not run is never a pass.
    """
    started_s = time.monotonic()
    if dut.running is not None and dut.running.is_running:
        outcomes = _watch(dut, dut.running, matcher, within_s)
    else:
        outcomes = [
            Outcome(found.source, matcher.holds(found), found, _taken_s(dut, found))
            for found in dut.snapshots()
            if found.source in dut.sources and (found.is_led_known or not matcher.is_led)
        ]
    if not outcomes:
        raise HarnessError(
            f"nobody can tell whether the board shows {matcher.says}",
            on=dut.name,
            expected="a program that has used codey since the reset, or a rig with an observer",
            advice='@pytest.mark.needs("bench") skips the test where there is no observer',
        )
    took_s = time.monotonic() - started_s
    for outcome in outcomes:
        _note(outcome, matcher, within_s, took_s, dut.name, evidence)
    failed = [outcome for outcome in outcomes if not outcome.ok]
    if failed:
        raise _failure(dut, matcher, within_s, outcomes, failed[0])
    for outcome in outcomes:
        dut.taken_s[outcome.source, "led" if matcher.is_led else "panel"] = outcome.at_s


def rgb_of(record: Record) -> tuple[int, int, int]:
    """Return the colour in a record of kind ``led``."""
    red, green, blue = cast("list[int]", record.fields["rgb"])
    return red, green, blue


def latest_commanded(records: list[Seen]) -> Snapshot:
    """Return what the probe's records add up to: the last picture and the last colour."""
    columns, text, led, ticks_ms = DARK_COLUMNS, None, (0, 0, 0), 0
    for seen in records:
        fields = seen.record.fields
        if seen.record.kind == "display":
            columns = bytes.fromhex(str(fields.get("px", "")))
            text = fields.get("text")
            ticks_ms = seen.record.ticks_ms
        elif seen.record.kind == "led":
            led = rgb_of(seen.record)
            ticks_ms = seen.record.ticks_ms
    return Snapshot(
        "commanded",
        rows_from_columns(columns),
        text if isinstance(text, str) else None,
        led,
        ticks_ms,
    )


def _watch(
    dut: BoardUnderTest, program: RunningProgram, matcher: Matcher, within_s: float
) -> list[Outcome]:
    deadline = Deadline.after(within_s)
    outcomes = []
    if "commanded" in dut.sources and dut.has_records:
        program.wait_until(lambda: matcher.holds(latest_commanded(program.records)), deadline)
        found = latest_commanded(program.records)
        outcomes.append(Outcome("commanded", matcher.holds(found), found, _taken_s(dut, found)))
    bench = dut.board.rig.bench
    if bench is not None and "bench" in dut.sources:
        # The bench tells of a picture a moment after the pins were driven.
        found = _watch_bench(bench, matcher, max(deadline, Deadline.after(SETTLE_S), key=_at))
        outcomes.append(Outcome("bench", matcher.holds(found), found, _taken_s(dut, found)))
    return outcomes


def _taken_s(dut: BoardUnderTest, found: Snapshot) -> float:
    """Return up to when a source has been asked, on its clock."""
    return found.ticks_ms / 1000 if found.source == "bench" else dut.clock.now_s()


def _at(deadline: Deadline) -> float:
    return deadline.at_s


def _watch_bench(bench: Bench, matcher: Matcher, deadline: Deadline) -> Snapshot:
    seen = len(bench.events())
    while True:
        # A limit of its own: a panel that keeps changing must not use up the answer's time.
        found = bench_snapshot(bench.state(Deadline.after(SETTLE_S)))
        if matcher.holds(found) or deadline.is_expired:
            return found
        seen = bench.wait_event(seen, deadline)


def _note(
    outcome: Outcome,
    matcher: Matcher,
    within_s: float,
    took_s: float,
    board: str,
    evidence: Evidence,
) -> None:
    fields: dict[str, Any] = {}
    if matcher.panels:
        fields["expected_px"] = columns_from_rows(matcher.panels[0]).hex()
        fields["found_px"] = columns_from_rows(outcome.found.pixels).hex()
    evidence.write(
        "expect",
        board=board,
        what=matcher.says,
        source=outcome.source,
        expected=matcher.says,
        found=matcher.describe(outcome.found),
        ok=outcome.ok,
        within_s=within_s,
        took_s=round(took_s, 4),
        **fields,
    )


def _failure(
    dut: BoardUnderTest,
    matcher: Matcher,
    within_s: float,
    outcomes: list[Outcome],
    failed: Outcome,
) -> ExpectationFailed:
    agree = [outcome.source for outcome in outcomes if outcome.ok]
    return ExpectationFailed(
        f"{matcher.says} was not seen by {failed.source} within {within_s:g} s",
        on=dut.name,
        expected=matcher.says,
        got=matcher.explain(failed.found),
        advice=f"{', '.join(agree)} did see it: look below it" if agree else "",
    )
