"""Set-up as a whole: from a fresh clone, broken, cut off, twice at once, without what it needs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launcher.checkout import LIMIT_S, Checkout


def test_first_start_of_fresh_clone_sets_up_and_runs_command(fresh: Checkout) -> None:
    done = fresh.hil("exec", "x")

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["argv"] == ["exec", "x"]
    assert Path(seen["prefix"]) == fresh.root / ".venv"
    assert [line.split()[1] for line in done.stderr.splitlines()] == [
        "making",
        "installing",
        ".venv",
    ]


def test_second_start_does_nothing_and_says_nothing(ready: Checkout) -> None:
    # Without any program on PATH, and with an index that cannot be reached.
    done = ready.hil("exec", PATH="", PIP_FIND_LINKS="/nowhere")

    assert (done.returncode, done.stderr) == (0, "")


def test_command_test_installs_the_test_tools_too(fresh: Checkout) -> None:
    fresh.hil("exec")
    packages = next((fresh.root / ".venv/lib").glob("python3.*/site-packages"))
    assert not (packages / "tinytest.py").exists()

    done = fresh.hil("test")

    assert done.returncode == 0, done.stderr
    assert (packages / "tinytest.py").exists()
    assert "requirements-dev.lock" in done.stderr
    assert fresh.hil("exec").stderr == ""


def _remove_interpreter(venv: Path) -> None:
    (venv / "bin/python").unlink()


def _lose_interpreter(venv: Path) -> None:
    _remove_interpreter(venv)
    (venv / "bin/python").symlink_to("/nowhere/python3")


def _remove_command(venv: Path) -> None:
    (venv / "bin/hil").unlink()


def _remove_library(venv: Path) -> None:
    shutil.rmtree(venv / "lib")


def _remove_module(venv: Path) -> None:
    next(venv.glob("lib/python3.*/site-packages/tiny.py")).unlink()


def _remove_stamp(venv: Path) -> None:
    (venv / "hil-stamp").unlink()


def _empty(venv: Path) -> None:
    shutil.rmtree(venv)
    venv.mkdir()


def _replace_by_file(venv: Path) -> None:
    shutil.rmtree(venv)
    venv.write_text("", "utf-8")


def _replace_by_dangling_link(venv: Path) -> None:
    shutil.rmtree(venv)
    venv.symlink_to("/nowhere/venv")


@pytest.mark.parametrize(
    "break_it",
    [
        _remove_interpreter,
        _lose_interpreter,
        _remove_command,
        _remove_library,
        _remove_module,
        _remove_stamp,
        _empty,
        _replace_by_file,
        _replace_by_dangling_link,
    ],
)
def test_broken_venv_is_repaired(ready: Checkout, break_it: Callable[[Path], None]) -> None:
    assert ready.hil("exec").stderr == ""
    break_it(ready.root / ".venv")

    done = ready.hil("exec")

    assert done.returncode == 0, done.stderr
    assert ".venv is ready" in done.stderr
    assert next(ready.root.glob(".venv/lib/python3.*/site-packages/tiny.py")).exists()
    assert ready.hil("exec").stderr == ""


def test_moved_checkout_makes_its_venv_anew(fresh: Checkout) -> None:
    fresh.hil("exec")
    moved = Checkout(fresh.root.rename(fresh.root.with_name("moved")), fresh.environ)
    moved.environ["PIP_FIND_LINKS"] = str(moved.root / "wheels")

    done = moved.hil("exec")

    assert done.returncode == 0, done.stderr
    assert Path(json.loads(done.stdout)["harness"]).is_relative_to(moved.root)
    assert "from another place" in done.stderr


def test_linked_venv_folder_is_left_alone_when_venv_is_made_anew(fresh: Checkout) -> None:
    elsewhere = fresh.root.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "mine").touch()
    (fresh.root / ".venv").symlink_to(elsewhere)

    assert fresh.hil("exec").returncode == 0

    assert [path.name for path in elsewhere.iterdir()] == ["mine"]


def test_changed_pyproject_updates_without_network_and_keeps_other_packages(
    ready: Checkout,
) -> None:
    packages = next(ready.root.glob(".venv/lib/python3.*/site-packages"))
    (packages / "somebodys.py").touch()
    with (ready.root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")

    done = ready.hil("exec", PIP_FIND_LINKS="/nowhere")

    assert done.returncode == 0, done.stderr
    assert "making" not in done.stderr
    assert (packages / "somebodys.py").exists()


def _open_when_read(pipe: Path) -> int:
    """Return the writing end of a pipe; waits until the build backend reads it."""
    return os.open(pipe, os.O_WRONLY)


def test_two_starts_at_once_set_up_once(fresh: Checkout) -> None:
    os.mkfifo(fresh.root / "pause")
    with fresh.start("exec", "one") as one:
        pipe = _open_when_read(fresh.root / "pause")
        with fresh.start("exec", "two") as two:
            assert two.stderr is not None
            assert two.stderr.readline().endswith("at work on .venv; waiting for it\n")
            (fresh.root / "pause").unlink()
            os.close(pipe)
            _, of_one = one.communicate(timeout=LIMIT_S)
            _, of_two = two.communicate(timeout=LIMIT_S)

    assert (one.returncode, two.returncode) == (0, 0), of_one + of_two
    assert "making .venv" in of_one
    assert of_two == ""


def test_start_after_kill_waits_for_the_orphaned_pip_and_goes_on(fresh: Checkout) -> None:
    os.mkfifo(fresh.root / "pause")
    with fresh.start("exec") as killed:
        pipe = _open_when_read(fresh.root / "pause")
        killed.kill()
        killed.wait(timeout=LIMIT_S)
        with fresh.start("exec") as again:
            assert again.stderr is not None
            assert "waiting for it" in again.stderr.readline()
            (fresh.root / "pause").unlink()
            os.close(pipe)
            _, told = again.communicate(timeout=LIMIT_S)

    assert again.returncode == 0, told
    assert fresh.hil("exec").stderr == ""


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 2), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
def test_signal_during_set_up_ends_pip_too(
    fresh: Checkout, number: signal.Signals, exit_code: int
) -> None:
    os.mkfifo(fresh.root / "pause")
    with fresh.start("exec") as process:
        pipe = _open_when_read(fresh.root / "pause")
        process.send_signal(number)
        # Ends only when pip has let go of the pipes that it inherited.
        process.communicate(timeout=LIMIT_S)
        os.close(pipe)
    (fresh.root / "pause").unlink()

    assert process.returncode == exit_code
    again = fresh.hil("exec")
    assert again.returncode == 0, again.stderr
    assert "waiting" not in again.stderr


def test_wrong_hash_stops_with_one_line_and_nothing_taken_for_whole(fresh: Checkout) -> None:
    lock = fresh.root / "requirements.lock"
    right = lock.read_text("utf-8")
    lock.write_text(f"tiny==1.0 --hash=sha256:{'0' * 64}\n", "utf-8")

    done = fresh.hil("exec")

    assert done.returncode == 10
    assert done.stdout == ""
    assert "DO NOT MATCH THE HASHES" in done.stderr.splitlines()[-1]
    lock.write_text(right, "utf-8")
    assert fresh.hil("exec").returncode == 0


def test_index_out_of_reach_stops_with_one_line_without_its_password(fresh: Checkout) -> None:
    fresh.environ.pop("PIP_NO_INDEX")

    done = fresh.hil(
        "exec",
        PIP_FIND_LINKS="",
        PIP_INDEX_URL="http://somebody:pass-word-1@127.0.0.1:9/simple",
        PIP_RETRIES="1",
        HIL_WIFI_PASSWORD="pass-word-2",
    )

    assert done.returncode == 10
    assert "pip cannot reach the package index" in done.stderr.splitlines()[-1]
    log = (fresh.root / ".venv/set-up.log").read_text("utf-8")
    assert "127.0.0.1" in log
    assert "pass-word" not in done.stderr + log


def test_checkout_that_cannot_be_written_stops_with_one_line(fresh: Checkout) -> None:
    (fresh.root / ".venv.lock").mkdir()

    done = fresh.hil("exec")

    assert done.returncode == 10
    assert done.stderr.startswith("hil: set-up stopped: ")
    assert done.stderr.count("\n") == 1


def test_pip_settings_of_the_user_do_not_lead_elsewhere(fresh: Checkout, tmp_path: Path) -> None:
    done = fresh.hil("exec", PIP_TARGET=str(tmp_path / "target"), PIP_USER="1")

    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "target").exists()


def test_modules_on_pythonpath_are_not_taken_for_installed(fresh: Checkout, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with zipfile.ZipFile(fresh.root / "wheels/tiny-1.0-py3-none-any.whl") as wheel:
        wheel.extractall(other)

    done = fresh.hil("exec", PYTHONPATH=str(other))

    assert done.returncode == 0, done.stderr
    assert next(fresh.root.glob(".venv/lib/python3.*/site-packages/tiny.py")).exists()
