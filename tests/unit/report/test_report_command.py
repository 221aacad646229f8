from __future__ import annotations

import json
from typing import TYPE_CHECKING

from harness.cli.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_hil_report_writes_the_outputs_and_prints_where_they_are(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(run_dir)]) == 0
    assert str(run_dir / "report.html") in capsys.readouterr().out.splitlines()
    assert (run_dir / "report.html").exists()


def test_hil_report_json_tells_what_makes_the_evidence_incomplete(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run_dir / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    assert main(["report", str(run_dir), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["failures"] == []
    assert any("cut or damaged" in problem for problem in told["problems"])
    assert told["paths"]["junit"] == str(run_dir / "junit.xml")


def test_hil_report_without_a_journal_is_bad_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path / "absent")]) == 4
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert str(tmp_path / "absent") in message
    assert "no such folder" in message


def test_hil_report_that_cannot_write_an_output_is_an_internal_error(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_dir / "junit.xml").mkdir()
    assert main(["report", str(run_dir)]) == 3
    assert "junit could not be written" in capsys.readouterr().err
    assert (run_dir / "report.html").exists()
