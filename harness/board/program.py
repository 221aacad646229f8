"""Code that is running on a board: its output while it runs, its end, and Ctrl-C."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.deadline import Deadline
from harness.errors import DeviceException, LinkTimeout, RemoteProtocolError
from harness.wire.raw_repl import FRIENDLY_PROMPT
from harness.wire.raw_repl_event import Completed, Event, Output

if TYPE_CHECKING:
    from harness.board.repl import Repl

#: A program that floods: the newest is kept, what was dropped is counted.
MAX_OUTPUT_BYTES = 1024 * 1024

#: A program that catches `KeyboardInterrupt` gets it again after this long.
INTERRUPT_AGAIN_S = 0.5


class Program:
    """Code that is running on the board; its output comes while it runs."""

    def __init__(self, repl: Repl, source: str) -> None:
        """Made by `Repl.start`."""
        self._repl = repl
        self._source = source
        self._output = bytearray()
        #: How many bytes at the end of `_output` no `read` has returned yet.
        self._unread_bytes = 0
        #: How many bytes of output were dropped to keep within `MAX_OUTPUT_BYTES`.
        self.dropped_bytes = 0
        self._started_s = time.monotonic()
        self._completed: Completed | None = None
        self._lost: RemoteProtocolError | None = None

    @property
    def is_running(self) -> bool:
        """Whether its end may still be seen; not so once it has broken the protocol."""
        return self._completed is None and self._lost is None

    @property
    def output(self) -> bytes:
        """What it has printed so far; of a flood the last `MAX_OUTPUT_BYTES`."""
        return bytes(self._output)

    @property
    def error(self) -> DeviceException | None:
        """What it raised, once it has ended; None while it runs or when it raised nothing."""
        if self._completed is None or not self._completed.error.strip():
            return None
        return self._repl.exception(self._completed.error, self.output)

    def read(self, deadline: Deadline) -> bytes:
        """Return what it printed and `read` has not returned yet; empty when it has ended.

        Raises:
            LinkTimeout: It printed nothing and did not end in time.
        """
        while self.is_running and not self._unread_bytes:
            self._pump(deadline)
        # Some of it may have come with the board's word that it has taken the code.
        printed = bytes(self._output[len(self._output) - self._unread_bytes :])
        self._unread_bytes = 0
        return printed

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Write to its standard input; it has to read what is sent before its end."""
        self._repl.send_input(data, deadline)

    def interrupt(self, deadline: Deadline) -> None:
        """Send Ctrl-C and wait until it has ended; does nothing when it has.

        A program that catches `KeyboardInterrupt` gets Ctrl-C again each half second.

        Raises:
            LinkTimeout: It did not end in time.
        """
        if self._lost is not None:
            # Its end cannot be told from its output; a new prompt can.
            self._repl.enter(deadline)
        while self.is_running:
            self._repl.send_interrupt(deadline)
            slice_ = deadline.at_most(INTERRUPT_AGAIN_S)
            try:
                while self.is_running:
                    self._pump(slice_)
            except LinkTimeout:
                if deadline.is_expired:
                    raise
                if self._output.endswith(FRIENDLY_PROMPT):
                    self._lost = RemoteProtocolError(
                        "the code has reset the board, so its end cannot be seen",
                        on=self._repl.name,
                        received=self.output,
                    )
                    self._repl.enter(deadline)

    def wait(self, deadline: Deadline) -> bytes:
        """Wait for its end and return all that it printed.

        Raises:
            DeviceException: It raised.
            LinkTimeout: It did not end in time; it is still running.
            RemoteProtocolError: It printed what breaks the protocol.
        """
        while self.is_running:
            self._pump(deadline)
        error = self._lost or self.error
        if error is not None:
            raise error
        return self.output

    def _pump(self, deadline: Deadline) -> None:
        try:
            self.take(self._repl.pump(deadline))
        except RemoteProtocolError as error:
            self._lost = error
            raise

    def take(self, events: list[Event]) -> None:
        """Take note of what came."""
        printed = b"".join(event.data for event in events if isinstance(event, Output))
        self._output += printed
        excess = len(self._output) - MAX_OUTPUT_BYTES
        if excess > 0:
            del self._output[:excess]
            self.dropped_bytes += excess
        self._unread_bytes = min(self._unread_bytes + len(printed), len(self._output))
        for event in events:
            if isinstance(event, Completed):
                self._completed = event
                self._repl.note(self._source, self.output, self.error, self._started_s)
