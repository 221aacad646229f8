from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.report.assembly import assemble
from harness.report.entry import columns_from_rows, rows_from_columns
from harness.report.journal import read_journal

if TYPE_CHECKING:
    from pathlib import Path

    from harness.report.record import Run, TestRecord

START = {"t": 0.0, "kind": "run.start", "run": "r", "wall": "2026-11-24T10:15:00+00:00"}


def begin(test: str, *boards: str, t: float = 1.0, **fields: Any) -> dict[str, Any]:
    return {"t": t, "kind": "test.start", "test": test, "name": test, "boards": boards, **fields}


def end(test: str, verdict: str = "pass", t: float = 2.0, **fields: Any) -> dict[str, Any]:
    return {
        "t": t,
        "kind": "test.end",
        "test": test,
        "verdict": verdict,
        "seconds": 1.0,
        **fields,
    }


def only_test(*entries: dict[str, Any]) -> TestRecord:
    (test,) = assemble([START, *entries]).tests
    return test


def test_assemble_counts_the_verdicts_of_the_sample(run: Run) -> None:
    assert run.verdicts == {
        "pass": 50,
        "fail": 4,
        "blocked": 1,
        "flaky": 1,
        "quarantined": 1,
        "skipped": 3,
    }
    assert run.problems == ()
    assert (run.exit, run.is_ended, len(run.boards)) == (1, True, 2)


def test_assemble_gives_a_test_all_that_was_seen_in_it(run: Run) -> None:
    test = next(test for test in run.tests if "round_0" in test.test)
    assert [chunk.direction for chunk in test.serial] == ["tx", "rx", "rx"]
    assert [effect.source for effect in test.effects if effect.what == "panel"] == [
        "commanded",
        "bench",
    ]
    assert {shot.source for shot in test.snapshots} == {"commanded", "device", "bench"}
    assert len(test.mqtt) == len(test.steps) == len(test.measurements) == 1
    assert test.failing is not None
    assert test.failing.expected_columns != test.failing.found_columns
    assert test.sentence == "the panel shows 33, not 38, 2 s after the message"
    assert [line.text.split()[0] for line in test.broker_log] == ["New", "Received"]


def test_assemble_slices_what_names_no_test_by_board_and_time() -> None:
    chunk = {"kind": "serial", "dir": "rx", "data": "eA=="}
    run = assemble(
        [
            START,
            {"t": 0.5, "kind": "broker.log", "line": "too early"},
            begin("a", "one"),
            begin("b", "two"),
            {"t": 1.1, "kind": "broker.log", "line": "both"},
            {"t": 1.2, "board": "one", **chunk},
            end("a"),
            {"t": 2.1, "board": "one", **chunk},
            {"t": 2.2, "kind": "broker.log", "line": "b only"},
            end("b", t=3.0),
        ]
    )
    a, b = run.tests
    assert [line.text for line in a.broker_log] == ["both"]
    assert [line.text for line in b.broker_log] == ["both", "b only"]
    assert [chunk.t for chunk in a.serial] == [1.2]
    assert b.serial == ()
    assert len(run.broker_log) == 3


def test_assemble_keeps_the_attempts_before_the_last() -> None:
    test = only_test(
        begin("a", "one"),
        {"t": 1.1, "kind": "step", "test": "a", "name": "first", "ok": False, "seconds": 0},
        end("a", "fail"),
        begin("a", "one", t=3.0),
        end("a", "flaky", t=4.0),
    )
    assert (test.verdict, test.steps) == ("flaky", ())
    assert [(one.verdict, one.steps[0].name) for one in test.earlier] == [("fail", "first")]


def test_assemble_calls_a_test_without_end_blocked() -> None:
    run = assemble([START, begin("a", "one"), {"t": 4.0, "kind": "broker.log", "line": "x"}])
    (test,) = run.tests
    assert (test.verdict, test.is_ended, test.seconds) == ("blocked", False, 3.0)
    assert "stopped" in test.sentence
    assert any("no run.end" in problem for problem in run.problems)


def test_assemble_of_nothing_is_a_run_with_problems() -> None:
    run = assemble([])
    assert run.tests == ()
    assert len(run.problems) == 2


@pytest.mark.parametrize(
    "entry",
    [
        {"t": 1.5, "kind": "serial", "test": "a", "dir": "rx", "data": "%%%"},
        {"t": 1.5, "kind": "bench", "test": "a", "what": "panel", "px": "00"},
        {"t": 1.5, "kind": "bench", "test": "a", "what": "panel", "px": "zz" * 16},
        {"t": 1.5, "kind": "snapshot", "test": "a", "source": "bench", "pixels": ["."]},
        {"t": 1.5, "kind": "expect", "test": "a"},
        {"t": "soon", "kind": "step", "test": "a", "name": "x", "ok": True},
        {"t": 1.5, "kind": "test.end", "test": "a", "verdict": "passed"},
        {"t": 1.5, "kind": "test.end", "test": "unknown", "verdict": "pass"},
        {"t": 1.5, "kind": "board.deploy", "board": "unknown"},
    ],
)
def test_assemble_tells_of_an_entry_that_makes_no_sense(entry: dict[str, Any]) -> None:
    run = assemble([START, begin("a", "one"), entry, end("a"), {"t": 3, "kind": "run.end"}])
    (problem,) = run.problems
    assert "entry 3" in problem
    assert entry["kind"] in problem
    assert run.tests[0].verdict == "pass"


def test_assemble_ignores_kinds_of_later_versions() -> None:
    run = assemble([START, {"t": 1, "kind": "camera"}, {"t": 2, "kind": "run.end"}])
    assert run.problems == ()


def test_assemble_tells_when_the_run_counted_otherwise() -> None:
    run = assemble(
        [
            START,
            begin("a", "one"),
            end("a"),
            {"t": 3, "kind": "run.end", "verdicts": {"pass": 2, "fail": 0}, "exit": 0},
        ]
    )
    (problem,) = run.problems
    assert "counted" in problem


def test_assemble_takes_a_board_of_unknown_kind_for_no_hardware() -> None:
    run = assemble([START, {"t": 1, "kind": "board.open", "board": "x", "board_kind": None}])
    assert run.boards[0].is_virtual


def test_assemble_makes_a_folder_name_for_each_test(run: Run) -> None:
    slugs = [test.slug for test in run.tests]
    assert len(set(slugs)) == len(slugs)
    assert all(slug.isascii() and "/" not in slug and len(slug) < 120 for slug in slugs)


@pytest.mark.parametrize(
    ("name", "boards", "title"),
    [
        ("test_a", ["v1"], "test_a[v1]"),
        ("test_a[v1]", ["v1"], "test_a[v1]"),
        ("test_a[38]", ["v1"], "test_a[38-v1]"),
        ("test_a", ["v1", "v2"], "test_a[v1+v2]"),
        ("test_a", [], "test_a"),
    ],
)
def test_title_has_the_board_in_it(name: str, boards: list[str], title: str) -> None:
    test = only_test({**begin("a"), "name": name, "boards": boards}, end("a"))
    assert test.title == title


def test_file_of_a_test_is_relative() -> None:
    test = only_test({**begin("tests/test_a.py::test_b"), "file": "/home/u/tests/test_a.py"})
    assert test.file == "tests/test_a.py"


def test_rows_and_columns_are_two_forms_of_one_panel() -> None:
    rows = ["#" + "." * 15, *["." * 16] * 6, "." * 15 + "#"]
    columns = columns_from_rows(rows)
    assert columns == b"\x80" + bytes(14) + b"\x01"
    assert rows_from_columns(columns) == rows


def test_assemble_reads_a_cut_journal_as_far_as_it_goes(run_dir: Path) -> None:
    path = run_dir / "journal.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    run = assemble(read_journal(path))
    assert 20 < len(run.tests) < 40
    assert run.tests[-1].verdict == "blocked"
    assert len(run.problems) == 2
    assert "cut or damaged" in " ".join(run.problems)
