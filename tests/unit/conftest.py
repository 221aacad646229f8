"""The board's side of a raw REPL on a loopback link, for the units that talk to a board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness.board.repl import Repl, ReplObserver
from harness.deadline import Deadline
from harness.link.loopback import Loopback, Silence

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
FRIENDLY = b'\r\nMicroPython v1.28\r\nType "help()" for more information.\r\n>>> '
INTERRUPTED = b"Traceback (most recent call last):\r\nKeyboardInterrupt: \r\n"


@dataclass(frozen=True)
class Ran:
    """What code on the board does: prints, raises, and perhaps does not end before Ctrl-C."""

    output: bytes = b""
    error: bytes = b""
    is_endless: bool = False


class BoardSide(Silence):
    """A board's raw REPL, as `pyexec.c` of MicroPython speaks it, whose programs are Python calls.

    Attributes:
        sources: The code that was run.
        writes: What was written, one entry a write.
        catches: How many times running code catches Ctrl-C.
        deaf: How many tries to enter the raw REPL it misses, as a board that boots does.
    """

    def __init__(
        self,
        run: Callable[[str], Ran] = lambda _: Ran(),
        *,
        paste: bytes = b"R\x01",
        window: int = 32,
    ) -> None:
        self._run = run
        self._paste = paste
        self._window = window
        self._line = bytearray()
        self._state = "friendly"
        self._credit = 0
        self.sources: list[str] = []
        self.writes: list[bytes] = []
        self.catches = 0
        self.deaf = 0

    def answer(self, data: bytes) -> bytes:
        """Take bytes in the state that the board is in."""
        self.writes.append(data)
        return b"".join(getattr(self, f"_{self._state}")(data[i : i + 1]) for i in range(len(data)))

    def _friendly(self, byte: bytes) -> bytes:
        if byte == b"\x01":
            if self.deaf:
                self.deaf -= 1
                return b""
            self._state = "raw"
            self._line.clear()
            return b"\r\n" + BANNER
        return b"\r\n>>> " if byte == b"\x03" else b""

    def _raw(self, byte: bytes) -> bytes:
        if byte == b"\x01":
            return self._answer_to_ctrl_a()
        if byte == b"\x02":
            self._state = "friendly"
            return FRIENDLY
        if byte == b"\x03":
            self._line.clear()
        elif byte == b"\x04":
            if not self._line:
                return b"OK\r\nMPY: soft reboot\r\n" + BANNER
            return b"OK" + self._execute()
        elif byte != b"\r":
            self._line += byte
        return b""

    def _answer_to_ctrl_a(self) -> bytes:
        """Return the prompt again, or the answer to the question for raw paste."""
        asked = self._line == b"\x05A"
        self._line.clear()
        if not asked:
            return BANNER
        if self._paste != b"R\x01":
            return self._paste
        self._state = "pasting"
        self._credit = self._window
        return b"R\x01" + self._window.to_bytes(2, "little")

    def _pasting(self, byte: bytes) -> bytes:
        if byte == b"\x04":
            return b"\x04" + self._execute()
        self._line += byte
        self._credit -= 1
        assert self._credit >= 0, "more was sent than the window permits"
        if self._credit:
            return b""
        self._credit = self._window
        return b"\x01"

    def _execute(self) -> bytes:
        source = self._line.decode()
        self._line.clear()
        self.sources.append(source)
        ran = self._run(source)
        if ran.is_endless:
            self._state = "running"
            return ran.output
        self._state = "raw"
        return ran.output + b"\x04" + ran.error + b"\x04>"

    def _running(self, byte: bytes) -> bytes:
        if byte != b"\x03":
            return b""
        if self.catches:
            self.catches -= 1
            return b"caught\r\n"
        self._state = "raw"
        return b"\x04" + INTERRUPTED + b"\x04>"


@dataclass(frozen=True)
class Wired:
    """A REPL on a loopback link, and the board at its far side."""

    repl: Repl
    side: BoardSide
    link: Loopback


MakeWired = Callable[..., Wired]


@pytest.fixture
def make_wired() -> MakeWired:
    """Return a function that connects a `Repl`, at the raw prompt, to a `BoardSide`."""

    def make(
        run: Callable[[str], Ran] = lambda _: Ran(),
        *,
        enter: bool = True,
        piece_bytes: int = 4096,
        observer: ReplObserver | None = None,
        paste: bytes = b"R\x01",
    ) -> Wired:
        side = BoardSide(run, paste=paste)
        link = Loopback(side, piece_bytes=piece_bytes)
        repl = Repl(link, observer=observer)
        if enter:
            repl.enter(Deadline.after(5.0))
        return Wired(repl, side, link)

    return make


@pytest.fixture
def ran() -> type[Ran]:
    """Return `Ran`, to say what code on the board does."""
    return Ran
