"""What the harness itself costs: per test, per run, per command, from message to effect.

Everything is measured in one run on one machine, mpremote beside us on the same virtual board; only
ratios and the stated limits mean anything elsewhere.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.bench.latency import latency_rows
from harness.bench.row import Row, at_least, at_most
from harness.board.profile import CODEY
from harness.lab.opened import open_board
from harness.link.spec import parse_specs
from harness.report.journal import read_journal
from harness.report.write import WRITERS, write_reports

TESTS = 200
PEER_CALLS = 10
COMMAND_REPEATS = 5

SMALL_TESTS = """\
import pytest


@pytest.mark.parametrize("number", range({count}))
def test_small(board, number):
    board.exec(f"import codey; codey.led.show({{number}}, 0, 0)")
    assert board.snapshots()[-1].led[0] == number
"""


def measure(say: Callable[[str], None]) -> list[Row]:
    """Measure everything.

    Args:
        say: Is told what is being measured.

    Returns:
        The rows of the table.
    """
    with tempfile.TemporaryDirectory(prefix="hil-bench-") as name:
        folder = Path(name)
        rows = []
        say(f"{TESTS} small tests on one virtual board, and mpremote beside them")
        rows += _small_tests(folder)
        say("one test, and the commands that should answer at once")
        rows += _commands(folder)
        say("from publish to effect")
        rows += latency_rows()
        say("a bare run of the shipped scenarios")
        rows += _bare_run(folder)
    return rows


def _small_tests(folder: Path) -> list[Row]:
    test = folder / "test_small.py"
    test.write_text(SMALL_TESTS.format(count=TESTS), encoding="utf-8")
    run = _run([str(test)], folder)
    entries = read_journal(run / "journal.jsonl")
    whole: list[float] = []
    on_board: list[float] = []
    calls_s = 0.0
    for entry in entries:
        if entry["kind"] == "test.start":
            calls_s = 0.0
        elif entry["kind"] == "exec":
            calls_s += entry["seconds"]
        elif entry["kind"] == "test.end":
            whole.append(entry["seconds"] * 1000)
            on_board.append(calls_s * 1000)
    assert len(whole) == TESTS  # noqa: S101 - or the medians below are of something else
    overhead = [a - b for a, b in zip(whole, on_board, strict=True)]
    peer = _mpremote_ms()
    median = statistics.median(whole)
    return [
        at_most("small test, all of it, median", median, "ms", 5, mpremote_resume_exec=peer),
        at_most("small test, harness alone, median", statistics.median(overhead), "ms", 5),
        at_least("one mpremote process / one small test", peer / median, "times", 20),
    ]


def _mpremote_ms() -> float:
    """Return the median of ``mpremote resume exec`` on a virtual board, in milliseconds."""
    opened = open_board(parse_specs("virtual")[0], CODEY)
    try:
        port = opened.opened.tap.name
        times = []
        with opened.opened.tap.lent():
            for _ in range(PEER_CALLS):
                command = ["-m", "mpremote", "connect", port, "resume", "exec", "pass"]
                times.append(_seconds([sys.executable, *command]) * 1000)
    finally:
        opened.close()
    return statistics.median(times)


def _commands(folder: Path) -> list[Row]:
    test = folder / "test_one.py"
    test.write_text(SMALL_TESTS.format(count=1), encoding="utf-8")
    one = _median_of(lambda: _wall_of_run([str(test)], folder))
    hil = [sys.executable, "-m", "harness.cli"]
    port = "/dev/hil-there-is-no-such-port"
    return [
        at_most("hil run of one test, to the report", one, "s", 3),
        at_most("hil --help", _median_of(lambda: _seconds([*hil, "--help"])), "s", 0.25),
        at_most(
            "an absent port is told",
            _median_of(lambda: _seconds([*hil, "run", "--board", f"port:{port}"], code=10)),
            "s",
            0.6,
        ),
    ]


def _bare_run(folder: Path) -> list[Row]:
    started_s = time.monotonic()
    run = _run([], folder)
    wall_s = time.monotonic() - started_s
    tests = len(json.loads((run / "run.json").read_text(encoding="utf-8"))["tests"])
    page = {"page": WRITERS["page"]}
    page_s = _median_of(lambda: _timed(lambda: write_reports(run, page)))
    return [
        at_most(f"bare hil run, {tests} tests", wall_s, "s", 60),
        at_most("its page", (run / "report.html").stat().st_size / 1000, "kB", 500),
        at_most("making its page", page_s, "s", 0.5),
    ]


def _run(arguments: list[str], folder: Path) -> Path:
    """Run ``hil run`` and return its run folder."""
    command = [sys.executable, "-m", "harness.cli", "run", "--json", *arguments]
    ended = subprocess.run(
        [*command, "--hil-report-dir", str(folder / "reports")],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    return Path(json.loads(ended.stdout)["report"]).parent


def _wall_of_run(arguments: list[str], folder: Path) -> float:
    return _timed(lambda: _run(arguments, folder))


def _timed(call: Callable[[], object]) -> float:
    started_s = time.monotonic()
    call()
    return time.monotonic() - started_s


def _seconds(command: list[str], code: int = 0) -> float:
    started_s = time.monotonic()
    ended = subprocess.run(command, capture_output=True, check=False, env=_environment())
    took_s = time.monotonic() - started_s
    if ended.returncode != code:
        raise subprocess.CalledProcessError(ended.returncode, command, stderr=ended.stderr)
    return took_s


def _environment() -> dict[str, str]:
    """Return the environment without what would send the runs to another board."""
    return {key: value for key, value in os.environ.items() if key != "HIL_BOARD"}


def _median_of(call: Callable[[], float]) -> float:
    return statistics.median(call() for _ in range(COMMAND_REPEATS))
