"""The process between the harness and its broker: when the harness goes, the broker goes too.

It is run as a script with the standard library alone (``python -I -S keeper.py``) and imports
nothing of the harness, so that it is up in about 30 ms. Its standard input is the lifeline: the
order as one line of JSON, then one byte when the broker has read its files, then nothing. When the
harness ends, even by SIGKILL, the kernel closes the other end; the keeper reads the end of the file
and stops the broker. A death signal (``PR_SET_PDEATHSIG``) alone would not do: it is tied to the
thread that started the process, it has no place to remove the files in, and only Linux has it. It
is used one step further down, where those objections do not hold: should the keeper itself be
killed, the broker goes too.

Standard error is the broker's log; the keeper's own lines in it begin with ``keeper:``.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

#: How long the broker may take to end after SIGTERM; it takes 0.1 s, its poll interval.
GRACE_S = 2.0

_LIFELINE = 0
_PR_SET_PDEATHSIG = 1


def _say(text: str) -> None:
    """Write one line into the log; when nobody reads it any more, that is no reason to fail."""
    with contextlib.suppress(BrokenPipeError):
        os.write(2, f"keeper: {text}\n".encode())


def _read_order() -> dict[str, Any] | None:
    """Return the order, or None when the harness went before it was complete."""
    data = b""
    while not data.endswith(b"\n"):
        chunk = os.read(_LIFELINE, 65536)
        if not chunk:
            return None
        data += chunk
    order: dict[str, Any] = json.loads(data)
    return order


def _write_files(folder: str, files: dict[str, str]) -> None:
    """Write `files` (name: content), readable for us alone; ``{folder}`` in them is filled in."""
    for name, content in files.items():
        descriptor = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content.replace("{folder}", folder))


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    """Start the broker in a session of its own, bound to this process's life where that can be."""
    keeper = os.getpid()

    def bind() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != keeper:  # the keeper died before the line above
                os._exit(1)

    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=2,
        stderr=2,
        cwd="/",
        start_new_session=True,
        preexec_fn=bind,  # noqa: PLW1509 - safe, this process has one thread
    )


def _kill_group(broker: subprocess.Popen[bytes], signal_number: int) -> None:
    """Signal the broker and whatever a wrapper script has left in its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all gone, or only zombies left
        os.killpg(broker.pid, signal_number)


class _Signals:
    """Turns the signals of this process into a file descriptor that `select` can wait for."""

    def __init__(self) -> None:
        self.wakes, write_end = os.pipe()
        os.set_blocking(self.wakes, False)
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        self.is_asked_to_end = False
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            self.is_asked_to_end = True

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self.wakes, 4096)


def _wait(broker: subprocess.Popen[bytes], signals: _Signals, folder: str) -> None:
    """Return when the broker has ended, the harness is gone, or SIGTERM came."""
    while broker.poll() is None and not signals.is_asked_to_end:
        ready, _, _ = select.select([_LIFELINE, signals.wakes], [], [])
        if signals.wakes in ready:
            signals.drain()
        if _LIFELINE in ready:
            if not os.read(_LIFELINE, 64):
                return
            shutil.rmtree(folder)


def _end(broker: subprocess.Popen[bytes], signals: _Signals) -> None:
    """End the broker: kindly, and after `GRACE_S` not."""
    _kill_group(broker, signal.SIGTERM)
    give_up_at_s = time.monotonic() + GRACE_S
    while broker.poll() is None and (left_s := give_up_at_s - time.monotonic()) > 0:
        select.select([signals.wakes], [], [], left_s)
        signals.drain()
    _kill_group(broker, signal.SIGKILL)
    broker.wait()


def main() -> int:
    """Carry out one order; the log tells how it went."""
    signals = _Signals()
    order = _read_order()
    if order is None:
        return 1
    folder = tempfile.mkdtemp(prefix="hil-broker-")
    try:
        _write_files(folder, order["files"])
        command = [part.replace("{folder}", folder) for part in order["command"]]
        try:
            broker = _start(command)
        except OSError as error:
            _say(f"cannot run {command[0]}: {error.strerror}")
            return 1
        _say(f"the broker is process {broker.pid}")
        _wait(broker, signals, folder)
        _end(broker, signals)
        code = broker.returncode
        _say(f"the broker ended by signal {-code}" if code < 0 else f"the broker ended with {code}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # the usual case: it is gone already
    return 0


if __name__ == "__main__":
    sys.exit(main())
