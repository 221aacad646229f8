"""`hil test`: which tests it runs, and what it hands on to pytest."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.test import names_path
from harness.cli.test import run as command_test
from tests.launcher.checkout import REPOSITORY


def _hil_test(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", "test", *arguments, "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], False),
        (["-q", "-k", "launcher"], False),
        (["--lf", "tests"], True),
        (["tests/launcher/test_step.py::test_x"], True),
        (["-m", "tests", "not-there"], False),
    ],
)
def test_names_path_tells_paths_from_values(
    arguments: list[str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)

    assert names_path(arguments) is expected


def test_path_is_taken_from_where_one_works_and_exit_code_is_pytests() -> None:
    done = _hil_test("test_step.py", "-q", folder=REPOSITORY / "tests/launcher")

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed in " in done.stdout.splitlines()[-1]


def test_selection_of_nothing_is_no_success(tmp_path: Path) -> None:
    done = _hil_test(
        str(REPOSITORY / "tests/launcher/test_step.py"), "-k", "no_such_test", folder=tmp_path
    )

    assert done.returncode == 5, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("given", "cores", "expected"),
    [([], 1, ["-n", "1"]), ([], 2, ["-n", "3"]), (["-n", "0"], 2, ["-n", "0"])],
)
def test_whole_suite_runs_in_more_processes_than_cores_unless_told(
    given: list[str], cores: int, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, arguments: started.append(arguments))
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)

    command_test(argparse.Namespace(rest=given))

    (arguments,) = started
    assert arguments[arguments.index("-n") :][:2] == expected
    assert arguments.count("-n") == 1
