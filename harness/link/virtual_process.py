"""The process of a virtual board: started, waited for, ended with us whatever happens to us."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import errors
from harness.deadline import Deadline
from harness.errors import HarnessError, LinkOpenFailed
from harness.virtual.interpreter import module_folder
from harness.virtual.settings import VirtualSettings

_READ_BYTES = 1 << 16
#: A supervisor that was told to end does so in milliseconds; then it is killed.
_END_S = 2.0
#: Started without `site`: 25 ms instead of 60, and nothing of the user's environment in it.
_START = (
    "import sys; sys.path[:0] = sys.argv.pop(1).split(':');"
    "from harness.virtual.__main__ import main; sys.exit(main(sys.argv[1:]))"
)


class VirtualProcess:
    """A supervisor that we started; it ends with us, even when we are killed.

    Attributes:
        port: Path of the board's serial port.
        id: Its unique id, in hexadecimal.
    """

    def __init__(self, child: subprocess.Popen[bytes], identity: dict[str, Any]) -> None:
        """Take over a child that is ready."""
        self._child = child
        self.port = str(identity["port"])
        self.id = str(identity["id"])

    def close(self) -> None:
        """End it and wait for that. May be called twice."""
        _end(self._child)


def start_virtual(settings: VirtualSettings, deadline: Deadline) -> VirtualProcess:
    """Start a virtual board.

    Args:
        settings: What it is made of.
        deadline: By when it must be ready; it takes about 0.05 s.

    Raises:
        InterpreterUnsuitable: There is no MicroPython for it.
        ConfigError: A setting cannot be used.
        LinkOpenFailed: It was not ready in time, or ended.
    """
    package = Path(__file__).resolve().parents[2]
    folders = [str(package)]
    if not settings.micropython and (folder := module_folder()):
        folders.append(str(folder))
    child = subprocess.Popen(
        [
            *(sys.executable, "-I", "-S", "-c", _START),
            *(":".join(folders), "--parent-pipe", settings.to_json()),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Out of the terminal's process group: Ctrl-C is for us, and the pipe ends the child.
        start_new_session=True,
    )
    try:
        identity = _await_identity(child, settings.name, deadline)
    except BaseException:
        _end(child)
        raise
    return VirtualProcess(child, identity)


def _await_identity(
    child: subprocess.Popen[bytes], name: str, deadline: Deadline
) -> dict[str, Any]:
    assert child.stdout is not None  # noqa: S101, it was asked for
    received = b""
    while not received.endswith(b"\n"):
        ready, _, _ = select.select([child.stdout], [], [], deadline.remaining_s)
        data = os.read(child.stdout.fileno(), _READ_BYTES) if ready else b""
        if not data:
            raise LinkOpenFailed(
                "the virtual board did not start",
                reason="other",
                on=name,
                expected=f"its supervisor to be ready within {deadline.total_s:g} s",
                got="its end" if ready else "nothing in time",
                advice="hil doctor",
            )
        received += data
    answer: dict[str, Any] = json.loads(received)
    if "error" in answer:
        parts = answer["error"]
        kind = getattr(errors, parts.pop("type"), HarnessError)
        raise kind(parts.pop("tried"), **parts)
    return answer


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(_END_S)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
