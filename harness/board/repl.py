"""The raw REPL over a link: run code on the board, with a deadline on every operation."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator, Mapping
from typing import Protocol

from harness.board.program import Program
from harness.board.traceback import parse_traceback
from harness.deadline import Deadline
from harness.errors import (
    DeviceException,
    LinkTimeout,
    RemoteProtocolError,
)
from harness.link.rig import Link
from harness.wire.raw_repl import RawRepl
from harness.wire.raw_repl_event import Accepted, Entered, Event, Left, Rebooted, State

READ_BYTES = 4096

#: A board that is booting swallows what it is sent; an ESP32 needs about half a second.
ENTER_RETRY_S = 0.6

#: After more than one try a second banner may be under way: it must not be taken for an answer.
ENTER_SETTLE_S = 0.05

#: Plain raw mode has no flow control: 256 bytes take 22 ms at 115200 baud.
PLAIN_PACE_S = 0.025

#: How much of what came is kept for an error message.
KEPT_BYTES = 400


class ReplObserver(Protocol):
    """Is told of each piece of code that ended; writes the evidence."""

    def on_exec(
        self, source: str, output: bytes, error: DeviceException | None, seconds: float
    ) -> None:
        """Take note of one run of `source`."""
        ...


class Repl:
    """One connection to a board's raw REPL, held for as long as the board is used."""

    def __init__(
        self,
        link: Link,
        *,
        observer: ReplObserver | None = None,
        places: Mapping[str, str] | None = None,
    ) -> None:
        """Take over a link; nothing is sent yet.

        Args:
            link: An open byte pipe.
            observer: Is told of each piece of code that ended.
            places: Path on the board -> path in the repository, for tracebacks.
        """
        self._link = link
        self._machine = RawRepl()
        self._recent = bytearray()
        self.observer = observer
        self.places: dict[str, str] = dict(places or {})

    @property
    def name(self) -> str:
        """What messages call the port."""
        return self._link.name

    @property
    def has_raw_paste(self) -> bool:
        """Whether code goes by raw paste; known after the first piece of code."""
        return self._machine.has_raw_paste

    @property
    def is_idle(self) -> bool:
        """Whether the board is at the raw prompt, so that code can be run."""
        return self._machine.state is State.READY

    def enter(self, deadline: Deadline) -> None:
        """Get the raw prompt, interrupting what runs.

        Raises:
            LinkTimeout: The board did not answer as a MicroPython REPL does.
        """
        tries = 0
        self._recent.clear()
        while True:
            self._machine.enter()
            tries += 1
            try:
                self._until(Entered, deadline.at_most(ENTER_RETRY_S), "enter the raw REPL")
            except LinkTimeout as error:
                if deadline.is_expired:
                    raise self._no_repl(deadline, error) from error
                continue
            if tries > 1:
                self._settle(deadline)
            return

    def exec(
        self, source: str, deadline: Deadline, *, paste: bool = True, quiet: bool = False
    ) -> bytes:
        """Run code to its end.

        Args:
            source: Python source.
            deadline: By when it must have ended. If it has not, it is still running.
            paste: False asks for plain raw mode.
            quiet: True keeps it out of the evidence: it holds a secret.

        Returns:
            What it printed, with the board's CR LF line ends.

        Raises:
            DeviceException: It raised.
            LinkTimeout: It did not end in time.
        """
        program = self.start(source, deadline, paste=paste, quiet=quiet)
        return program.wait(deadline)

    def evaluate(self, expression: str, deadline: Deadline) -> object:
        """Return the value of an expression, for values whose `repr` is a Python literal."""
        # A tuple is printed piece by piece; the `repr` of a long value would have to fit into the
        # board's heap in one piece.
        printed = self.exec(f"print(({expression},))", deadline)
        try:
            (value,) = ast.literal_eval(printed.decode("utf-8").strip())
        except (TypeError, ValueError, SyntaxError) as error:
            raise RemoteProtocolError(
                f"the value of {expression!r} is no literal", on=self.name, received=printed
            ) from error
        return value

    def start(
        self, source: str, deadline: Deadline, *, paste: bool = True, quiet: bool = False
    ) -> Program:
        """Send code and return once the board has taken all of it; it may still run then.

        Raises:
            LinkTimeout: The board did not take it in time.
        """
        program = Program(self, "(not shown)" if quiet else source)
        self._recent.clear()
        self._machine.submit(source.encode("utf-8"), paste=paste)
        pending = list(self._events_until(Accepted, deadline, "send code to the board"))
        program.take(pending)
        return program

    def send_interrupt(self, deadline: Deadline) -> None:
        """Send Ctrl-C and do not wait."""
        self._machine.interrupt()
        self._link.write(self._machine.data_to_send(), deadline)

    def soft_reset(self, deadline: Deadline) -> None:
        """Reset the interpreter: ``boot.py`` runs, ``main.py`` does not; ends at the raw prompt."""
        self._machine.soft_reset()
        self._until(Rebooted, deadline, "soft reset the board")

    def leave(self, deadline: Deadline) -> None:
        """Go to the friendly prompt, as a person expects to find it."""
        self._machine.leave()
        self._until(Left, deadline, "leave the raw REPL")

    # What Program needs.

    def pump(self, deadline: Deadline) -> list[Event]:
        """Exchange bytes once: send what may be sent, wait for what comes, return its meaning."""
        if deadline.is_expired:
            # A board that floods always has bytes ready: the wait alone would never end.
            raise self._late(deadline)
        data = self._machine.data_to_send()
        if data:
            self._link.write(data, deadline)
        paced = deadline.at_most(PLAIN_PACE_S) if self._machine.wants_to_send else deadline
        try:
            came = self._link.read(READ_BYTES, paced)
        except LinkTimeout as error:
            if deadline.is_expired:
                raise self._late(deadline) from error
            return []
        self._recent += came
        del self._recent[:-KEPT_BYTES]
        return self._machine.receive(came)

    def exception(self, error: bytes, output: bytes) -> DeviceException:
        """Return what a traceback means, its lines mapped to the repository's files."""
        return parse_traceback(error, output=output, on=self.name, places=self.places)

    def note(
        self, source: str, output: bytes, error: DeviceException | None, started_s: float
    ) -> None:
        """Tell the observer that a piece of code has ended."""
        if self.observer is not None:
            self.observer.on_exec(source, output, error, time.monotonic() - started_s)

    def _events_until(self, kind: type[Event], deadline: Deadline, tried: str) -> Iterator[Event]:
        while True:
            try:
                events = self.pump(deadline)
            except LinkTimeout as error:
                raise LinkTimeout(
                    f"could not {tried} within {deadline.total_s:g} s",
                    on=self.name,
                    expected=kind.__name__.lower(),
                    received=bytes(self._recent),
                    advice="hil doctor; a board that hangs needs a reset",
                ) from error
            yield from events
            if any(isinstance(event, kind) for event in events):
                return

    def _until(self, kind: type[Event], deadline: Deadline, tried: str) -> None:
        for _ in self._events_until(kind, deadline, tried):
            pass

    def _late(self, deadline: Deadline) -> LinkTimeout:
        return LinkTimeout(
            f"the board was not done within {deadline.total_s:g} s",
            on=self.name,
            expected="its answer, or the end of the code that it runs",
            received=bytes(self._recent),
        )

    def _settle(self, deadline: Deadline) -> None:
        """Read until the line is silent for a moment; see `ENTER_SETTLE_S`."""
        while not deadline.is_expired:
            try:
                self.pump(deadline.at_most(ENTER_SETTLE_S))
            except LinkTimeout:
                return

    def _no_repl(self, deadline: Deadline, error: LinkTimeout) -> LinkTimeout:
        received = error.received
        sent = b"\r\x03\x03\r\x01"
        if not received:
            said = "the port is silent"
            advice = (
                "is the board powered, is it another port or baud? "
                "a program that ignores Ctrl-C needs a reset"
            )
        elif not received.replace(sent, b"").strip(sent):
            said, advice = "the port echoes what is sent", "this is no board but a loop-back"
        else:
            said = "the board does not answer as a MicroPython REPL"
            advice = "a program that ignores Ctrl-C, or a firmware without REPL: reset the board"
        return LinkTimeout(
            f"{said}: no raw prompt within {deadline.total_s:g} s",
            on=self.name,
            expected="b'raw REPL; CTRL-B to exit'",
            received=received,
            advice=advice,
        )
