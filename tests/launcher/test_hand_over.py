"""From `./hil` to the command: arguments, input, signals and exit codes are the command's own."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

from tests.launcher.checkout import LIMIT_S, REPOSITORY, Checkout


def test_arguments_arrive_unchanged(ready: Checkout) -> None:
    arguments = ["exec", "", "a b", "'\"$HOME\\", "ä€😀", "--x=-1", "--", "*"]

    assert json.loads(ready.hil(*arguments).stdout)["argv"] == arguments


@pytest.mark.parametrize("code", [0, 1, 5, 14])
def test_exit_code_is_the_commands(ready: Checkout, code: int) -> None:
    assert ready.hil("fail", str(code)).returncode == code


def test_standard_input_is_the_commands(ready: Checkout) -> None:
    with ready.start("echo") as process:
        out, _ = process.communicate("one\ntwo", timeout=LIMIT_S)

    assert out.splitlines()[1:] == ["one", "two"]


def test_command_is_the_same_process(ready: Checkout) -> None:
    with ready.start("exec") as process:
        out, _ = process.communicate(timeout=LIMIT_S)

    assert json.loads(out)["pid"] == process.pid


@pytest.mark.parametrize(
    ("number", "returncode", "said"),
    [
        (signal.SIGINT, 2, "interrupted\n"),
        (signal.SIGTERM, -signal.SIGTERM, ""),
        (signal.SIGHUP, -signal.SIGHUP, ""),
    ],
)
def test_signal_reaches_the_command(
    ready: Checkout, number: signal.Signals, returncode: int, said: str
) -> None:
    with ready.start("wait") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        out, error = process.communicate(timeout=LIMIT_S)

    assert (process.returncode, out, error) == (returncode, said, "")


def test_folder_named_harness_where_one_works_is_not_taken_for_ours(
    ready: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness/__init__.py").write_text("raise SystemExit(99)", "utf-8")
    monkeypatch.chdir(tmp_path)

    assert ready.hil("exec").returncode == 0


def test_link_to_hil_works_from_elsewhere(ready: Checkout, tmp_path: Path) -> None:
    (tmp_path / "hil").symlink_to(ready.root / "hil")

    done = subprocess.run(
        [sys.executable, str(tmp_path / "hil"), "exec"],
        env=ready.environ,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")


def _median_s(command: list[str], environ: dict[str, str]) -> float:
    durations = []
    for _ in range(7):
        begun_s = time.perf_counter()
        subprocess.run(command, env=environ, capture_output=True, timeout=LIMIT_S, check=True)
        durations.append(time.perf_counter() - begun_s)
    return statistics.median(durations)


def test_start_adds_less_than_300_ms_once_all_is_in_place(ready: Checkout) -> None:
    venv = ready.root / ".venv"
    direct = [str(venv / "bin/python"), str(venv / "bin/hil"), "exec"]

    added_s = _median_s(ready.command("exec"), ready.environ) - _median_s(direct, ready.environ)

    assert added_s < 0.3


def test_help_comes_before_any_set_up_within_250_ms(tmp_path: Path) -> None:
    for name in ("hil", "launcher", "harness"):
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, tmp_path / name)
    # -S: without the packages of the interpreter that runs this test.
    command = [sys.executable, "-I", "-S", str(tmp_path / "hil"), "--help"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    assert done.returncode == 0, done.stderr
    assert "snapshot" in done.stdout
    assert not (tmp_path / ".venv").exists()
    assert _median_s(command, dict(os.environ)) < 0.25


def test_old_python_is_told_in_one_line_which_is_needed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = SourceFileLoader("hil_script", str(REPOSITORY / "hil"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    monkeypatch.setattr(sys, "argv", ["./hil", "run"])

    assert module.main() == 4

    told = capsys.readouterr().err
    assert told == (
        "hil: Python 3.10 or newer is needed, this is 3.8; type: python3.10 ./hil run\n"
    )


def test_hil_is_understood_by_python_3_7() -> None:
    ast.parse((REPOSITORY / "hil").read_text("utf-8"), feature_version=(3, 7))
