"""What a run of mutants says of each: killed, or why not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import shipped
from tests.virtual.mutant.mutant import TABLE, Mutant
from tests.virtual.mutant.plugin import UNCHANGED, WORKS

ROOT = Path(__file__).resolve().parents[3]

#: For the start of a run, and for each mutant: most take less than a second, and none more than a
#: call's limit of 15 s and the tests before it.
START_S, EACH_S = 60.0, 30.0

#: What a run has printed.
OUTPUT = "output.txt"


def start(
    mutants: Sequence[Mutant], folder: Path, table: Path = TABLE
) -> tuple[subprocess.Popen[bytes], float]:
    """Start a run of mutants into a folder, and return it with how long it may take, in seconds."""
    names = ",".join(each.name for each in mutants)
    suite = shipped.scenarios() / "conformance"
    command = [sys.executable, "-m", "harness.cli", "run", str(suite)]
    command += ["-q", "-p", "tests.virtual.mutant.plugin", "--mutant-table", str(table)]
    command += ["--mutants", names, "--board", "virtual", "--hil-report-dir", str(folder)]
    folder.mkdir(parents=True)
    # A file, since nobody reads the pipe of one run while another is waited for.
    with (folder / OUTPUT).open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return process, START_S + EACH_S * len(mutants)


def finish(process: subprocess.Popen[bytes], limit_s: float, folder: Path) -> dict[str, Any]:
    """Wait for a run, and return its ``run.json``.

    Raises:
        AssertionError: It left none.
    """
    try:
        process.wait(limit_s)
    finally:
        process.terminate()
        process.wait()
    path = folder / "latest" / "run.json"
    assert path.is_file(), (folder / OUTPUT).read_text(encoding="utf-8", errors="replace")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def judge(run: dict[str, Any], mutants: Sequence[Mutant]) -> dict[str, str]:
    """Return what is wrong with each mutant that is not as it should be, by its name.

    A mutant is killed when a test of its statement fails on it that passes on the client as it is.
    A test that is blocked by the rig kills nothing.

    Args:
        run: A ``run.json``.
        mutants: Those that it was about.
    """
    of_client: dict[str, list[dict[str, Any]]] = {}
    for test in run["tests"]:
        of_client.setdefault(test["params"].get("mutant", ""), []).append(test)
    wrong = {
        test["name"]: f"on the client as it is: {test['verdict']}, {test['sentence']}"
        for test in of_client.get(UNCHANGED, [])
        if test["verdict"] != "pass"
    }
    for mutant in mutants:
        tests = of_client.get(mutant.name, [])
        own = [each["verdict"] for each in tests if mutant.statement in each["requirements"]]
        others = [each for each in tests if mutant.statement not in each["requirements"]]
        if "blocked" in own:
            wrong[mutant.name] = "the rig was in the way"
        elif "fail" not in own:
            wrong[mutant.name] = f"survives {len(own)} tests: {mutant.breaks}"
        elif mutant.statement != WORKS and not mutant.refused_because:
            failed = [each["sentence"] for each in others if each["verdict"] != "pass"]
            if failed or not others:
                wrong[mutant.name] = f"does not work at all: {', '.join(failed) or 'not tried'}"
    return wrong
