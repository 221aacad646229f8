"""Which requirement was shown by which test, and which by none."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.record import Requirement

if TYPE_CHECKING:
    from harness.report.record import Run, TestRecord

#: Verdicts from worst to best: a requirement is as good as its worst test that ran.
_WORST_FIRST = ("fail", "blocked", "flaky", "quarantined", "pass", "skipped")


@dataclass(frozen=True)
class Coverage:
    """A requirement and its tests.

    Attributes:
        verdict: The worst verdict of its tests; without any, ``not applicable`` when it does not
            bind the product, and ``uncovered`` when it does. Skipped tests count only when there
            are no others.
        is_known: Whether the catalogue has the requirement.
    """

    requirement: Requirement
    tests: tuple[TestRecord, ...]
    verdict: str
    is_known: bool = True


@dataclass(frozen=True)
class Share:
    """How much of a catalogue's source a run has shown.

    Attributes:
        source: Where the requirements are written.
        binding: How many of them bind the product.
        covered: How many of these have tests of which all that ran passed.
        missing: Ids of the others, in the catalogue's order.
        not_applicable: How many do not bind the product.
    """

    source: str
    binding: int
    covered: int
    missing: tuple[str, ...]
    not_applicable: int

    def __str__(self) -> str:
        """Return it as one sentence."""
        # Rounded down: 100 % is all of them.
        percent = 100 * self.covered // self.binding
        others = f"; {self.not_applicable} not applicable" if self.not_applicable else ""
        missing = f"; not: {', '.join(self.missing)}" if self.missing else ""
        return (
            f"{percent} %, {self.covered} of {self.binding} binding requirements of {self.source}"
            f"{others}{missing}"
        )


def coverage(run: Run) -> list[Coverage]:
    """Return a row for each requirement in the catalogue's order, then for unknown ids."""
    by_id: dict[str, list[TestRecord]] = {}
    for test in run.tests:
        for requirement_id in dict.fromkeys(test.requirements):
            by_id.setdefault(requirement_id, []).append(test)
    rows = [_row(known, by_id.pop(known.id, [])) for known in run.requirements]
    for requirement_id in sorted(by_id):
        unknown = Requirement(requirement_id, "not in the catalogue", "", "", "")
        rows.append(_row(unknown, by_id[requirement_id], is_known=False))
    return rows


def _row(requirement: Requirement, tests: list[TestRecord], *, is_known: bool = True) -> Coverage:
    verdicts = {test.verdict for test in tests}
    without = "not applicable" if requirement.not_applicable_because else "uncovered"
    verdict = next((name for name in _WORST_FIRST if name in verdicts), without)
    return Coverage(requirement, tuple(tests), verdict, is_known)


def shares(rows: list[Coverage]) -> list[Share]:
    """Return for each source of which a test has cited something how much of it was shown."""
    by_source: dict[str, list[Coverage]] = {}
    for row in rows:
        if row.is_known:
            by_source.setdefault(row.requirement.source, []).append(row)
    found = []
    for source, of_it in by_source.items():
        binding = [row for row in of_it if row.verdict != "not applicable"]
        if any(row.tests for row in binding):
            missing = tuple(row.requirement.id for row in binding if row.verdict != "pass")
            covered = len(binding) - len(missing)
            found.append(Share(source, len(binding), covered, missing, len(of_it) - len(binding)))
    return found


def matrix_csv(run: Run) -> str:
    """Return the requirement matrix for a spreadsheet, one line for each requirement and test."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("requirement", "state", "text", "source", "kind", "test", "board", "verdict"))
    for row in coverage(run):
        known = row.requirement
        head = (known.id, row.verdict, known.text, known.source, known.kind)
        for test in row.tests:
            table.writerow((*head, test.test, "+".join(test.boards), test.verdict))
        if not row.tests:
            table.writerow((*head, "", "", ""))
    return out.getvalue()
