"""Several journals become one: names apart, clocks together, ends counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.report.assembly import assemble
from harness.report.journal import Journal, read_journal
from harness.report.merge import Part, end_journal, merge_journals
from harness.report.write import write_reports


def journal(folder: Path, board: str, clock_s: float, *, verdict: str | None = "pass") -> Path:
    path = folder / board / "journal.jsonl"
    now = [clock_s]
    written = Journal(path, started_at_s=clock_s, clock=lambda: now[0])
    wall = "2026-01-01T00:00:00+00:00"
    written.write("run.start", schema=1, run=board, wall=wall, clock_s=clock_s)
    written.write("board.open", board=board, board_kind="virtual", id="aa", firmware="m 1")
    now[0] += 1.0
    written.write("test.start", test="t.py::test_a", name="test_a", boards=[board])
    now[0] += 0.5
    written.write("step", test="t.py::test_a", name="half", ok=True, seconds=0)
    if verdict is not None:
        written.write("test.end", test="t.py::test_a", verdict=verdict, seconds=0.5)
        written.write("run.end", verdicts={verdict: 1}, exit=0, seconds=1.5)
    written.close()
    return path


def test_tests_of_different_boards_stay_apart_on_one_clock(tmp_path: Path) -> None:
    parts = [
        Part(journal(tmp_path, "c1", 100.0), "c1"),
        Part(journal(tmp_path, "c2", 97.5, verdict="fail"), "c2"),
        Part(journal(tmp_path, "both", 110.0), ""),
    ]
    path = tmp_path / "journal.jsonl"
    verdicts = merge_journals(parts, path, "all")
    assert {name: n for name, n in verdicts.items() if n} == {"pass": 2, "fail": 1}
    end_journal(path, verdicts, 1, 20.0)
    entries = read_journal(path)
    assert [entry["kind"] for entry in entries].count("run.start") == 1
    assert [entry["kind"] for entry in entries].count("run.end") == 1
    run = assemble(entries)
    assert (run.id, run.exit, run.problems) == ("all", 1, ())
    assert {test.test: test.start_s for test in run.tests} == {
        "t.py::test_a@c1": 3.5,
        "t.py::test_a@c2": 1.0,
        "t.py::test_a": 13.5,
    }
    assert [test.name for test in run.tests] == ["test_a@c1", "test_a@c2", "test_a"]
    assert [board.name for board in run.boards] == ["c1", "c2", "both"]
    assert all(len(test.steps) == 1 for test in run.tests)


def test_run_that_died_in_a_test_has_it_blocked(tmp_path: Path) -> None:
    parts = [
        Part(journal(tmp_path, "c1", 100.0), "c1"),
        Part(journal(tmp_path, "c2", 100.0, verdict=None), "c2"),
    ]
    verdicts = merge_journals(parts, tmp_path / "journal.jsonl", "all")
    assert (verdicts["pass"], verdicts["blocked"]) == (1, 1)


def test_reports_are_made_from_the_merged_journal(tmp_path: Path) -> None:
    parts = [Part(journal(tmp_path, name, 100.0), name) for name in ("c1", "c2")]
    folder = tmp_path / "all"
    folder.mkdir()
    verdicts = merge_journals(parts, folder / "journal.jsonl", "all")
    end_journal(folder / "journal.jsonl", verdicts, 0, 2.0)
    outcome = write_reports(folder)
    assert (outcome.failures, outcome.problems) == ((), ())
    junit = (folder / "junit.xml").read_text()
    assert junit.count("<testcase ") == 2
    assert "test_a@c1" in junit


def test_merged_journal_is_never_written_over_another(tmp_path: Path) -> None:
    part = Part(journal(tmp_path, "c1", 100.0), "c1")
    with pytest.raises(FileExistsError):
        merge_journals([part], part.journal, "all")
    assert merge_journals([], tmp_path / "none.jsonl", "all") == {}
