"""A run in which board time passes faster: right on the board, told in the record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.deadline import Deadline
from harness.link.virtual import VirtualSettings, start_virtual

if TYPE_CHECKING:
    from pathlib import Path

#: "hello" has 5 characters of 6 columns, and one more step: 31 of 100 ms. What the program computes
#: between them is the host's time, and more of it on a busy one.
SCENARIO = """
def test_scroll(board):
    out = board.exec(
        "import codey, time\\nstart = time.ticks_ms()\\ncodey.display.show('hello')\\n"
        "print(time.ticks_diff(time.ticks_ms(), start))", within_s=30)
    assert 3100 <= int(out) < 3600

def test_button(board, inputs):
    board.exec("from machine import Pin\\nbutton = Pin(2, Pin.IN)")
    assert board.evaluate("button.value()") == 0
    inputs.press("a")
    assert board.evaluate("button.value()") == 1

def test_over_time(board, display):
    board.start(
        "import codey, time\\ndef count(numbers, seconds):\\n    for number in numbers:\\n"
        "        codey.display.show(number)\\n        time.sleep(seconds)\\n"
        "count((0, 1, 0, 1), 0.8)\\ncount((3,), 5)\\nwhile True:\\n    count((0, 1), 0.8)\\n")
    parts = [("0", 0.8), ("1", 0.8)]
    display.sequence([*parts, *parts, "3"], strict=True, tolerance_s=0.3)
    display.stays("3", for_s=2)
    display.settles("1", quiet_s=0.4)
"""

#: The first program's pictures are of a time that the second one's board has yet to reach.
RESET = """
import pytest
from harness.deadline import Deadline
from harness.errors import ExpectationFailed

def test_what_was_taken_stays_taken_over_a_hard_reset(board, display):
    board.start(
        "import codey, time\\ntime.sleep(3)\\ncodey.display.show(1)\\ntime.sleep(1)\\n"
        "codey.display.show(3)\\n")
    display.eventually("3", within_s=20)
    board.board.hard_reset(Deadline.after(20))
    board.start("import codey, time\\ncodey.display.show(2)\\nwhile True:\\n    time.sleep(1)\\n")
    with pytest.raises(ExpectationFailed, match="panel '1' was not seen"):
        display.eventually("1", within_s=1)
    display.eventually("2")
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the options of the outer run out of the inner one."""
    for name in ("HIL_BOARD", "HIL_DEVICE_SRC", "HIL_REPORT_DIR", "HIL_TIME_SCALE"):
        monkeypatch.delenv(name, raising=False)


def run(pytester: pytest.Pytester, *arguments: str, scenario: str = SCENARIO) -> Path:
    """Run a scenario; return the run's folder."""
    pytester.makepyfile(test_it=scenario)
    pytester.runpytest_inprocess("-p", "no:hypothesispytest", *arguments)
    (folder,) = (path for path in (pytester.path / "reports").glob("2*") if path.is_dir())
    return folder


def record(folder: Path) -> dict[str, Any]:
    """Return the run's record."""
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("scale", [1, 10])
def test_scroll_takes_the_same_time_on_the_board_at_any_scale(
    pytester: pytest.Pytester, scale: int
) -> None:
    folder = run(pytester, "--hil-board", "virtual", "--hil-time-scale", str(scale))
    told = record(folder)
    assert [test["verdict"] for test in told["tests"]] == ["pass"] * 3, told["tests"]
    assert [board["time_scale"] for board in told["boards"]] == [scale]
    journal = (folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in journal]
    assert [entry["time_scale"] for entry in entries if entry["kind"] == "board.open"] == [scale]
    steps = [entry["name"] for entry in entries if entry["kind"] == "step"]
    # Pressed by the test, let go when it was over.
    assert [name for name in steps if name.startswith("input")] == [
        "input button_a: True",
        "inputs: at rest",
    ]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert ("10 times as fast" in page) == (scale == 10)


@pytest.mark.parametrize("scale", [1, 10])
@pytest.mark.parametrize("source", ["commanded", "bench"])
def test_hard_reset_brings_nothing_back_at_any_scale(
    pytester: pytest.Pytester, scale: int, source: str
) -> None:
    options = ("--hil-board", "virtual", "--hil-time-scale", str(scale), "--hil-evidence", source)
    (test,) = record(run(pytester, *options, scenario=RESET))["tests"]
    assert test["verdict"] == "pass", test["message"]


def test_board_with_another_scale_is_refused(pytester: pytest.Pytester) -> None:
    process = start_virtual(VirtualSettings(time_scale=5), Deadline.after(20.0))
    try:
        folder = run(pytester, "--hil-board", f"port:{process.port}", "--hil-time-scale", "10")
    finally:
        process.close()
    tests = record(folder)["tests"]
    assert {test["verdict"] for test in tests} == {"blocked"}
    assert "cannot be made faster" in tests[0]["message"]
