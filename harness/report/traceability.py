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
        verdict: The worst verdict of its tests; ``uncovered`` when it has none. Skipped tests
            count only when there are no others.
        is_known: Whether the catalogue has the requirement.
    """

    requirement: Requirement
    tests: tuple[TestRecord, ...]
    verdict: str
    is_known: bool = True


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
    verdict = next((name for name in _WORST_FIRST if name in verdicts), "uncovered")
    return Coverage(requirement, tuple(tests), verdict, is_known)


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
