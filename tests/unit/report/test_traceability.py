from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from harness.report.assembly import assemble
from harness.report.traceability import coverage, matrix_csv

if TYPE_CHECKING:
    from harness.report.record import Run


def run_with(*verdicts: str, cites: str = "R-1") -> Run:
    start = {
        "t": 0,
        "kind": "run.start",
        "run": "r",
        "requirements": [{"id": "R-1", "text": "one"}, {"id": "R-2", "text": "two"}],
    }
    entries: list[dict[str, object]] = [start]
    for number, verdict in enumerate(verdicts):
        test = f"t{number}"
        entries += [
            {"t": 1, "kind": "test.start", "test": test, "name": test, "requirements": [cites]},
            {"t": 2, "kind": "test.end", "test": test, "verdict": verdict, "seconds": 1},
        ]
    return assemble(entries)


@pytest.mark.parametrize(
    ("verdicts", "state"),
    [
        ((), "uncovered"),
        (("pass",), "pass"),
        (("pass", "skipped"), "pass"),
        (("skipped",), "skipped"),
        (("pass", "blocked"), "blocked"),
        (("blocked", "fail", "pass"), "fail"),
        (("flaky", "pass", "quarantined"), "flaky"),
    ],
)
def test_coverage_is_as_good_as_the_worst_test_that_ran(
    verdicts: tuple[str, ...], state: str
) -> None:
    first, second = coverage(run_with(*verdicts))
    assert first.verdict == state
    assert len(first.tests) == len(verdicts)
    assert second.verdict == "uncovered"


def test_coverage_lists_ids_that_the_catalogue_does_not_have() -> None:
    rows = coverage(run_with("pass", cites="R-9"))
    assert [(row.requirement.id, row.is_known) for row in rows] == [
        ("R-1", True),
        ("R-2", True),
        ("R-9", False),
    ]


def test_matrix_csv_has_a_line_for_each_requirement_and_test(run: Run) -> None:
    rows = list(csv.DictReader(matrix_csv(run).splitlines()))
    assert {row["requirement"] for row in rows} == {f"MQTT-{n:02}" for n in range(1, 51)}
    assert sum(row["requirement"] == "MQTT-44" for row in rows) == 4
    assert [row["test"] for row in rows if row["state"] == "uncovered"] == [""] * 5
    assert {row["state"] for row in rows if row["requirement"] == "MQTT-44"} == {"fail"}
