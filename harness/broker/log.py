"""A broker's log as it arrives: lines with the host's time, and waiting for one of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from harness.deadline import Deadline


@dataclass(frozen=True)
class LogLine:
    """One line of a broker's log.

    Attributes:
        at_s: When the harness read it, in seconds of `time.monotonic`.
        text: The line without its end; bytes that are not UTF-8 appear in hexadecimal.
    """

    at_s: float
    text: str


class BrokerLog:
    """All lines so far. One thread appends (`follow`), any thread reads and waits."""

    def __init__(self, on_line: Callable[[LogLine], None] | None = None) -> None:
        """Begin an empty log.

        Args:
            on_line: Called with each line, in the thread that reads the log.
        """
        self._on_line = on_line
        self._lines: list[LogLine] = []
        self._is_ended = False
        self._changed = threading.Condition()

    @property
    def mark(self) -> int:
        """How many lines there are."""
        with self._changed:
            return len(self._lines)

    @property
    def is_ended(self) -> bool:
        """Whether the one who writes it is gone, so that no more will come."""
        with self._changed:
            return self._is_ended

    def reopen(self) -> None:
        """Begin to follow another stream: what waits from now on does not end at once."""
        with self._changed:
            self._is_ended = False

    def follow(self, stream: IO[bytes]) -> None:
        """Append every line of `stream` until it ends, then close it. Runs in a thread of its own.

        Args:
            stream: What the broker writes.
        """
        try:
            with stream:
                for raw in stream:
                    text = raw.rstrip(b"\r\n").decode(errors="backslashreplace")
                    self._append(LogLine(time.monotonic(), text))
        finally:
            with self._changed:
                self._is_ended = True
                self._changed.notify_all()

    def _append(self, line: LogLine) -> None:
        with self._changed:
            self._lines.append(line)
            self._changed.notify_all()
        if self._on_line is not None:
            self._on_line(line)

    def since(self, mark: int = 0) -> tuple[LogLine, ...]:
        """Return the lines from number `mark` on, oldest first."""
        with self._changed:
            return tuple(self._lines[mark:])

    def wait(
        self, match: Callable[[str], bool], deadline: Deadline, *, mark: int = 0
    ) -> LogLine | None:
        """Wait for a line.

        Args:
            match: Says of a line's text whether it is the one.
            deadline: How long to wait.
            mark: Number of the first line to look at.

        Returns:
            The first line that matches; None when the deadline passed or the log ended first.
        """
        seen = mark
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    if match(line.text):
                        return line
                seen = max(seen, len(self._lines))
                if self._is_ended or deadline.is_expired:
                    return None
                self._changed.wait(deadline.remaining_s)

    def tail(self, count: int = 6, *, mark: int = 0) -> str:
        """Return the last `count` lines from `mark` on as one text, for an error message."""
        lines = self.since(mark)[-count:]
        return "\n".join(line.text for line in lines) or "an empty log"
