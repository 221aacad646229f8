"""Unmodified tools of others on a virtual board's path."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline

if TYPE_CHECKING:
    from tests.virtual.board.conftest import BareBoard

BIN = Path(sys.executable).parent
LIMIT_S = 30


def tool(name: str, *arguments: str | Path, cwd: Path) -> str:
    """Run a tool and return what it prints; it must succeed."""
    done = subprocess.run(
        [BIN / name, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


@pytest.fixture
def port(fresh: BareBoard) -> str:
    """Return the path of a board whose line is free."""
    fresh.line.close()
    return fresh.port


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder with a program, a module, and a binary file of all byte values."""
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "shown.py").write_text("x = 38\nprint('shown ran')\n")
    (tmp_path / "tree" / "sub" / "binary").write_bytes(bytes(range(256)) * 16)
    return tmp_path


def test_mpremote_executes_code_and_leaves_by_exception(port: str, tmp_path: Path) -> None:
    assert tool("mpremote", "connect", port, "exec", "print(1)", cwd=tmp_path) == "1\n"
    done = subprocess.run(
        [BIN / "mpremote", "connect", port, "exec", "1 / 0"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout + done.stderr


def test_mpremote_runs_a_file(port: str, tree: Path) -> None:
    output = tool("mpremote", "connect", port, "run", "tree/shown.py", cwd=tree)
    assert output == "shown ran\n"


def test_mpremote_copies_lists_shows_and_removes_files(port: str, tree: Path) -> None:
    tool("mpremote", "connect", port, "cp", "-r", "tree", ":", cwd=tree)
    listing = tool("mpremote", "connect", port, "ls", ":tree", cwd=tree)
    assert [line.split()[-1] for line in listing.splitlines()[1:]] == ["shown.py", "sub/"]
    shown = tool("mpremote", "connect", port, "cat", ":tree/shown.py", cwd=tree)
    assert shown == "x = 38\nprint('shown ran')\n"
    tool("mpremote", "connect", port, "cp", ":tree/sub/binary", "back", cwd=tree)
    assert (tree / "back").read_bytes() == bytes(range(256)) * 16
    tool("mpremote", "connect", port, "rm", "-r", ":tree", cwd=tree)
    assert tool("mpremote", "connect", port, "ls", ":", cwd=tree).splitlines()[1:] == []


def test_mpremote_mounts_a_folder(port: str, tree: Path) -> None:
    code = (
        "import shown, os; print(shown.x, os.listdir()); "
        "f = open('sub/binary', 'rb'); data = f.read(); f.close(); "
        "f = open('made', 'wb'); print(f.write(data)); f.close()"
    )
    output = tool("mpremote", "connect", port, "mount", "tree", "exec", code, cwd=tree)
    assert "shown ran\n38 ['shown.py', 'sub']\n4096\n" in output
    assert (tree / "tree" / "made").read_bytes() == bytes(range(256)) * 16


def test_mpremote_soft_reset_runs_boot_py(port: str, tmp_path: Path) -> None:
    (tmp_path / "boot.py").write_text("value = 7\n")
    tool("mpremote", "connect", port, "cp", "boot.py", ":", cwd=tmp_path)
    tool("mpremote", "connect", port, "resume", "exec", "value = 8", cwd=tmp_path)
    output = tool(
        "mpremote",
        *("connect", port, "soft-reset", "resume", "exec", "print(value)"),
        cwd=tmp_path,
    )
    assert output == "7\n"


def test_mpremote_repl_talks_interrupts_and_leaves(port: str) -> None:
    master, slave = pty.openpty()
    received = b""

    def read_until(end: bytes) -> None:
        nonlocal received
        deadline = Deadline.after(LIMIT_S)
        while end not in received:
            ready, _, _ = select.select([master], [], [], deadline.remaining_s)
            assert ready, f"waited for {end!r}, got {received!r}"
            received += os.read(master, 4096)
        received = received.partition(end)[2]

    with subprocess.Popen(
        [BIN / "mpremote", "connect", port, "repl"], stdin=slave, stdout=slave, stderr=slave
    ) as repl:
        try:
            read_until(b"Use Ctrl-] or Ctrl-x to exit this shell")
            os.write(master, b"\r")
            read_until(b">>> ")
            os.write(master, b"print(6 * 7)\r")
            read_until(b"42\r\n>>> ")
            os.write(master, b"while True: pass\r\r")
            read_until(b"... ")
            os.write(master, b"\r\x03")
            read_until(b"KeyboardInterrupt: \r\n>>> ")
            os.write(master, b"\x04")
            read_until(b"MPY: soft reboot\r\n")
            read_until(b">>> ")
            os.write(master, b"\x1d")
            assert repl.wait(LIMIT_S) == 0
        finally:
            repl.kill()
            os.close(master)
            os.close(slave)


def test_belay_connects_and_runs_a_task(port: str, tmp_path: Path) -> None:
    script = tmp_path / "task.py"
    script.write_text(
        "import sys\nimport belay\ndevice = belay.Device(sys.argv[1])\n"
        "@device.task\ndef twice(x):\n    return 2 * x\n"
        "print(device.implementation.name, device.implementation.platform, twice(21))\n"
        "device.close()\n"
    )
    output = tool("python", "-W", "ignore", script, port, cwd=tmp_path)
    assert output == "micropython esp32 42\n"


def test_mpytool_lists_copies_and_executes(port: str, tree: Path) -> None:
    tool("mpytool", "-p", port, "cp", "tree/sub/binary", ":/", cwd=tree)
    assert "4.00K binary" in tool("mpytool", "-p", port, "ls", cwd=tree)
    code = "import os; print(open('binary', 'rb').read() == bytes(range(256)) * 16)"
    assert "True" in tool("mpytool", "-p", port, "exec", code, cwd=tree)
