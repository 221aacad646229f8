"""Follow a claim over time, by every source that can see time pass.

`commanded` is told by the probe's records, also of a running program, and `bench` by its observer's
events; these end the waits. `device` is the board's own memory, which can be asked only while no
program runs and knows no past: on an idle board it is asked once, at the end, and has a word only
on claims that say what must be seen then.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from harness.board.snapshot import columns_from_rows
from harness.deadline import Deadline
from harness.errors import ExpectationFailed, HarnessError
from harness.scenario.claim import Changes, Claim, Ruling, explained
from harness.scenario.dut import BoardUnderTest
from harness.scenario.evidence import Evidence
from harness.scenario.film import Shot
from harness.scenario.observation import SETTLE_S
from harness.scenario.running import RunningProgram
from harness.scenario.watcher import Watcher, watchers_of

#: For a board that does nothing the host looks again after this: what has to pass is the board's
#: time, and how fast it does cannot be known before.
LEAST_WAIT_S = 0.001
#: Pictures of one film in the journal.
MOST_PICTURES = 24


@dataclass(frozen=True)
class Outcome:
    """How a claim ended with one source.

    Attributes:
        source: Its name.
        began_s: Since when it was followed, on the source's clock.
        ruling: How it ended.
        film: What was seen.
    """

    source: str
    began_s: float
    ruling: Ruling
    film: tuple[Shot, ...]

    @property
    def ok(self) -> bool:
        """Whether it was met."""
        return self.ruling.holds is True


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
    deadline = Deadline.after(claim.within_s)
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
    if not outcomes:
        raise HarnessError(
            f"nobody can tell of {claim.says}",
            on=dut.name,
            expected="records of the probe, or a rig with an observer",
            got=f"evidence from {', '.join(sorted(dut.sources))}",
            advice='@pytest.mark.needs("bench") skips the test where there is no observer',
        )
    took_s = time.monotonic() - started_s
    for outcome in outcomes:
        _note(outcome, claim, took_s, dut.name, evidence)
    failed = [outcome for outcome in outcomes if not outcome.ok]
    if failed:
        raise _failure(dut.name, program, claim, outcomes, failed[0])
    for outcome in outcomes:
        dut.taken_s[outcome.source, claim.aspect] = outcome.ruling.at_s


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


def _note(
    outcome: Outcome,
    claim: Claim,
    took_s: float,
    board: str,
    evidence: Evidence,
) -> None:
    ruling = outcome.ruling
    fields: dict[str, Any] = {}
    if not claim.is_led and ruling.expected is not None and ruling.found is not None:
        fields["expected_px"] = columns_from_rows(ruling.expected).hex()
        fields["found_px"] = columns_from_rows(ruling.found.pixels).hex()
    if not claim.is_led and not outcome.ok:
        fields["expected_film"] = [
            columns_from_rows(rows).hex() for rows in claim.film[:MOST_PICTURES]
        ]
        fields["found_film"] = [
            [round(shot.at_s - outcome.began_s, 4), columns_from_rows(shot.seen.pixels).hex()]
            for shot in outcome.film[-MOST_PICTURES:]
        ]
        fields["message"] = claim.broken.format(source=outcome.source)
        fields["diff"] = ruling.got
    evidence.write(
        "expect",
        board=board,
        what=claim.says,
        source=outcome.source,
        expected=claim.says,
        found="as claimed" if outcome.ok else ruling.got.partition("\n")[0],
        ok=outcome.ok,
        within_s=claim.within_s,
        took_s=round(took_s, 4),
        **fields,
    )


def _failure(
    board: str,
    program: RunningProgram | None,
    claim: Claim,
    outcomes: list[Outcome],
    failed: Outcome,
) -> ExpectationFailed:
    agree = [outcome.source for outcome in outcomes if outcome.ok]
    advice = f"{', '.join(agree)} did see it: look below it" if agree else ""
    error = None if program is None else program.error
    if error is not None:
        advice = f"the program had raised {error.type_name}: {error.message}"
    return ExpectationFailed(
        claim.broken.format(source=failed.source),
        on=board,
        expected=claim.says,
        got=failed.ruling.got,
        advice=advice,
    )
