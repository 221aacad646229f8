"""A virtual board and a bare line to it: no REPL class of the harness between test and board."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import tty
from collections.abc import Callable, Iterator

import pytest

from harness.deadline import Deadline
from harness.link.virtual import (
    VirtualControl,
    VirtualProcess,
    VirtualSettings,
    find_control,
    start_virtual,
)

RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
LIMIT_S = 10.0


def soon() -> Deadline:
    """Return a deadline that only a broken board misses."""
    return Deadline.after(LIMIT_S)


class Line:
    """The client's end of the serial line."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
        # At once: the default discards what has come, which a board that resets when its port is
        # opened may have said already.
        tty.setraw(self.descriptor, termios.TCSANOW)
        self._received = bytearray()

    def write(self, data: bytes) -> None:
        """Send."""
        os.write(self.descriptor, data)

    def read_until(self, end: bytes) -> bytes:
        """Return what comes up to and with `end`; what is behind it stays."""
        deadline = soon()
        while (place := self._received.find(end)) < 0:
            ready, _, _ = select.select([self.descriptor], [], [], deadline.remaining_s)
            assert ready, f"waited for {end!r}, got {bytes(self._received[-300:])!r}"
            self._received += os.read(self.descriptor, 4096)
        text = bytes(self._received[: place + len(end)])
        del self._received[: place + len(end)]
        return text

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(OSError):
            os.close(self.descriptor)


class BareBoard:
    """A virtual board with its line and its control socket."""

    def __init__(self, process: VirtualProcess) -> None:
        self.process = process
        self.port = process.port
        self.line = Line(process.port)
        path = find_control(process.port)
        assert path is not None
        self.control = VirtualControl(path, soon())

    def enter_raw(self) -> None:
        """Interrupt whatever runs and enter the raw REPL."""
        self.line.write(b"\r\x03\x03\r\x01")
        self.line.read_until(RAW_PROMPT)

    def start(self, code: str) -> None:
        """Start a program in the raw REPL."""
        self.line.write(code.encode() + b"\x04")
        assert self.line.read_until(b"OK").endswith(b"OK")

    def finish(self) -> tuple[str, str]:
        """Return what the program printed, and its traceback."""
        answer = self.line.read_until(b"\x04>")
        output, traceback, _ = answer.split(b"\x04")
        return output.decode(), traceback.decode()

    def run(self, code: str) -> str:
        """Run a program in the raw REPL; return its output with bare newlines."""
        self.start(code)
        output, traceback = self.finish()
        assert not traceback, traceback
        return output.replace("\r\n", "\n")

    def close(self) -> None:
        """Give line and control back; the board goes on."""
        self.line.close()
        self.control.close()


MakeBoard = Callable[[VirtualSettings], BareBoard]


@pytest.fixture
def make_board() -> Iterator[MakeBoard]:
    """Return a function that starts boards, which end with the test."""
    with contextlib.ExitStack() as resources:

        def make(settings: VirtualSettings) -> BareBoard:
            process = start_virtual(settings, soon())
            resources.callback(process.close)
            board = BareBoard(process)
            resources.callback(board.close)
            return board

        yield make


@pytest.fixture
def fresh(make_board: MakeBoard) -> BareBoard:
    """Return a board that was just switched on."""
    return make_board(VirtualSettings())


@pytest.fixture
def bare(fresh: BareBoard) -> BareBoard:
    """Return a board in the raw REPL."""
    fresh.enter_raw()
    return fresh
