"""The main job as a user starts it, on virtual boards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
HIL = [sys.executable, "-m", "harness.cli"]
RUN_S = 240


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "HIL_BOARD"}


def start(arguments: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*HIL, *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def virtual_port(tmp_path: Path) -> Iterator[str]:
    """The serial path of a virtual board that somebody started in another terminal."""
    with start(["virtual", "--json"], tmp_path) as process:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["port"])
        process.terminate()
        process.wait(timeout=20)


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    stdout, stderr = process.communicate(timeout=RUN_S)
    assert stdout, stderr
    found: dict[str, Any] = json.loads(stdout)
    return found


def told(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the run's report has of each test."""
    tests: list[dict[str, Any]] = json.loads(
        (Path(run["report"]).parent / "run.json").read_text("utf-8")
    )["tests"]
    return tests


def verdicts(run: dict[str, Any]) -> dict[str, str]:
    """Return each test's verdict; those that take two boards are not possible on one."""
    return {
        test["test"]: test["verdict"] for test in told(run) if "test_two_boards" not in test["test"]
    }


def not_passed(run: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the name and the message of each test that is not green."""
    return [(test["test"], test["message"]) for test in told(run) if test["verdict"] != "pass"]


def test_suite_is_green_on_virtual_boards_and_the_same_through_a_port(
    tmp_path: Path, virtual_port: str
) -> None:
    """Both runs at once: each has its board, its broker and its run folder."""
    reports = ["--hil-report-dir", str(tmp_path / "reports")]
    virtual = start(["run", "--json", *reports], tmp_path)
    port = start(["run", "--json", "--board", f"port:{virtual_port}", *reports], tmp_path)
    first, second = result(virtual), result(port)
    assert not_passed(first) == []
    assert [each for each in not_passed(second) if "test_two_boards" not in each[0]] == []
    assert (first["exit"], second["exit"]) == (0, 0)
    assert first["verdicts"]["pass"] >= 40
    assert first["verdicts"]["skipped"] == 0
    assert verdicts(first) == verdicts(second)
    assert first["run"] != second["run"]
    assert {board["kind"] for board in first["boards"] + second["boards"]} == {"virtual"}
    assert Path(first["report"]).stat().st_size < 500_000


@pytest.mark.parametrize(
    ("arguments", "has_scenarios", "has_conformance"),
    [
        ([], True, False),
        (["--all"], True, True),
        ([str(ROOT / "tests/scenarios/conformance")], False, True),
    ],
    ids=["default", "all", "named"],
)
def test_conformance_suite_runs_when_it_is_asked_for(
    tmp_path: Path, arguments: list[str], has_scenarios: bool, has_conformance: bool
) -> None:
    with start(["run", *arguments, "--collect-only", "-q"], tmp_path) as process:
        stdout, stderr = process.communicate(timeout=RUN_S)
    files = {Path(line.split("::")[0]).name for line in stdout.splitlines() if "::" in line}
    assert ("test_codey.py" in files) == has_scenarios, stderr
    assert ("test_connack.py" in files) == has_conformance, stderr


def test_play_until_the_panel_shows_38(tmp_path: Path) -> None:
    program = ROOT / "fixtures/programs/page_example.py"
    played = result(start(["play", str(program), "--until", "panel:38", "--json"], tmp_path))
    assert played["ended"] == "until"
    (bench,) = [each for each in played["snapshots"] if each["source"] == "bench"]
    assert bench["led"] == [0, 0, 255]
    assert bench["pixels"] == [
        "..##....##......",
        ".#..#..#..#.....",
        "....#..#..#.....",
        "..##....##......",
        "....#..#..#.....",
        ".#..#..#..#.....",
        "..##....##......",
        "................",
    ]
    assert played["messages"][0]["topic"] == "/sensors/temperature/home"
    assert {(each["payload"], each["qos"], each["retain"]) for each in played["messages"]} == {
        ("38", 1, False)
    }
    assert "/sensors/temperature/home :38" in played["output"]


@pytest.mark.parametrize(
    ("source", "ended", "code"),
    [("print('done')", "exit", 0), ("1 / 0", "exception", 1), ("while True: pass", "time", 0)],
)
def test_play_says_how_the_program_ended(
    tmp_path: Path, source: str, ended: str, code: int
) -> None:
    program = tmp_path / "program.py"
    program.write_text(source, encoding="utf-8")
    process = start(["play", str(program), "--for", "1", "--json"], tmp_path)
    assert result(process)["ended"] == ended
    assert process.returncode == code


def test_play_whose_condition_never_holds_fails(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import codey; codey.led.show(0, 255, 0)", encoding="utf-8")
    process = start(["play", str(program), "--until", "led:0,0,255", "--json"], tmp_path)
    played = result(process)
    assert played["ended"] == "exit"
    assert process.returncode == 1
    assert played["leds"][-1]["led"] == [0, 255, 0]


def test_snapshot_through_a_port_has_all_sources(tmp_path: Path, virtual_port: str) -> None:
    board = ["--board", f"port:{virtual_port}"]
    deployed = result(start(["deploy", "--json", *board], tmp_path))
    again = result(start(["deploy", "--json", *board], tmp_path))
    assert again["pushed"] == []
    assert again["manifest"] == deployed["manifest"]
    result(start(["exec", "--json", "import codey; codey.led.show(9, 8, 7)", *board], tmp_path))
    snapshots = result(start(["snapshot", "--json", *board], tmp_path))["snapshots"]
    assert [each["source"] for each in snapshots] == ["device", "bench"]
    for each in snapshots:
        assert [len(row) for row in each["pixels"]] == [16] * 8
        assert each["led"] == [9, 8, 7]


def test_play_that_is_interrupted_tells_what_it_saw(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("print('begun')\nwhile True: pass", encoding="utf-8")
    process = start(["play", str(program), "--json"], tmp_path)
    assert process.stderr is not None
    for line in process.stderr:
        if "begun" in line:
            break
    process.send_signal(signal.SIGINT)
    played = result(process)
    assert process.returncode == 2
    assert (played["ended"], played["output"]) == ("interrupted", "begun\n")
