"""`hil bench probe`: its rows, and device code with which it must go red."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import shipped
from harness.bench import probe
from harness.bench.row import Row
from harness.board.manifest import load_manifest
from harness.errors import ConfigError


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure little: two quick effects, three rounds."""
    quick = [each for each in probe.EFFECTS if each.name in ("display.show(number)", "led.show")]
    monkeypatch.setattr(probe, "EFFECTS", tuple(quick))
    monkeypatch.setattr(probe, "REPEATS", 2)


def measured(device_src: Path | None = None) -> dict[str, Row]:
    rows = probe.measure(lambda _: None, device_src=device_src, rounds=3)
    return {row.what: row for row in rows}


@pytest.mark.usefixtures("few")
def test_probe_that_is_not_armed_takes_not_one_byte() -> None:
    rows = measured()
    for name in ("display.show(number)", "led.show"):
        assert (rows[f"{name}: not armed, heap"].ours, rows[f"{name}: not armed, heap"].ok) == (
            0,
            True,
        )
        assert rows[f"{name}: armed, heap"].ours > 500
        assert rows[f"{name}: armed, heap"].ours > rows[f"{name}: armed, heap"].peers["records_off"]
        assert rows[f"{name}: armed, heap"].ok
        assert rows[f"{name}: not armed, time"].unit == "us"
    assert rows["not armed: hilprobe is loaded"].ours == 0
    assert rows["armed and disarmed again: heap that stays"].ok


@pytest.mark.usefixtures("few")
def test_hook_that_does_something_unarmed_is_red(tmp_path: Path) -> None:
    folder = tmp_path / "device_src"
    shutil.copytree(shipped.device_src(), folder)
    file = folder / "codey" / "panel.py"
    source = file.read_text()
    hook = "        if observer.notify:\n            observer.notify("
    wrong = source.replace(hook, f"        said = [how, text] * 200\n{hook}")
    assert wrong != source
    file.write_text(wrong)
    rows = measured(folder)
    row = rows["display.show(number): not armed, heap"]
    assert (row.ours > 3000, row.ok) == (True, False)
    assert rows["led.show: not armed, heap"].ok


def test_hook_is_cut_out_and_nothing_else() -> None:
    whole = load_manifest(shipped.device_src())
    cut = probe.without_hook(whole)
    assert set(cut.files) == set(whole.files)
    for place, file in whole.files.items():
        before, after = file.data.decode(), cut.files[place].data.decode()
        if "/codey/" not in place:
            assert after == before
            continue
        ast.parse(after)
        assert "observer.notify(" not in after
        assert "self._tell(" not in after
        assert after.count("\n") == before.count("\n"), "lines keep their numbers"
        kept = [
            line for line in before.splitlines() if "notify" not in line and "_tell(" not in line
        ]
        assert set(kept) <= set(after.splitlines())


def test_device_code_without_a_hook_is_refused() -> None:
    cut = probe.without_hook(load_manifest(shipped.device_src()))
    with pytest.raises(ConfigError, match="no hook for the probe"):
        probe.without_hook(cut)


def test_options_of_another_bench_are_refused() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "harness.cli", "bench", "probe", "--json", "--long"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert ended.returncode == 4
    assert "hil bench probe" in ended.stderr
    assert "hil bench client" in ended.stderr
