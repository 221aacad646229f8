"""Follow a claim over time, by every source that can see time pass.

`commanded` is told by the probe's records, also of a running program, and `bench` by its observer's
events; these end the waits. `device` is the board's own memory, which can be asked only while no
program runs and knows no past: on an idle board it is asked once, at the end, and has a word only
on claims that say what must be seen then.
"""

from __future__ import annotations

import time

from harness.deadline import Deadline
from harness.scenario.claim import Changes, Claim, Ruling, explained
from harness.scenario.dut import BoardUnderTest
from harness.scenario.ending import Outcome, conclude
from harness.scenario.evidence import Evidence
from harness.scenario.film import Shot
from harness.scenario.watcher import SETTLE_S, Watcher, watchers_of

#: For a board that does nothing the host looks again after this: what has to pass is the board's
#: time, and how fast it does cannot be known before.
LEAST_WAIT_S = 0.001


def watch(dut: BoardUnderTest, claim: Claim, evidence: Evidence) -> None:
    """Follow a claim until each source has met or broken it.

    Args:
        dut: The board; idle or running a program.
        claim: What is claimed.
        evidence: Where the outcomes are noted.

    Raises:
        ExpectationFailed: A source saw otherwise; the message names it and shows what it saw.
        HarnessError: No source can tell: a check that could not run is never a pass.
    """
    started_s = time.monotonic()
    deadline = Deadline.after(claim.within_s + claim.patience_s)
    program = dut.running
    outcomes: list[Outcome] = []
    for watcher in watchers_of(dut, claim):
        outcome = _follow(watcher, claim, deadline, dut.board.rig.time_scale)
        is_open = outcome.ruling.holds is None
        # A source that has seen nothing at all has no word.
        if outcome.film and not (is_open and any(_is_broken(each) for each in outcomes)):
            outcomes.append(outcome)
        # The bench tells of a picture a moment after the probe's record. And what one source has
        # seen broken is decided: another one that still has nothing to say is not waited for.
        settled = Deadline.after(SETTLE_S)
        if deadline.at_s < settled.at_s or _is_broken(outcome):
            deadline = settled
    if claim.still is not None and "device" in dut.sources and not dut.is_running:
        outcomes += _ask_device(dut, claim)
    conclude(dut, program, claim, outcomes, time.monotonic() - started_s, evidence)


def _is_broken(outcome: Outcome) -> bool:
    return outcome.ruling.holds is False


def _follow(watcher: Watcher, claim: Claim, deadline: Deadline, time_scale: int) -> Outcome:
    began_s = watcher.now_s
    judge = claim.judge(began_s)
    film = Changes()
    while True:
        # First, so that a last look follows it.
        is_over = deadline.is_expired
        for shot in watcher.news():
            film.is_new(shot)
            judge.see(shot)
        ruling = judge.ruling(watcher.now_s)
        if ruling.holds is not None or is_over:
            return Outcome(watcher.name, began_s, ruling, tuple(film.kept))
        if ruling.due_s is None:
            watcher.wait(deadline)
        else:
            left_s = (ruling.due_s - watcher.now_s) / time_scale
            watcher.wait(deadline.at_most(max(LEAST_WAIT_S, left_s)))


def _ask_device(dut: BoardUnderTest, claim: Claim) -> list[Outcome]:
    """Return what the idle board's own memory says at the end."""
    matcher = claim.still
    now_s = time.monotonic()
    outcomes = []
    for found in dut.snapshots():
        if matcher is None or found.source != "device" or (claim.is_led and not found.is_led_known):
            continue
        told = explained(matcher, found, "at the end: ")
        holds = matcher.holds(found)
        ruling = Ruling(holds, now_s, None, "" if holds else told.got, found, told.expected)
        outcomes.append(Outcome("device", now_s, ruling, (Shot(now_s, found),)))
    return outcomes
