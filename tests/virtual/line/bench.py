"""A virtual board with a fault, what is done to it, and how that ended."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.board.board import Board
from harness.board.manifest import Manifest, PushFile
from harness.board.profile import CODEY
from harness.deadline import Deadline
from harness.errors import HarnessError
from harness.lab.opened import OpenedBoard, open_board
from harness.link.spec import parse_specs
from harness.link.virtual import (
    Fault,
    VirtualControl,
    VirtualSettings,
    find_control,
    parse_fault,
    start_virtual,
)
from harness.scenario.verdict import exit_of
from tests.virtual.fault.command import Commands

#: A board that does not answer is given up after this.
OPEN_S = 3.0
#: What one action on an open board may take, and its end on a machine that is busy.
ACT_S = 6.0

_CHANCE = random.Random(38)  # noqa: S311, test data
KEPT = "/kept.bin"
DATA = _CHANCE.randbytes(6000)
FILES = {
    "/m/random.bin": _CHANCE.randbytes(4000),
    "/m/text.py": b"".join(b"def f%d(x):\n    return x + %d\n" % (n, n) for n in range(150)),
    "/m/short.py": b"x = 1\n",
}
OLD = {"/m/text.py": b"old = True\n"}
MANIFEST = Manifest({path: PushFile(path, data, path) for path, data in FILES.items()})

#: Too long for plain raw mode, so that it goes by raw paste where there is one.
CODE = f"# {'x' * 600}\nfor i in range(200): print(i, i * i)\n"
PRINTED = "".join(f"{i} {i * i}\r\n" for i in range(200)).encode()

SUITE = """
    def test_one(board):
        assert board.exec("print(6 * 7)") == "42\\n"

    def test_two(board):
        board.start("for i in range(50): print('line', i)").expect_text("line 49", 10)
"""


@dataclass(frozen=True)
class End:
    """How an action ended.

    Attributes:
        name: ``right``, ``other`` for an answer that is none of the right one, or the error's type.
        code: The exit code that it stands for.
        seconds: How long it took.
        text: What the error said.
    """

    name: str
    code: int
    seconds: float
    text: str = ""


class Bench:
    """One virtual board, sound at first."""

    def __init__(self, settings: VirtualSettings) -> None:
        """Start it, and put files on it."""
        with contextlib.ExitStack() as resources:
            process = start_virtual(settings, soon())
            resources.callback(process.close)
            socket = find_control(process.port)
            assert socket is not None
            self.control = VirtualControl(socket, soon())
            resources.callback(self.control.close)
            self._resources = resources.pop_all()
        with self.opened() as board:
            board.files.write(KEPT, DATA, soon())
            for path, data in OLD.items():
                board.files.write(path, data, soon())

    def close(self) -> None:
        """End it."""
        self._resources.close()

    @property
    def port(self) -> str:
        """Where it is now, waited for while it is away."""
        deadline = soon()
        while not (port := str(self.control.ask("identity", deadline)["port"])):
            assert not deadline.is_expired
        return port

    def break_by(self, text: str) -> None:
        """Give it a fault, from its next boot on."""
        self.control.set_fault(parse_fault(text), soon())
        self.power_cycle()

    def heal(self) -> None:
        """Take the fault away; what it has left stays."""
        self.control.set_fault(Fault(), soon())

    def power_cycle(self) -> None:
        """Switch it off and on."""
        self.control.power.off(soon())
        self.control.power.on(soon())

    @contextlib.contextmanager
    def opened(self, timeout_s: float = 20.0) -> Iterator[Board]:
        """Open the board."""
        with contextlib.closing(self._open(timeout_s)) as opened:
            yield opened.board

    def _open(self, timeout_s: float) -> OpenedBoard:
        return open_board(parse_specs(f"port:{self.port}")[0], CODEY, timeout_s=timeout_s)

    def do(self, action: str, hil: Commands) -> End:
        """Do it and tell how it ended."""
        started_s = time.monotonic()
        if action == "run":
            done = hil.run("run", hil.scenario(SUITE), "--board", f"port:{self.port}", limit_s=90)
            name = {0: "right", 10: "blocked"}.get(done.code, "other")
            return End(name, done.code, done.seconds, done.out[-1500:] + done.err[-500:])
        try:
            with contextlib.closing(self._open(OPEN_S)) as opened:
                is_right = ACTIONS[action](opened)
        except HarnessError as error:
            seconds = time.monotonic() - started_s
            return End(type(error).__name__, exit_of(error), seconds, str(error))
        return End("right" if is_right else "other", 0, time.monotonic() - started_s)

    def contents(self) -> dict[str, bytes]:
        """Return the files that lie on the board, as a sound line tells."""
        with self.opened() as board:
            found = {
                f"{folder}/{name}"
                for folder in ("", "/m")
                for name, is_folder, _ in board.files.list(folder or "/", soon())
                if not is_folder
            }
            return {path: board.files.read(path, soon()) for path in found}


def soon() -> Deadline:
    """Return a deadline that only a broken board misses."""
    return Deadline.after(20.0)


def _exec(opened: OpenedBoard) -> bool:
    return opened.board.exec(CODE, Deadline.after(ACT_S)) == PRINTED


def _push(opened: OpenedBoard) -> bool:
    return opened.deploy(MANIFEST).manifest == MANIFEST.sha256


def _read(opened: OpenedBoard) -> bool:
    return opened.board.files.read(KEPT, Deadline.after(ACT_S)) == DATA


ACTIONS: dict[str, Callable[[OpenedBoard], bool]] = {
    "connect": lambda opened: bool(opened.identity.id),
    "exec": _exec,
    "push": _push,
    "read": _read,
}
