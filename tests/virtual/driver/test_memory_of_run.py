"""The heap over ten minutes of messages, with less of it than the board has; and one that leaks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import shipped
from harness.deadline import Deadline
from harness.link.virtual import VirtualSettings, start_virtual

#: 140 KiB hold on this 64-bit interpreter what 70 KiB hold on the board; here the models of the
#: hardware, which a board has in silicon, have to find their place in them too.
HEAP = "140k"

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the scenario on a board of that heap; return what the record has of it."""
    for name in ("HIL_BOARD", "HIL_DEVICE_SRC", "HIL_REPORT_DIR", "HIL_TIME_SCALE"):
        monkeypatch.delenv(name, raising=False)

    def start(scale: int, *arguments: str) -> dict[str, Any]:
        settings = VirtualSettings(heap=HEAP, time_scale=scale)
        process = start_virtual(settings, Deadline.after(20.0))
        scenario = shipped.scenarios() / "board" / "test_memory.py"
        try:
            pytester.runpytest_inprocess(
                *("-p", "no:hypothesispytest", str(scenario), *arguments),
                *("--hil-board", f"port:{process.port}", "--hil-time-scale", str(scale)),
                *("--hil-report-dir", str(pytester.path / "out")),
            )
        finally:
            process.close()
        (folder,) = (path for path in (pytester.path / "out").glob("2*") if path.is_dir())
        (test,) = json.loads((folder / "run.json").read_text(encoding="utf-8"))["tests"]
        found: dict[str, Any] = test
        return found

    return start


def test_heap_is_enough_and_does_not_grow_in_ten_minutes(run: Run) -> None:
    test = run(50)
    assert test["verdict"] == "pass", test["message"]
    measured = {each["name"]: each["value"] for each in test["measurements"]}
    assert measured["heap growth"] <= 256
    # More than half of what is left after the import, see docs/codey.md, "Memory and language".
    assert measured["heap left"] >= 20_000


def test_client_that_keeps_each_message_is_found(run: Run, tmp_path: Path) -> None:
    device_src = tmp_path / "device_src"
    shutil.copytree(shipped.device_src(), device_src)
    path = device_src / "mqtt_session.py"
    text = path.read_text(encoding="utf-8")
    call = "self._callback(topic, msg)"
    assert text.count(call) == 1
    kept = "self.kept = getattr(self, 'kept', []) + [msg]; "
    path.write_text(text.replace(call, kept + call), encoding="utf-8")
    test = run(1, "--hil-device-src", str(device_src))
    assert test["verdict"] == "fail"
    assert "heap growth" in test["message"]
