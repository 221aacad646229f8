"""The board of `hil bench deploy`, its throttled line, and the line's account of what crossed."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.board.deployer import Deployer
from harness.board.files import DeviceFiles
from harness.board.manifest import Manifest, PushFile, manifest_hash
from harness.board.push_program import Asked
from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import DeployError, DeviceException, LinkLost
from harness.link.serial import SerialPort, SerialSettings
from harness.link.tap import Tap
from harness.link.virtual import VirtualControl, VirtualSettings, find_control, start_virtual

BAUD = 115200
LATENCY_MS = 1.0
#: For anything on the board; the slowest job takes 8 s on a quiet machine.
ANSWER_S = 120.0


@dataclass(frozen=True)
class Span:
    """What a job took on the line.

    Attributes:
        seconds: From its first byte to its last.
        turns: How often somebody waited for an answer.
        line_bytes: What crossed, both ways.
    """

    seconds: float
    turns: int
    line_bytes: int

    def arithmetic_s(self) -> float:
        """Return what these bytes and turns take at least."""
        return self.line_bytes * 10 / BAUD + 2 * self.turns * LATENCY_MS / 1000


class Execs:
    """Counts pieces of code, as the REPL's observer."""

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0

    def on_exec(
        self, source: str, output: bytes, error: DeviceException | None, seconds: float
    ) -> None:
        """Count it."""
        del source, output, error, seconds
        self.count += 1


class Session:
    """Our side of the line, from open to close."""

    def __init__(self, tap: Tap) -> None:
        """Use an open port; nothing is sent yet."""
        self.execs = Execs()
        self.repl = Repl(tap, observer=self.execs)
        self.files = DeviceFiles(self.repl)
        self.deployer = Deployer(self.files, lambda: 0)

    def enter(self) -> None:
        """Enter the raw REPL."""
        self.repl.enter(Deadline.after(ANSWER_S))


class Stand:
    """A virtual board on a throttled line, for one user of its port after the other."""

    def __init__(self, micropython: str = "") -> None:
        """Start the board.

        Args:
            micropython: Path of an interpreter in place of the installed one.
        """
        self._resources = contextlib.ExitStack()
        with contextlib.ExitStack() as undo:
            # Its receive buffer has no limit: not every peer keeps to one, and on a machine that is
            # busy with something else this board reads later than a real one would.
            settings = VirtualSettings(
                name="bench",
                micropython=micropython,
                baud=BAUD,
                latency_ms=LATENCY_MS,
            )
            board = start_virtual(settings, Deadline.after(ANSWER_S))
            undo.callback(board.close)
            self.port = board.port
            path = find_control(board.port)
            if path is None:
                raise LinkLost("the virtual board ended right after its start", on=board.port)
            self._control = VirtualControl(path, Deadline.after(ANSWER_S))
            undo.callback(self._control.close)
            self._resources = undo.pop_all()

    def close(self) -> None:
        """End the board."""
        self._resources.close()

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """Open the port; afterwards the board is at the friendly prompt, as a peer expects it."""
        tap = Tap(lambda: SerialPort(self.port, SerialSettings(baud=BAUD)))
        with contextlib.closing(tap):
            session = Session(tap)
            yield session
            if session.repl.is_idle:
                session.repl.leave(Deadline.after(ANSWER_S))

    def refresh(self) -> None:
        """Reset the board: what the last user of its port has left in its heap is gone."""
        self._control.lines.hard_reset(Deadline.after(ANSWER_S))
        with self.session() as session:
            session.enter()

    def forget(self) -> None:
        """Begin the account anew, once nothing is under way."""
        self._settled()
        self._ask(forget=True)

    def span(self) -> Span:
        """Return the account since `forget`, once nothing is under way."""
        seen = self._settled()
        return Span(
            seconds=seen["last_s"] - seen["first_s"],
            turns=int(seen["turns"]),
            line_bytes=int(seen["down_bytes"] + seen["up_bytes"]),
        )

    def check(self, who: str, files: Mapping[str, bytes]) -> None:
        """Compare the digests that the board makes with those of what was to be pushed.

        Args:
            who: Pushed them.
            files: Path -> bytes.

        Raises:
            DeployError: One differs.
        """
        digests: dict[str, str | None] = {
            path: hashlib.sha256(data).hexdigest() for path, data in files.items()
        }
        asked = Asked(tuple(sorted(files)))
        with self.session() as session:
            session.enter()
            found = session.files.survey(asked, Deadline.after(ANSWER_S))
        if found.sha256 != manifest_hash(digests):
            raise DeployError(
                f"the board does not hold what {who} has pushed",
                on=self.port,
                expected=manifest_hash(digests),
                got=found.sha256,
            )

    def clear(self) -> None:
        """Remove all files from the root of the board."""
        with self.session() as session:
            session.enter()
            deadline = Deadline.after(ANSWER_S)
            entries = session.files.list("/", deadline)
            session.files.remove(
                [f"/{name}" for name, folder, _ in entries if not folder], deadline
            )

    def _settled(self) -> dict[str, float]:
        while (seen := self._ask(forget=False))["is_busy"]:
            pass
        return seen

    def _ask(self, *, forget: bool) -> dict[str, float]:
        seen: dict[str, float] = self._control.ask("line", Deadline.after(ANSWER_S), forget=forget)
        return seen


def manifest_of(files: Mapping[str, bytes]) -> Manifest:
    """Return a manifest for files by their path on the board."""
    return Manifest({path: PushFile(path, data, path) for path, data in files.items()})


def best(spans: list[Span]) -> Span:
    """Return the shortest: what the machine did besides can only lengthen one."""
    return min(spans, key=lambda span: span.seconds)
