from __future__ import annotations

from pathlib import Path

import pytest

from harness import shipped
from harness.bench.client_worker import Interpreter
from harness.bench.feature_cost import FEATURES, Feature, measure, take_out
from harness.errors import ConfigError


def test_every_feature_is_found_and_costs_something(interpreter: Interpreter) -> None:
    said: list[str] = []
    whole, *rows = measure(interpreter, shipped.device_src(), said.append)
    assert [row.what for row in rows] == [feature.name for feature in FEATURES] == said
    assert all(0 < row.peers[".mpy"] < whole.peers[".mpy"] / 4 for row in rows)
    # The collector keeps a block or two that only look as if they were in use.
    assert all(-96 <= row.ours < whole.ours / 4 for row in rows)
    assert sum(row.ours for row in rows) > 500


def test_taken_out_are_functions_and_what_follows_a_condition(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "mqtt.py").write_text(
        "def gone():\n    return 1\n\n\nclass A:\n    def f(self, x):\n"
        "        if x == 2:\n            a = 1\n            b = 2\n"
        "        else:\n            c = 3\n"
    )
    take_out(Feature("made", ("gone",), ("if x == 2",)), source, target)
    lines = [line for line in (target / "mqtt.py").read_text().splitlines() if line.strip()]
    assert lines[0] == "gone = None"
    assert lines[3:] == [
        "        if x == 2:",
        "            pass",
        "        else:",
        "            c = 3",
    ]


@pytest.mark.parametrize("feature", [Feature("made", ("nowhere",)), Feature("made", (), ("if x",))])
def test_feature_that_is_not_there_is_an_error(feature: Feature, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not found"):
        take_out(feature, shipped.device_src(), tmp_path / "target")
