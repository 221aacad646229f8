from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from harness.report.assembly import assemble
from harness.report.traceability import Share, coverage, matrix_csv, shares

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


def run_of(*cited: tuple[str, str]) -> Run:
    """Return a run of two sources, with a test for each (id that it cites, verdict)."""
    of_a = [{"id": f"A-{n}", "text": "t", "source": "a"} for n in range(1, 4)]
    others = {"id": "A-4", "text": "t", "source": "a", "not_applicable_because": "not ours"}
    of_b = {"id": "B-1", "text": "t", "source": "b"}
    entries: list[dict[str, object]] = [
        {"t": 0, "kind": "run.start", "run": "r", "requirements": [*of_a, others, of_b]}
    ]
    for number, (cites, verdict) in enumerate(cited):
        test = f"t{number}"
        entries += [
            {"t": 1, "kind": "test.start", "test": test, "name": test, "requirements": [cites]},
            {"t": 2, "kind": "test.end", "test": test, "verdict": verdict, "seconds": 1},
        ]
    return assemble(entries)


def test_requirement_that_does_not_bind_is_neither_covered_nor_uncovered() -> None:
    rows = coverage(run_of(("A-1", "pass")))
    states = {row.requirement.id: row.verdict for row in rows}
    assert states == {
        "A-1": "pass",
        "A-2": "uncovered",
        "A-3": "uncovered",
        "A-4": "not applicable",
        "B-1": "uncovered",
    }
    assert rows[3].requirement.not_applicable_because == "not ours"
    # A journal from elsewhere may have a test of it all the same, and that is not hidden.
    assert coverage(run_of(("A-4", "fail")))[3].verdict == "fail"


@pytest.mark.parametrize(
    ("cited", "said"),
    [
        (
            [("A-1", "pass"), ("A-2", "pass"), ("A-3", "pass")],
            "100 %, 3 of 3 binding requirements of a; 1 not applicable",
        ),
        (
            [("A-1", "pass"), ("A-1", "fail"), ("A-2", "pass")],
            "33 %, 1 of 3 binding requirements of a; 1 not applicable; not: A-1, A-3",
        ),
        (
            [("A-1", "skipped"), ("A-2", "blocked"), ("A-3", "pass")],
            "33 %, 1 of 3 binding requirements of a; 1 not applicable; not: A-1, A-2",
        ),
        ([("B-1", "fail")], "0 %, 0 of 1 binding requirements of b; not: B-1"),
    ],
    ids=["all", "worst", "not run", "other"],
)
def test_only_what_ran_and_passed_counts_as_covered(
    cited: list[tuple[str, str]], said: str
) -> None:
    assert [str(each) for each in shares(coverage(run_of(*cited)))] == [said]


def test_percentage_of_almost_all_is_not_100() -> None:
    share = Share("s", 1000, 999, ("S-7",), 0)
    assert str(share) == "99 %, 999 of 1000 binding requirements of s; not: S-7"


def test_source_of_which_no_test_tells_has_no_share() -> None:
    assert shares(coverage(run_of())) == []
    assert shares(coverage(run_with("pass", cites="R-9"))) == []


def test_matrix_csv_has_a_line_for_each_requirement_and_test(run: Run) -> None:
    rows = list(csv.DictReader(matrix_csv(run).splitlines()))
    assert {row["requirement"] for row in rows} == {f"MQTT-{n:02}" for n in range(1, 51)}
    assert sum(row["requirement"] == "MQTT-44" for row in rows) == 4
    assert [row["test"] for row in rows if row["state"] == "uncovered"] == [""] * 5
    assert {row["state"] for row in rows if row["requirement"] == "MQTT-44"} == {"fail"}
