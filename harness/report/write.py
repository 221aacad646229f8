"""All outputs of a run, rebuilt from its journal; a crash in one never stops the others."""

from __future__ import annotations

import shutil
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.assembly import assemble
from harness.report.journal import read_journal
from harness.report.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.report.record import Run


@dataclass(frozen=True)
class ReportFailure:
    """An output that could not be written; `trace` is for the one who repairs the writer."""

    output: str
    message: str
    trace: str


@dataclass(frozen=True)
class ReportOutcome:
    """What became of the outputs.

    Attributes:
        paths: Path of each output that was written, by its name (``page``, ``junit``, ...).
        failures: The outputs that were not.
        problems: What makes the evidence itself incomplete, a sentence each (a cut journal).
        run: What they were made from; None when the journal could not be read.
    """

    paths: dict[str, Path]
    failures: tuple[ReportFailure, ...]
    problems: tuple[str, ...]
    run: Run | None = None


def _evidence(run: Run, folder: Path) -> Path:
    from harness.report.evidence import evidence_files

    for test in run.tests:
        for name, data in evidence_files(test).items():
            write_whole(folder / "tests" / test.slug / name, data)
    return folder / "tests"


def _run_json(run: Run, folder: Path) -> Path:
    from harness.report.run_json import run_json

    return _text(folder / "run.json", run_json(run))


def _junit(run: Run, folder: Path) -> Path:
    from harness.report.junit import junit_xml

    return _text(folder / "junit.xml", junit_xml(run))


def _matrix(run: Run, folder: Path) -> Path:
    from harness.report.traceability import matrix_csv

    return _text(folder / "traceability.csv", matrix_csv(run))


def _page(run: Run, folder: Path) -> Path:
    from harness.report.page import page

    return _text(folder / "report.html", page(run))


def _allure(run: Run, folder: Path) -> Path:
    from harness.report.allure import write_allure

    fresh, final = folder / ".allure-results.new", folder / "allure-results"
    shutil.rmtree(fresh, ignore_errors=True)
    write_allure(run, fresh)
    shutil.rmtree(final, ignore_errors=True)
    return fresh.rename(final)


def _text(path: Path, text: str) -> Path:
    write_whole(path, text)
    return path


#: Each writes its output into the run folder and returns its path there. The page comes first,
#: for those who wait for it. (Imports are late, so that one missing library costs one output.)
WRITERS: dict[str, Callable[[Run, Path], Path]] = {
    "page": _page,
    "run": _run_json,
    "junit": _junit,
    "traceability": _matrix,
    "evidence": _evidence,
    "allure": _allure,
}


def write_reports(
    run_dir: Path, writers: dict[str, Callable[[Run, Path], Path]] | None = None
) -> ReportOutcome:
    """Rebuild all outputs of a run from ``journal.jsonl`` in its folder.

    Args:
        run_dir: The run folder.
        writers: The outputs to write by name; all of `WRITERS` if it is not given.

    Returns:
        What was written and what was not. A failure here is no verdict on anything.
    """
    try:
        run = assemble(read_journal(run_dir / "journal.jsonl"))
    except Exception as error:  # noqa: BLE001 (a report that cannot be made is told, not raised)
        return ReportOutcome({}, (_failure("journal", error),), ())
    paths: dict[str, Path] = {}
    failures: list[ReportFailure] = []
    for name, write in (WRITERS if writers is None else writers).items():
        try:
            paths[name] = write(run, run_dir)
        except Exception as error:  # noqa: BLE001 (as above: the other outputs go on)
            failures.append(_failure(name, error))
    return ReportOutcome(paths, tuple(failures), run.problems, run)


def _failure(output: str, error: Exception) -> ReportFailure:
    message = f"{type(error).__name__}: {error}"
    return ReportFailure(output, message, "".join(traceback.format_exception(error)))
