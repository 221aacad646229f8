"""Product code that runs to its end: what it printed, what it raised, and who is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.board.board import Board
from harness.board.program import MAX_OUTPUT_BYTES
from harness.deadline import Deadline
from harness.errors import (
    DeviceException,
    ExpectationFailed,
    LinkTimeout,
    RemoteProtocolError,
)
from harness.wire.device_value import find_value
from harness.wire.probe_record import Record, RecordStream, Text

#: To begin, and to end when it is interrupted.
BEGIN_S = 15.0
INTERRUPT_S = 10.0


@dataclass(frozen=True)
class CodeRun:
    """How a piece of code has ended.

    Attributes:
        board: Name of the board.
        source: What ran.
        error: What it raised; None when it came to its end.
        text: What it printed, without the probe's records, line ends as LF.
    """

    board: str
    source: str
    error: DeviceException | None
    text: str

    def output(self) -> str:
        """Return what it printed.

        Raises:
            ExpectationFailed: It raised.
        """
        if self.error is not None:
            raise ExpectationFailed(
                f"the code on the board raised {self.error.type_name}",
                on=self.board,
                expected="no exception",
                got=self.error.got + _where(self.error),
                advice=_last_line(self.source),
            ) from self.error
        return self.text

    def raised(self, type_name: str) -> DeviceException:
        """Return what it raised.

        Args:
            type_name: The exception's class on the board.

        Raises:
            ExpectationFailed: It raised nothing, or something else.
        """
        error = self.error
        if error is None or error.type_name != type_name:
            got = f"no exception; it printed {self.text[-200:]!r}" if error is None else error.got
            raise ExpectationFailed(
                f"the code on the board did not raise {type_name}",
                on=self.board,
                expected=type_name,
                got=got,
                advice=_last_line(self.source),
            ) from error
        return error

    def value_of(self, expression: str) -> object:
        """Return the value of an expression that it has printed.

        Raises:
            ExpectationFailed: It raised, or the expression has no value of such a kind.
        """
        text = self.output()
        try:
            found = find_value(text.encode())
        except RemoteProtocolError as error:
            raise ExpectationFailed(
                f"the value of {expression} on the board is not one that can be sent",
                on=self.board,
                expected=error.expected,
                got=error.got,
            ) from error
        if found is None:
            raise ExpectationFailed(
                f"the board gave no value of {expression}", on=self.board, got=repr(text[-200:])
            )
        return found[0]


def run_code(
    board: Board, source: str, within_s: float, keep: Callable[[list[Text | Record]], bytes]
) -> CodeRun:
    """Run code to its end.

    Args:
        board: Where.
        source: The code.
        within_s: How long it may take.
        keep: Takes what the board said, and returns the text in it.

    Raises:
        ExpectationFailed: It did not end in time and was interrupted.
    """
    program = board.start(source, Deadline.after(BEGIN_S))
    error: DeviceException | None = None
    deadline = Deadline.after(within_s)
    text = bytearray()
    stream = RecordStream()
    try:
        while program.is_running:
            text += keep(stream.receive(program.read(deadline)))
            del text[:-MAX_OUTPUT_BYTES]
        program.wait(deadline)
    except DeviceException as raised:
        error = raised
    except LinkTimeout as late:
        if not deadline.is_expired:
            raise
        program.interrupt(Deadline.after(INTERRUPT_S))
        raise ExpectationFailed(
            f"the code on the board did not end within {within_s:g} s",
            on=board.name,
            expected="its end",
            got=program.output[-200:].decode("utf-8", "replace"),
            advice=_last_line(source),
        ) from late
    text += keep(stream.receive(program.read(deadline)) + stream.flush())
    printed = text.decode("utf-8", "replace").replace("\r\n", "\n")
    return CodeRun(board.name, source, error, printed)


def _where(error: DeviceException) -> str:
    return "".join(f"\n{frame.file}:{frame.line} in {frame.function}" for frame in error.frames)


def _last_line(source: str) -> str:
    lines = source.strip().splitlines()
    return f"the code was: {lines[-1].strip()}" if lines else ""
