from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from harness.report.write import WRITERS, write_reports

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.report.record import Run


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_write_reports_writes_every_output(run_dir: Path) -> None:
    outcome = write_reports(run_dir)
    assert outcome.failures == ()
    assert outcome.problems == ()
    assert set(outcome.paths) == set(WRITERS)
    assert all(path.exists() for path in outcome.paths.values())
    assert list(run_dir.rglob(".*")) == []


def test_write_reports_gives_the_same_bytes_for_the_same_journal(
    run_dir: Path, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    shutil.copy(run_dir / "journal.jsonl", other)
    write_reports(run_dir)
    write_reports(other)
    write_reports(other)
    first, second = files_of(run_dir), files_of(other)
    assert first.keys() == second.keys()
    assert [name for name, data in first.items() if second[name] != data] == []


@pytest.mark.parametrize("broken", sorted(WRITERS))
def test_write_reports_goes_on_when_one_writer_crashes(run_dir: Path, broken: str) -> None:
    def crash(run: Run, folder: Path) -> Path:
        msg = f"{len(run.tests)} tests, {folder.name}"
        raise RuntimeError(msg)

    outcome = write_reports(run_dir, {**WRITERS, broken: crash})
    (failure,) = outcome.failures
    assert failure.output == broken
    assert failure.message.startswith("RuntimeError: 60 tests")
    assert "in crash" in failure.trace
    assert set(outcome.paths) == set(WRITERS) - {broken}


def test_write_reports_on_a_full_disk_leaves_no_half_file(
    run_dir: Path, file_limit: Callable[[int], None]
) -> None:
    file_limit(2000)
    outcome = write_reports(run_dir)
    file_limit(-1)
    assert {"page", "run", "junit"} <= {failure.output for failure in outcome.failures}
    assert all("File too large" in failure.message for failure in outcome.failures)
    assert not (run_dir / "report.html").exists()
    assert not [path for path in run_dir.rglob(".*") if path.is_file() and path.parent == run_dir]


def test_write_reports_keeps_the_old_page_when_the_new_one_fails(
    run_dir: Path, file_limit: Callable[[int], None]
) -> None:
    write_reports(run_dir)
    before = (run_dir / "report.html").read_bytes()
    file_limit(2000)
    write_reports(run_dir)
    file_limit(-1)
    assert (run_dir / "report.html").read_bytes() == before


def test_write_reports_without_a_journal_is_a_failure(tmp_path: Path) -> None:
    outcome = write_reports(tmp_path)
    assert outcome.paths == {}
    assert [failure.output for failure in outcome.failures] == ["journal"]


def test_write_reports_of_an_empty_journal_says_that_nothing_ran(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b"")
    outcome = write_reports(tmp_path)
    assert outcome.failures == ()
    assert len(outcome.problems) == 2
    page = (tmp_path / "report.html").read_text()
    assert "nothing ran" in page
    assert "The evidence is incomplete" in page
    assert json.loads((tmp_path / "run.json").read_text())["exit"] is None
    assert 'tests="0"' in (tmp_path / "junit.xml").read_text()


def test_write_reports_of_a_cut_journal_tells_it_everywhere(run_dir: Path) -> None:
    path = run_dir / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-400])
    outcome = write_reports(run_dir)
    assert outcome.failures == ()
    assert any("cut or damaged" in problem for problem in outcome.problems)
    for name in ("report.html", "run.json", "junit.xml", "allure-results/environment.properties"):
        assert "cut or damaged" in (run_dir / name).read_text(), name


def test_write_reports_shows_a_secret_nowhere(tmp_path: Path, sample: Callable[..., None]) -> None:
    sample(tmp_path / "journal.jsonl", ("subscribed", "program_38"))
    outcome = write_reports(tmp_path)
    assert outcome.failures == ()
    found = files_of(tmp_path)
    assert len(found) > 400
    assert [n for n, data in found.items() if b"subscribed" in data or b"program_38" in data] == []
    assert b"***" in found["report.html"]
