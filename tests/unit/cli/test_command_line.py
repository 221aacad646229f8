"""``hil`` itself: help, wrong words, wrong options, and a reader that goes away."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.cli.__main__ import JOBS, main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Hil

COMMANDS = [command for commands in JOBS.values() for command in commands]
ON_ONE_BOARD = ["deploy", "exec", "snapshot"]


def code_of(*arguments: str) -> int:
    """Return the code that the command line ends with, in this process."""
    try:
        return main(list(arguments))
    except SystemExit as ended:
        assert isinstance(ended.code, int)  # noqa: PT017, a code and no error
        return ended.code


def test_overview_lists_every_command_by_its_job(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("--help") == 0
    text = capsys.readouterr().out
    for job, commands in JOBS.items():
        assert f"\n{job}:\n" in text
        for name, said in commands.items():
            assert f"  {name:<10} {said}\n" in text
    assert max(len(line) for line in text.splitlines()) <= 80


@pytest.mark.parametrize("word", ["-h", "help"])
def test_help_has_other_names(capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert code_of(word) == 0
    assert capsys.readouterr().out.startswith("usage: hil COMMAND")


def test_no_command_shows_the_overview_and_is_bad_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert code_of() == 4
    assert "usage: hil COMMAND" in "".join(capsys.readouterr())


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("--version") == 0
    assert capsys.readouterr().out.startswith("codey-hil ")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_help_of_its_own(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert code_of(name, "--help") == 0
    text = capsys.readouterr().out
    module = importlib.import_module(f"harness.cli.{name}")
    assert f"usage: hil {name}" in text
    assert (module.__doc__ or "").strip().splitlines()[0] in text


@pytest.mark.parametrize(
    ("typed", "meant"), [("snapshoot", "snapshot"), ("Run", "run"), ("depoly", "deploy")]
)
def test_unknown_command_is_told_with_the_nearest(
    capsys: pytest.CaptureFixture[str], typed: str, meant: str
) -> None:
    assert code_of(typed) == 4
    said = capsys.readouterr()
    assert said.err == f"hil: there is no command {typed!r}; did you mean hil {meant}?\n"
    assert said.out == ""


def test_unknown_command_that_is_like_none_points_to_the_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert code_of("xyzzy") == 4
    assert capsys.readouterr().err == "hil: there is no command 'xyzzy'; hil --help lists them\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("exec",),
        ("exec", "1", "--file", "x.py"),
        ("exec", "1", "--timeout", "soon"),
        ("snapshot", "--colour"),
        ("deploy", "extra"),
        ("boards", "--bord"),
        ("play",),
        ("virtual", "--frob"),
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_bad_usage_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert code_of(*arguments) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert f"try: hil {arguments[0]} --help" in said.err


@pytest.mark.parametrize("command", ON_ONE_BOARD)
@pytest.mark.parametrize(
    ("spec", "code", "said"),
    [
        ("toaster", 4, "unknown board"),
        ("virtual:2", 4, "this command talks to one board"),
        ("virtual:0", 4, "number of virtual boards"),
        ("port:/dev/ttyNONE9", 10, "there is no such port"),
        ("usb:9-9.9", 10, "no port on USB matches"),
        ("id:NOBODY", 10, "no port on USB matches"),
        ("socket://127.0.0.1:1", 10, "nothing answers there"),
    ],
)
def test_wrong_board_is_told_in_one_line_with_its_code(
    capsys: pytest.CaptureFixture[str], command: str, spec: str, code: int, said: str
) -> None:
    extra = ("1",) if command == "exec" else ()
    assert code_of(command, *extra, "--board", spec) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert said in told.err
    assert "try: " in told.err
    assert "erase" not in told.err


def test_wrong_device_code_is_bad_usage(capsys: pytest.CaptureFixture[str], board: str) -> None:
    assert code_of("deploy", "--board", board, "--device-src", "/absent") == 4
    assert "no manifest" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("--file", "absent.py"), ("--file", "/")])
def test_file_that_cannot_be_read_is_bad_usage(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert code_of("exec", *arguments, "--board", "port:/dev/ttyNONE9") == 4
    assert "cannot be read" in capsys.readouterr().err


def test_board_from_the_environment_is_the_default(hil: Hil) -> None:
    ended = hil("snapshot", HIL_BOARD="port:/dev/ttyNONE9")
    assert ended.code == 10
    assert "/dev/ttyNONE9" in ended.stderr


@pytest.mark.parametrize("arguments", [["boards"], ["boards", "--json"]], ids=" ".join)
def test_reader_that_goes_away_is_told_in_one_line(arguments: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "harness.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        said = command.stderr.read().decode()
        assert command.wait(30) == 3
    assert said == "hil boards: stopped, since nobody reads its output\n"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from harness.cli.__main__ import main; main(['--help']); "
        "print([m for m in ('pytest', 'serial', 'paho', 'rich', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_ctrl_c_in_code_that_is_made_from_text_is_an_interruption_like_any_other(
    tmp_path: Path,
) -> None:
    # As where a data class is being made while a command is imported.
    (tmp_path / "interrupted.py").write_text(
        "import sys\nfrom harness.cli import boards, __main__\n"
        "boards.run = lambda args: exec('raise KeyboardInterrupt')\n"
        "sys.exit(__main__.main(['boards']))\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (2, "hil boards: interrupted\n")
