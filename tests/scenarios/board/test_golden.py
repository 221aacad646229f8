"""Every golden frame, by all three layers: what was asked for, the board's buffer, the panel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from harness import shipped
from harness.board.snapshot import SOURCES
from harness.pytest_plugin.fixture import Display
from harness.scenario.dut import BoardUnderTest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def golden() -> list[dict[str, Any]]:
    table = tomllib.loads((shipped.fixtures() / "golden" / "panel.toml").read_text("utf-8"))
    frames: list[dict[str, Any]] = table["frame"]
    return frames


@pytest.mark.requirement(
    "CODEY-DISPLAY-01", "CODEY-DISPLAY-02", "CODEY-DISPLAY-04", "CODEY-DISPLAY-08"
)
@pytest.mark.parametrize(
    "layer",
    [pytest.param(each, marks=pytest.mark.evidence(each)) for each in SOURCES],
)
def test_golden_frames_are_shown(
    board: BoardUnderTest, display: Display, timeline: Callable[[str], None], layer: str
) -> None:
    """One test a layer: each believes that layer alone, and is skipped where it is not there."""
    board.exec("import codey")
    for frame in golden():
        timeline(f"{layer}: {frame['call']}")
        board.exec(f"codey.display.clear(); codey.display.{frame['call']}")
        display.is_frame(bytes.fromhex(frame["px"]))
