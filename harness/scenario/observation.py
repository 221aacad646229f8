"""Check what a board shows against a matcher, by every source that can tell.

On an idle board the snapshots decide at once. While a program runs the board cannot be asked: the
probe's records and the bench's events end the wait, and each source that is there must agree.
"""

from __future__ import annotations

import time

from harness.board.snapshot import Snapshot
from harness.scenario.claim import rule_on, shown
from harness.scenario.dut import BoardUnderTest
from harness.scenario.ending import Outcome, conclude
from harness.scenario.evidence import Evidence
from harness.scenario.matcher import Matcher
from harness.scenario.watching import watch


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
    claim = shown(matcher, within_s)
    if dut.is_running:
        watch(dut, claim, evidence)
        return
    started_s = time.monotonic()
    program = dut.running
    outcomes = [
        _outcome(dut, matcher, found)
        for found in dut.snapshots()
        if found.source in dut.sources and (found.is_led_known or not matcher.is_led)
    ]
    conclude(dut, program, claim, outcomes, time.monotonic() - started_s, evidence)


def _outcome(dut: BoardUnderTest, matcher: Matcher, found: Snapshot) -> Outcome:
    # By the source's clock; the memory of the board has none.
    now_s = found.ticks_ms / 1000 if found.source == "bench" else dut.clock.now_s()
    return Outcome(found.source, now_s, rule_on(matcher, found, now_s), ())
