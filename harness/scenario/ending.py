"""How a check ends: whether anybody could tell, what is noted of it, and who saw otherwise.

The same for what is shown now (`observation`) and for what happens over time (`watching`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.board.snapshot import columns_from_rows
from harness.errors import ExpectationFailed, HarnessError
from harness.scenario.claim import Claim, Ruling
from harness.scenario.dut import BoardUnderTest
from harness.scenario.evidence import Evidence
from harness.scenario.film import Shot
from harness.scenario.running import RunningProgram

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


def conclude(
    dut: BoardUnderTest,
    program: RunningProgram | None,
    claim: Claim,
    outcomes: list[Outcome],
    took_s: float,
    evidence: Evidence,
) -> None:
    """Note how a claim ended, and remember from where the next one looks back.

    Args:
        dut: The board.
        program: What ran on it when the check began.
        claim: What was claimed.
        outcomes: One for each source that could tell.
        took_s: How long that took.
        evidence: Where the outcomes are noted.

    Raises:
        ExpectationFailed: A source saw otherwise; the message names it and shows what it saw.
        HarnessError: No source could tell: a check that could not run is never a pass.
    """
    if not outcomes:
        raise _nobody(dut, claim)
    for outcome in outcomes:
        _note(outcome, claim, took_s, dut.name, evidence)
    failed = [outcome for outcome in outcomes if not outcome.ok]
    if failed:
        raise _failure(dut.name, program, claim, outcomes, failed[0])
    for outcome in outcomes:
        dut.taken_s[outcome.source, claim.aspect] = outcome.ruling.at_s


def _nobody(dut: BoardUnderTest, claim: Claim) -> HarnessError:
    advice = '@pytest.mark.needs("bench") skips the test where there is no observer'
    if claim.is_instant:
        return HarnessError(
            f"nobody can tell whether the board shows {claim.says}",
            on=dut.name,
            expected="a program that has used codey since the reset, or a rig with an observer",
            advice=advice,
        )
    return HarnessError(
        f"nobody can tell of {claim.says}",
        on=dut.name,
        expected="records of the probe, or a rig with an observer",
        got=f"evidence from {', '.join(sorted(dut.sources))}",
        advice=advice,
    )


def _note(outcome: Outcome, claim: Claim, took_s: float, board: str, evidence: Evidence) -> None:
    ruling = outcome.ruling
    fields: dict[str, Any] = {}
    if not claim.is_led and ruling.expected is not None and ruling.found is not None:
        fields["expected_px"] = columns_from_rows(ruling.expected).hex()
        fields["found_px"] = columns_from_rows(ruling.found.pixels).hex()
    if not claim.is_led and not claim.is_instant and not outcome.ok:
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
        found=ruling.got.partition("\n")[0] or "as claimed",
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
