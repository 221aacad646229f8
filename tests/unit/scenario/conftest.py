"""A board under test on a scripted REPL, with an observer and inputs that a test sets by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness.board.board import Board
from harness.board.profile import CODEY
from harness.deadline import Deadline
from harness.link.rig import BenchEvent, BenchState, InputValue, Rig
from harness.scenario.dut import BoardUnderTest, Redirection
from harness.scenario.running import RunningProgram
from harness.wire.device_value import encode_value
from harness.wire.probe_record import encode

if TYPE_CHECKING:
    from tests.unit.conftest import MakeWired, Ran, Wired

DARK = bytes(16)
BLACK = (0, 0, 0)


class Notebook:
    """Evidence that keeps what is written, kind by kind."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, dict[str, Any]]] = []

    def write(
        self, kind: str, *, test: str | None = None, board: str | None = None, **fields: object
    ) -> None:
        """Keep an entry."""
        self.entries.append((kind, {"board": board, **fields}))

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the fields of all entries of a kind."""
        return [fields for each, fields in self.entries if each == kind]


class HandBench:
    """An observer that sees what it is told to: the `Bench` of a rig without a board."""

    def __init__(self) -> None:
        self._columns = DARK
        self._led = BLACK
        self._events: list[BenchEvent] = []
        self._changed = threading.Condition()
        self.on_wait: Callable[[], None] = lambda: None

    def see(self, *, columns: bytes | None = None, led: tuple[int, int, int] | None = None) -> None:
        """Let panel or LED change."""
        with self._changed:
            if columns is not None:
                self._columns = columns
                self._note("panel", columns=columns)
            if led is not None:
                self._led = led
                self._note("led", led=led)
            self._changed.notify_all()

    def _note(self, what: str, **fields: Any) -> None:
        now_s = time.monotonic()
        self._events.append(BenchEvent(now_s, what, board_us=int(now_s * 1e6), **fields))

    def state(self, deadline: Deadline) -> BenchState:
        """Return what is seen now."""
        now_s = time.monotonic()
        return BenchState(now_s, self._columns, self._led, board_us=int(now_s * 1e6))

    def events(self) -> list[BenchEvent]:
        """Return all that was seen."""
        return list(self._events)

    def wait_event(self, seen: int, deadline: Deadline) -> int:
        """Wait for more events than `seen`."""
        self.on_wait()
        with self._changed:
            while len(self._events) <= seen:
                if not self._changed.wait(deadline.remaining_s) and deadline.is_expired:
                    return seen
            return len(self._events)

    def take(self) -> list[BenchEvent]:
        """Return the events, and forget them."""
        events, self._events = self._events, []
        return events


class HandInputs:
    """Inputs that keep what they were set to."""

    def __init__(self) -> None:
        self.set_to: dict[str, Any] = {}
        self.history: list[tuple[str, Any]] = []

    def set(self, name: str, value: InputValue, deadline: Deadline) -> float:
        """Keep it."""
        self.set_to[name] = value
        self.history.append((name, value))
        return 0.0

    def rest(self, deadline: Deadline) -> bool:
        """Forget it; return whether anything was set."""
        was_set = bool(self.set_to)
        self.set_to.clear()
        return was_set


@dataclass
class Shown:
    """What the probe's snapshot says, by source; None for a source that it leaves out."""

    commanded: tuple[bytes, tuple[int, int, int]] | None = (DARK, BLACK)
    device: tuple[bytes, tuple[int, int, int]] | None = (DARK, BLACK)

    def record(self) -> bytes:
        """Return the snapshot as the probe prints it."""
        views: dict[str, object] = {}
        for name in ("commanded", "device"):
            view = getattr(self, name)
            if view is not None:
                views[name] = {"px": view[0].hex(), "rgb": list(view[1]), "text": None}
        return encode("snapshot", 1, armed=True, **views)


@dataclass
class Hand:
    """A board under test and every hand on it.

    Attributes:
        dut: The board under test.
        shown: What its probe reports in a snapshot.
        bench: Its observer.
        inputs: Its inputs.
        notebook: The evidence.
        wired: The REPL and the board's side of it.
        ran: Says what code on the board does.
        programs: What code on the board does, by a word in it; other code does nothing.
    """

    dut: BoardUnderTest
    shown: Shown
    bench: HandBench
    inputs: HandInputs
    notebook: Notebook
    wired: Wired
    ran: type[Ran]
    programs: dict[str, Ran]

    def start(self, word: str, ran: Ran) -> RunningProgram:
        """Start a program that does this."""
        self.programs[word] = ran
        return self.dut.start(word)

    def pixels(self, columns: bytes) -> None:
        """Let the board answer so where its pixels are asked for one by one."""
        self.programs["get_pixel"] = self.ran(encode_value(columns.hex()))

    def report(self, kind: str, **fields: object) -> None:
        """Let the program's probe report an effect."""
        self.wired.link.feed(encode(kind, 1, **fields))


MakeHand = Callable[..., Hand]


@pytest.fixture
def make_hand(make_wired: MakeWired, ran: type[Ran]) -> MakeHand:
    """Return a function that makes a board under test; without its observer if asked so."""

    def make(*, has_bench: bool = True, has_inputs: bool = True) -> Hand:
        programs: dict[str, Ran] = {}
        shown = Shown()

        def run(source: str) -> Ran:
            if "hilprobe.snapshot()" in source:
                return ran(shown.record())
            return next((each for word, each in programs.items() if word in source), ran())

        wired = make_wired(run)
        bench, inputs, notebook = HandBench(), HandInputs(), Notebook()
        rig = Rig(
            wired.link,
            "virtual",
            "port:hand",
            bench=bench if has_bench else None,
            inputs=inputs if has_inputs else None,
        )
        board = Board("hand", rig, CODEY)
        board.repl.enter(Deadline.after(5.0))
        dut = BoardUnderTest(board, notebook, lambda _: Redirection({"*": ("127.0.0.1", 1883)}))
        return Hand(dut, shown, bench, inputs, notebook, wired, ran, programs)

    return make


@pytest.fixture
def hand(make_hand: MakeHand) -> Hand:
    """A board under test with all that a rig can have."""
    return make_hand()
