"""What README shows is run as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

#: These need a board, run the whole suite, or measure for a minute; other tests run them.
ELSEWHERE = ("./hil run ", "./hil test", "./hil bench", "port:/dev/ttyUSB0")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    lines = [line.split("  #")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line and not any(each in f"{line} " for each in ELSEWHERE)]


def hil(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", *arguments]
    environment = {key: value for key, value in os.environ.items() if key != "HIL_BOARD"}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_readme_names_the_two_commands_first() -> None:
    first = blocks("sh")[0].splitlines()
    assert [line.split("#")[0].strip() for line in first] == ["./hil run", "./hil test"]
    assert README.index("./hil run") < README.index("## ")


@pytest.mark.parametrize("command", commands())
def test_command_of_readme_works(command: str) -> None:
    ended = hil(shlex.split(command)[1:], ROOT)
    assert ended.returncode == 0, ended.stderr
    # Code that prints nothing has no result to show.
    assert bool(ended.stdout) == (" exec " not in command)


def test_test_of_readme_passes_and_can_fail(tmp_path: Path) -> None:
    (source,) = (block for block in blocks("python") if "def test_" in block)
    test = tmp_path / "test_thermometer.py"
    test.write_text(source, encoding="utf-8")
    passed = hil(["run", "test_thermometer.py"], tmp_path)
    assert passed.returncode == 0, passed.stdout
    test.write_text(source.replace('shows("21")', 'shows("22")'), encoding="utf-8")
    failed = hil(["run", "test_thermometer.py"], tmp_path)
    assert failed.returncode == 1
    assert "was not seen by commanded" in failed.stdout
    assert "MQTT-36" in failed.stdout


def test_table_of_exit_codes_is_the_one_in_force() -> None:
    from harness.scenario import verdict

    shown = {int(each) for each in re.findall(r"\| (\d+) \| [a-z]", README)}
    assert shown <= set(verdict.PRECEDENCE)
    assert {0, 1, 2, 3, 4, 5, 10, 11, 12} <= shown


def test_every_command_of_readme_exists() -> None:
    from harness.cli.__main__ import JOBS

    known = {name for commands_ in JOBS.values() for name in commands_}
    named = set(re.findall(r"(?:\./)?hil ([a-z]+)[ `\n]", README))
    assert named <= known
    assert known - {"report"} <= named | {"repl"}
