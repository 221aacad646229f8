"""The same verdicts with the probe's records off and the bench alone believed, red ones too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

BOARD = Path(__file__).resolve().parents[3] / "tests/scenarios/board"
#: What shows panel and LED at work, but for texts that take seconds to pass.
SCENARIOS = (str(BOARD / "test_display.py"), str(BOARD / "test_led.py"))
NOT_LONG = "not word and not background"

RED = """
import pytest

RIGHT = "import codey; codey.display.show(38); codey.led.show(0, 0, 255)"
LOOP = "import codey, time\\nwhile True:\\n    codey.display.show('abc')\\n"

@pytest.mark.parametrize("text", ["38", "39"])
def test_panel(board, display, text):
    board.exec(RIGHT)
    display.shows(text)

@pytest.mark.parametrize("blue", [255, 250])
def test_led(board, led, blue):
    board.exec(RIGHT)
    led.shows(0, 0, blue)

@pytest.mark.parametrize("text", ["abc", "abd"])
def test_scroll(board, display, text):
    board.start(LOOP)
    display.scrolls(text)

@pytest.mark.parametrize("text", ["38", "40"])
def test_never(board, display, text):
    board.start(RIGHT)
    display.eventually("38")
    display.never(text, for_s=0.2)
"""


def start(folder: Path, test: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "harness.cli", "run", "--json"),
            *(str(test), *SCENARIOS, *options),
            *("-k", NOT_LONG, "--hil-report-dir", str(folder)),
        ],
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key != "HIL_BOARD"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def verdicts(process: subprocess.Popen[str]) -> dict[str, str]:
    stdout, stderr = process.communicate(timeout=240)
    assert stdout, stderr
    run = Path(json.loads(stdout)["report"]).parent / "run.json"
    return {each["test"]: each["verdict"] for each in json.loads(run.read_text("utf-8"))["tests"]}


def test_verdicts_are_the_same_by_all_layers_and_by_the_bench_alone(tmp_path: Path) -> None:
    test = tmp_path / "test_red.py"
    test.write_text(RED, encoding="utf-8")
    both = [start(tmp_path, test), start(tmp_path, test, "--hil-evidence", "bench")]
    everyone, bench = [verdicts(process) for process in both]
    assert bench == everyone
    assert len(everyone) >= 30
    red = sorted(name.rpartition("::")[2] for name, verdict in bench.items() if verdict == "fail")
    assert red == ["test_led[250]", "test_never[38]", "test_panel[39]", "test_scroll[abd]"]
    assert set(bench.values()) == {"pass", "fail"}
