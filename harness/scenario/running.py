"""A program that runs on the board: its text and its records, and waiting for either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.board.program import Program
from harness.deadline import Deadline
from harness.errors import DeviceException, ExpectationFailed, HarnessError, LinkTimeout
from harness.scenario.evidence import Evidence
from harness.wire.probe_record import Record, RecordStream, Text

#: How long a program may take to end after Ctrl-C: an MQTT call may be in the middle of a packet.
STOP_S = 12.0


#: A program that floods: the newest text is kept.
MAX_TEXT_BYTES = 256 * 1024


@dataclass(frozen=True)
class Seen:
    """A record of the probe.

    Attributes:
        at_s: When it reached the host, in seconds of its monotonic clock.
        made_s: When it was made, on the clock by which the board is judged (`clock`). Settled when
            it came: the board's ticks mean something else after a hard reset.
        record: What it says.
    """

    at_s: float
    made_s: float
    record: Record


class RunningProgram:
    """A user's program on the board.

    Attributes:
        records: What the probe has reported so far, oldest first.
    """

    def __init__(
        self,
        program: Program,
        board: str,
        started_s: float,
        keep: Callable[[list[Record]], list[Seen]],
        *,
        has_records: bool = True,
    ) -> None:
        """Take over a program that `Board.start` started.

        Args:
            program: The program.
            board: Name of the board, for messages.
            started_s: When it was sent, in seconds of the host's monotonic clock.
            keep: Notes records that have just come, and says when they were made.
            has_records: Whether the probe reports effects.
        """
        self._has_records = has_records
        self._keep_records = keep
        self.started_s = started_s
        self._program = program
        self._board = board
        self._stream = RecordStream()
        self._text = bytearray()
        #: How many bytes of text were dropped to keep within `MAX_TEXT_BYTES`.
        self.dropped_bytes = 0
        self.records: list[Seen] = []

    @property
    def text(self) -> str:
        """What it printed itself, without the probe's records, line ends as LF.

        Of a flood the last `MAX_TEXT_BYTES`.
        """
        return self._text.decode("utf-8", "replace").replace("\r\n", "\n")

    @property
    def is_running(self) -> bool:
        """Whether its end has not been seen yet."""
        return self._program.is_running

    @property
    def error(self) -> DeviceException | None:
        """What it raised, once it has ended."""
        return self._program.error

    def pump(self, deadline: Deadline) -> bool:
        """Take what it prints next.

        Returns:
            False when it has ended or the deadline has passed with nothing new.
        """
        try:
            printed = self._program.read(deadline)
        except LinkTimeout:
            return False
        self._take(printed)
        return bool(printed)

    def wait_until(self, holds: Callable[[], bool], deadline: Deadline) -> bool:
        """Take what it prints until a condition on `records` or `text` holds.

        Returns:
            Whether it holds: False when the program ended or the deadline passed before.
        """
        while not holds():
            if not self.pump(deadline) and (not self.is_running or deadline.is_expired):
                return holds()
        return True

    def expect_record(
        self, says: str, holds: Callable[[Record], bool], within_s: float, *, after: int = 0
    ) -> Seen:
        """Wait for a record.

        Args:
            says: What is expected, in words.
            holds: Whether a record is the one.
            within_s: How long to wait.
            after: How many of `records` to pass over.

        Raises:
            ExpectationFailed: It did not come, or the program ended before.
            HarnessError: It did not come, and the probe reports no effects.
        """
        found: list[Seen] = []

        def arrived() -> bool:
            found[:] = [seen for seen in self.records[after:] if holds(seen.record)]
            return bool(found)

        if not self.wait_until(arrived, Deadline.after(within_s)):
            if not self._has_records:
                raise HarnessError(
                    f"nobody can tell whether the program did {says}",
                    on=self._board,
                    expected="records of the probe, which are off",
                    advice='@pytest.mark.needs("records") skips the test then',
                )
            raise self._missing(f"the program did not report {says} within {within_s:g} s")
        return found[0]

    def expect_text(self, text: str, within_s: float, *, count: int = 1) -> None:
        """Wait until the program has printed a text, `count` times.

        Raises:
            ExpectationFailed: It has not, in time.
        """
        if not self.wait_until(lambda: self.text.count(text) >= count, Deadline.after(within_s)):
            times = f"{count} times " if count > 1 else ""
            raise self._missing(f"the program did not print {text!r} {times}within {within_s:g} s")

    def expect_end(self, within_s: float) -> DeviceException | None:
        """Wait for its end and return what it raised, None when nothing.

        Raises:
            ExpectationFailed: It still runs.
        """
        deadline = Deadline.after(within_s)
        while self.is_running and not deadline.is_expired:
            self.pump(deadline)
        if self.is_running:
            raise self._missing(f"the program did not end within {within_s:g} s")
        self._finish()
        return self.error

    def stop(self, within_s: float = STOP_S) -> None:
        """End it with Ctrl-C; does nothing when it has ended.

        Raises:
            LinkTimeout: It did not end: the board hangs.
        """
        self._program.interrupt(Deadline.after(within_s))
        self._finish()

    def _take(self, printed: bytes) -> None:
        self._keep(self._stream.receive(printed))

    def _finish(self) -> None:
        """Take the last words of a program that has ended: all of a short one's may be there."""
        self._take(self._program.read(Deadline.after(0)))
        self._keep(self._stream.flush())

    def _keep(self, items: list[Text | Record]) -> None:
        self.records += self._keep_records([item for item in items if isinstance(item, Record)])
        for item in items:
            if isinstance(item, Text):
                self._text += item.data
                excess = len(self._text) - MAX_TEXT_BYTES
                if excess > 0:
                    del self._text[:excess]
                    self.dropped_bytes += excess

    def _missing(self, tried: str) -> ExpectationFailed:
        error = self.error
        ended = "it had ended" if error is None else f"it had raised {error.type_name}"
        state = "it is still running" if self.is_running else ended
        return ExpectationFailed(
            tried,
            on=self._board,
            got=f"{state}; it printed {self.text[-200:]!r}",
            advice="" if error is None else error.got,
        )


def note_record(record: Record, board: str, evidence: Evidence) -> None:
    """Write a record of the probe into the evidence."""
    taken = ("kind", "test", "board", "what", "ticks_ms")
    fields: dict[str, Any] = {
        key: value for key, value in record.fields.items() if key not in taken
    }
    evidence.write("record", board=board, what=record.kind, ticks_ms=record.ticks_ms, **fields)
