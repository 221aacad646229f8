"""The board under test, as a scenario uses it: what fails here is the product, or the rig."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.board.board import Board
from harness.board.device_source import value_source
from harness.board.snapshot import SOURCES, Snapshot
from harness.deadline import Deadline
from harness.errors import DeviceException, HarnessError, LinkTimeout
from harness.link.rig import BenchEvent, BenchState
from harness.scenario.clock import clock_of
from harness.scenario.code_run import CodeRun, run_code
from harness.scenario.evidence import Evidence
from harness.scenario.running import RunningProgram, Seen, note_record
from harness.wire.probe_record import Record, RecordStream, Text
from harness.wire.raw_repl_event import Noise

#: For a call that does not wait for the network; an ESP32 takes some milliseconds.
EXEC_S = 15.0
RESET_S = 10.0

#: Kind of what stands among the records where a fresh interpreter began: panel and LED are dark.
RESTARTED = "restart"


@dataclass(frozen=True)
class Redirection:
    """What a program's own names stand for in the lab.

    Attributes:
        hosts: Host name in the program, or ``*`` for any -> address and port of the broker.
        wifi: Name and password of the lab's Wi-Fi, used whatever the program gives.
    """

    hosts: dict[str, tuple[str, int]] = field(default_factory=dict)
    wifi: tuple[str, str] | None = field(default=None, repr=False)


class BoardUnderTest:
    """One board during one test.

    Attributes:
        board: The handle that knows no verdicts; what fails there is the rig's fault.
        running: The program that runs now, None when the board is idle.
        records: What the probe has reported in this test, oldest first, and one of kind `RESTARTED`
            where a program has begun in a fresh interpreter.
        sources: Where evidence on display and LED is taken from, of those that there are.
        taken_s: Source -> the moment up to which expectations have taken what it saw of a panel or
            LED, on the source's clock; the key has ``panel`` or ``led`` too.
        first_seen: What the bench saw when the test began; None before the first one.
        clock: By which the records of the probe are judged.
    """

    def __init__(
        self,
        board: Board,
        evidence: Evidence,
        redirection: Callable[[Board], Redirection],
        *,
        has_records: bool = True,
    ) -> None:
        """Use a deployed board.

        Args:
            board: The board.
            evidence: Where what happens is noted.
            redirection: Asked when the probe is first armed: it may have to start a broker.
            has_records: Whether the probe reports effects; without, it redirects only.
        """
        self.board = board
        self.clock = clock_of(board.rig)
        self.running: RunningProgram | None = None
        self.records: list[Seen] = []
        self.sources = frozenset(SOURCES)
        self.taken_s: dict[tuple[str, str], float] = {}
        self.first_seen: BenchState | None = None
        self._last_seen: BenchState | None = None
        self._records_on = has_records
        self._idle_stream = RecordStream()
        self._evidence = evidence
        self._redirection = redirection
        self._is_armed = False
        #: Whether a program or a failure has left its traces on the interpreter.
        self.is_used = False
        self._has_run_code = False

    @property
    def name(self) -> str:
        """The board's name."""
        return self.board.name

    @property
    def has_records(self) -> bool:
        """Whether the probe reports effects, so that there is `commanded` evidence of the past."""
        return self._records_on and self.board.readback.has_probe

    @property
    def is_running(self) -> bool:
        """Whether a program runs, so that the board cannot be asked."""
        return self.running is not None and self.running.is_running

    def begin(self, sources: Iterable[str] = SOURCES) -> None:
        """Begin a test: forget what was seen.

        Args:
            sources: Where evidence is taken from.
        """
        self.sources = frozenset(sources)
        self.records.clear()
        self.taken_s.clear()
        bench = self.board.rig.bench
        # Of an idle board nothing is seen between two tests, and there is no need to ask again.
        if bench is not None and (bench.take() or self._last_seen is None):
            self._last_seen = bench.state(Deadline.after(EXEC_S))
        self.first_seen, self._last_seen = self._last_seen, None

    def end(self) -> list[BenchEvent]:
        """End a test, and the program that runs, and return what the bench has seen in it."""
        self.stop()
        bench = self.board.rig.bench
        if bench is None:
            return []
        # Whatever it has seen until now is told before it answers.
        self._last_seen = bench.state(Deadline.after(EXEC_S))
        return bench.take()

    def reset(self) -> None:
        """Give the board a fresh interpreter; ends a running program."""
        self.running = self._last_seen = None
        self.board.repl.places.pop("<stdin>", None)
        self.board.reset(Deadline.after(RESET_S))
        self._is_armed = False
        self.is_used = self._has_run_code = False

    def needs_reset(self) -> bool:
        """Return whether the next test should begin with a fresh interpreter.

        After a program, after a failure, and when code has imported the MQTT client or `event`:
        connections and handlers would outlive the test.
        """
        if self.is_used or not self.board.repl.is_idle:
            return True
        if not self._has_run_code:
            return False
        asked = "import sys;print('mqtt' in sys.modules or 'event' in sys.modules)"
        return b"True" in self.board.repl.exec(asked, Deadline.after(EXEC_S))

    def redirect(self, redirection: Callable[[Board], Redirection]) -> None:
        """Have the names in programs stand for something else, from the next code on.

        Args:
            redirection: As at the construction.
        """
        self._redirection = redirection
        self._is_armed = False

    def arm(self) -> None:
        """Make the probe report effects and redirect host names and Wi-Fi to the lab."""
        if self._is_armed or not self.board.readback.has_probe:
            return
        to = self._redirection(self.board)
        # Quiet: the Wi-Fi password of the lab is in it.
        self.board.repl.exec(
            f"import hilprobe;hilprobe.arm({self._records_on},{to.hosts!r},{to.wifi!r})",
            Deadline.after(EXEC_S),
            quiet=True,
        )
        self._is_armed = True

    def exec(self, source: str, within_s: float = EXEC_S) -> str:
        """Run product code to its end.

        Args:
            source: Python source.
            within_s: How long it may take.

        Returns:
            What it printed, without the probe's records, line ends as LF.

        Raises:
            ExpectationFailed: It raised, or it did not end in time and was interrupted.
        """
        return self._run(source, within_s).output()

    def exec_raises(self, source: str, type_name: str, within_s: float = EXEC_S) -> DeviceException:
        """Run product code that has to raise.

        Args:
            source: Python source.
            type_name: The exception's class on the board.
            within_s: How long it may take.

        Returns:
            What it raised.

        Raises:
            ExpectationFailed: It raised nothing, or something else.
        """
        return self._run(source, within_s).raised(type_name)

    def evaluate(self, expression: str, within_s: float = EXEC_S) -> object:
        """Return the value of an expression on the board.

        Values come as data, whatever else is printed meanwhile; `harness.wire.device_value` says
        which can be had.

        Raises:
            ExpectationFailed: It raised, or has no value of such a kind.
        """
        return self._run(value_source(expression), within_s).value_of(expression)

    def start(self, program: Path | str) -> RunningProgram:
        """Start a program as if it were the board's ``main.py``, in a fresh interpreter.

        Args:
            program: Path of its file, or its source.
        """
        source = program.read_text(encoding="utf-8") if isinstance(program, Path) else program
        self.reset()
        self.arm()
        self.is_used = True
        if isinstance(program, Path):
            self.board.repl.places["<stdin>"] = str(program)
        started_s, dark_s = time.monotonic(), self.clock.now_s()
        program_ = self.board.start(source, Deadline.after(EXEC_S))
        self.records.append(Seen(started_s, dark_s, Record(RESTARTED, 0)))
        self.running = RunningProgram(
            program_,
            self.name,
            started_s,
            self._keep_records,
            has_records=self.has_records,
        )
        return self.running

    def stop(self) -> None:
        """End the running program; does nothing when there is none."""
        if self.running is not None:
            self.running.stop()
            self.running = None

    def listen(self, deadline: Deadline) -> None:
        """Take what comes next from the board: of a running program, or of an idle board's timers.

        Returns when something has come, or when the deadline has passed.
        """
        # What a short program said may have come with the board's word that it has taken the code:
        # one that has ended already may have something left to tell.
        if self.running is not None and (self.running.pump(deadline) or self.is_running):
            return
        try:
            events = self.board.repl.pump(deadline)
        except LinkTimeout:
            return
        for event in events:
            if isinstance(event, Noise):
                self._keep(self._idle_stream.receive(event.data))

    def snapshots(self, within_s: float = EXEC_S) -> tuple[Snapshot, ...]:
        """Return what the idle board shows, one entry a source, and note it as evidence."""
        if self.running is not None and not self.running.is_running:
            self.stop()
        if self.running is not None:
            raise HarnessError(
                "a snapshot was asked for while a program runs",
                on=self.name,
                expected="an idle board",
                advice="stop the program first, or use what it reports",
            )
        found = self.board.snapshots(Deadline.after(within_s))
        self.note(found)
        return found

    def note(self, snapshots: Sequence[Snapshot]) -> None:
        """Write snapshots into the evidence."""
        for snapshot in snapshots:
            self._evidence.write("snapshot", board=self.name, **snapshot.as_json())

    def _run(self, source: str, within_s: float) -> CodeRun:
        self.arm()
        self._has_run_code = True
        return run_code(self.board, source, within_s, self._keep)

    def _keep(self, items: list[Text | Record]) -> bytes:
        """Keep records that have just come, and return the text between them."""
        self._keep_records([item for item in items if isinstance(item, Record)])
        return b"".join(item.data for item in items if isinstance(item, Text))

    def _keep_records(self, records: list[Record]) -> list[Seen]:
        seen = self.clock.stamped(records)
        self.records += seen
        for record in records:
            note_record(record, self.name, self._evidence)
        return seen
