"""Everything that a scripted broker has seen and said, with the time, and waiting for more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from harness.broker.scripted_step import End, Expect
from harness.deadline import Deadline
from harness.wire.mqtt_event import Violation
from harness.wire.mqtt_packet import Packet


@dataclass(frozen=True)
class Bytes:
    """Bytes as one call read or wrote them.

    Attributes:
        at_s: When, in seconds of `time.monotonic`.
        connection: Which one, from 0.
        is_received: True for client to broker.
        data: The bytes.
    """

    at_s: float
    connection: int
    is_received: bool
    data: bytes


@dataclass(frozen=True)
class WirePacket:
    """One packet, or what was to be one.

    Attributes:
        at_s: When its last byte was read or written, in seconds of `time.monotonic`.
        connection: Which one, from 0.
        is_received: True for client to broker.
        packet: None where the bytes are no packet.
        data: The bytes that are no packet; empty otherwise.
        violations: What the client broke by sending it.
    """

    at_s: float
    connection: int
    is_received: bool
    packet: Packet | None
    data: bytes = b""
    violations: tuple[Violation, ...] = ()

    def __str__(self) -> str:
        """Return it as a line for an error message."""
        way = "from" if self.is_received else "to"
        what = self.packet if self.packet is not None else f"no packet: {self.data[:40]!r}"
        return f"#{self.connection} {way} the client: {what}"


@dataclass(frozen=True)
class Ended:
    """One side of a connection has closed.

    Attributes:
        at_s: When, in seconds of `time.monotonic`.
        connection: Which one, from 0.
        by_client: Which side.
        how: FIN or RST.
    """

    at_s: float
    connection: int
    by_client: bool
    how: End


#: Which packet: its name, what a script would expect, or a function.
Match = str | Expect | Callable[[WirePacket], bool]
_Item = TypeVar("_Item")


def as_test(match: Match) -> Callable[[WirePacket], bool]:
    """Return a match as a function. Names and `Expect` look at packets from the client only."""
    if isinstance(match, str):
        match = Expect(match)
    if isinstance(match, Expect):
        expect = match
        return lambda each: each.is_received and expect.matches(each.packet)
    return match


class Record:
    """The broker's thread appends, any thread reads and waits."""

    def __init__(self) -> None:
        """Begin empty."""
        self._changed = threading.Condition()
        self._bytes: list[Bytes] = []
        self._packets: list[WirePacket] = []
        self._ends: list[Ended] = []
        self._violations: list[tuple[int, Violation]] = []
        self._is_idle: list[bool] = []
        self._is_over = False
        self._error: BaseException | None = None

    # The broker's thread.

    def open(self) -> None:
        """Begin another connection."""
        with self._changed:
            self._is_idle.append(False)
            self._changed.notify_all()

    def add_bytes(self, connection: int, data: bytes, *, is_received: bool) -> None:
        """Take note of bytes."""
        with self._changed:
            self._bytes.append(Bytes(time.monotonic(), connection, is_received, data))

    def add_packet(self, packet: WirePacket) -> None:
        """Take note of a packet."""
        with self._changed:
            self._packets.append(packet)
            self._violations += [(packet.connection, each) for each in packet.violations]
            self._changed.notify_all()

    def add_violation(self, connection: int, violation: Violation) -> None:
        """Take note of a violation that no packet shows, such as silence."""
        with self._changed:
            self._violations.append((connection, violation))
            self._changed.notify_all()

    def add_end(self, connection: int, how: End, *, by_client: bool) -> None:
        """Take note of an end."""
        with self._changed:
            self._ends.append(Ended(time.monotonic(), connection, by_client, how))
            self._changed.notify_all()

    def set_idle(self, connection: int, *, is_idle: bool) -> None:
        """Say whether a connection's script is done and its queue empty."""
        with self._changed:
            if self._is_idle[connection] != is_idle:
                self._is_idle[connection] = is_idle
                self._changed.notify_all()

    def end(self, error: BaseException | None) -> None:
        """Say that nothing more will come, and because of which error, if any."""
        with self._changed:
            self._error = error
            self._is_over = True
            self._changed.notify_all()

    # Any thread.

    @property
    def connection_count(self) -> int:
        """How many connections there have been."""
        with self._changed:
            return len(self._is_idle)

    @property
    def mark(self) -> int:
        """How many packets there are: a point in time for the waits."""
        with self._changed:
            return len(self._packets)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        with self._changed:
            return self._is_over

    @property
    def error(self) -> BaseException | None:
        """What has ended it, if it was an error."""
        with self._changed:
            return self._error

    def bytes_of(self, connection: int | None = None) -> tuple[Bytes, ...]:
        """Return all bytes of one connection, or of all."""
        with self._changed:
            return tuple(
                each for each in self._bytes if connection is None or each.connection == connection
            )

    def packets(self, mark: int = 0) -> tuple[WirePacket, ...]:
        """Return the packets from number `mark` on, both ways, in order of time."""
        with self._changed:
            return tuple(self._packets[mark:])

    def violations(self, connection: int | None = None) -> tuple[Violation, ...]:
        """Return what the client broke, in order."""
        with self._changed:
            return tuple(
                each
                for number, each in self._violations
                if connection is None or number == connection
            )

    def wait_packet(
        self, test: Callable[[WirePacket], bool], deadline: Deadline, mark: int
    ) -> WirePacket | None:
        """Wait for a packet; None when the deadline passed or nothing more will come."""
        return self._wait(self._packets, test, deadline, mark)

    def wait_end(self, test: Callable[[Ended], bool], deadline: Deadline) -> Ended | None:
        """Wait for an end; None as in `wait_packet`."""
        return self._wait(self._ends, test, deadline, 0)

    def wait_idle(self, connection: int, deadline: Deadline) -> bool:
        """Wait until a connection's script is done and its queue empty."""
        return self._wait_until(
            lambda: connection < len(self._is_idle) and self._is_idle[connection], deadline
        )

    def wait_connection(self, count: int, deadline: Deadline) -> bool:
        """Wait until there have been `count` connections."""
        return self._wait_until(lambda: len(self._is_idle) >= count, deadline)

    def _wait(
        self, items: list[_Item], test: Callable[[_Item], bool], deadline: Deadline, mark: int
    ) -> _Item | None:
        seen = mark
        with self._changed:
            while True:
                for item in items[seen:]:
                    if test(item):
                        return item
                seen = max(seen, len(items))
                if self._is_over or deadline.is_expired:
                    return None
                self._changed.wait(deadline.remaining_s)

    def _wait_until(self, test: Callable[[], bool], deadline: Deadline) -> bool:
        with self._changed:
            while not test():
                if self._is_over or deadline.is_expired:
                    return False
                self._changed.wait(deadline.remaining_s)
            return True
