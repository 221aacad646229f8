"""What a test asks of a scripted broker: what has come, and to wait for what is to come.

A wait that ends without what it waits for raises `ExpectationFailed`, since it is the client that
did not do it; `BrokerError` means that the script, or the broker itself, is at fault.
"""

from __future__ import annotations

from typing import NoReturn

from harness.broker.broker import BrokerAddress
from harness.broker.scripted_connection import Connection
from harness.broker.scripted_record import Bytes, Ended, Match, Record, WirePacket, as_test
from harness.broker.scripted_step import End, Expect
from harness.deadline import Deadline
from harness.errors import BrokerError, ExpectationFailed
from harness.wire.mqtt_event import Violation

#: How many of the last packets a message quotes.
LAST_PACKETS = 8


class Witness:
    """A scripted broker as its tests see it, from any thread.

    Attributes:
        address: Where the broker listens.
    """

    def __init__(self, address: BrokerAddress) -> None:
        """Begin with nothing seen.

        Args:
            address: Where the broker listens.
        """
        self.address = address
        self._record = Record()
        self._connections: list[Connection] = []

    def check_alive(self) -> None:
        """Do nothing while the broker runs.

        Raises:
            BrokerError: It was closed, or a function in a script or the policy has raised.
        """
        error = self._record.error
        if isinstance(error, BrokerError):
            raise error
        if error is not None:
            raise BrokerError(
                "the scripted broker has stopped",
                on=self.address.url,
                expected="a script whose functions do not raise",
                got=f"{type(error).__name__}: {error}",
            ) from error
        if self._record.is_over:
            raise BrokerError(
                "the scripted broker is closed", on=self.address.url, expected="an open one"
            )

    # What has happened.

    @property
    def connection_count(self) -> int:
        """How many connections there have been."""
        return self._record.connection_count

    @property
    def mark(self) -> int:
        """A point in time, for the waits: how many packets there have been."""
        return self._record.mark

    def packets(self, match: Match | None = None, *, mark: int = 0) -> tuple[WirePacket, ...]:
        """Return the packets so far, both ways, or those that match."""
        found = self._record.packets(mark)
        return found if match is None else tuple(filter(as_test(match), found))

    def traffic(self, connection: int | None = None) -> tuple[Bytes, ...]:
        """Return all bytes of one connection, or of all, both ways, as read or written."""
        return self._record.bytes_of(connection)

    def received(self, connection: int) -> bytes:
        """Return all bytes that the client sent on a connection, to be compared with others."""
        return b"".join(each.data for each in self.traffic(connection) if each.is_received)

    def violations(self, connection: int | None = None) -> tuple[Violation, ...]:
        """Return the normative statements that clients have broken, in order."""
        return self._record.violations(connection)

    # Waiting.

    def wait_connection(self, deadline: Deadline, *, count: int = 1) -> int:
        """Wait until there have been `count` connections; return the number of that one, from 0.

        Raises:
            ExpectationFailed: They did not come in time.
        """
        if not self._record.wait_connection(count, deadline):
            self._fail("the client did not connect", f"connection number {count - 1}", deadline)
        return count - 1

    def wait_packet(self, match: Match, deadline: Deadline, *, mark: int = 0) -> WirePacket:
        """Wait for a packet.

        Args:
            match: Its name, an `Expect` (both for packets from the client), or a function of the
                `WirePacket`.
            deadline: How long to wait.
            mark: Only packets from this one on, see `mark`.

        Raises:
            ExpectationFailed: It did not come in time.
        """
        found = self._record.wait_packet(as_test(match), deadline, mark)
        if found is None:
            name = str(Expect(match) if isinstance(match, str) else match)
            self._fail("the packet did not come", name, deadline)
        return found

    def none_within(self, match: Match, deadline: Deadline, *, mark: int = 0) -> None:
        """Watch until the deadline that no such packet comes.

        Raises:
            ExpectationFailed: One has come.
        """
        found = self._record.wait_packet(as_test(match), deadline, mark)
        self.check_alive()
        if found is not None:
            raise ExpectationFailed(
                "a packet came that must not come",
                on=self.address.url,
                expected=f"none for {deadline.total_s:g} s",
                got=str(found),
                advice="packets() has all packets, traffic() every byte with its time",
            )

    def wait_end(
        self, deadline: Deadline, *, connection: int = -1, by_client: bool = True
    ) -> Ended:
        """Wait until a connection is over, or until our side of it is.

        Args:
            deadline: How long to wait.
            connection: Which one, from 0; -1 is the newest there is.
            by_client: True waits for the client's close, which comes also in answer to our FIN; a
                reset by us counts, since nothing can be seen after it. False waits for our FIN or
                RST.

        Raises:
            ExpectationFailed: It has not closed in time.
        """
        number = self._find(connection).number

        def is_end(each: Ended) -> bool:
            is_reset = by_client and each.how is End.RST
            return each.connection == number and (each.by_client == by_client or is_reset)

        found = self._record.wait_end(is_end, deadline)
        if found is None:
            side = "client" if by_client else "broker"
            self._fail(
                f"the {side} did not close the connection", f"end of connection {number}", deadline
            )
        return found

    def wait_script(self, deadline: Deadline, *, connection: int = -1) -> None:
        """Wait until a connection's script is done and all of it was said.

        Raises:
            ExpectationFailed: A step still waits for its packet.
        """
        found = self._find(connection)
        if not self._record.wait_idle(found.number, deadline):
            self._fail("the client did not go through the script", found.waits_for, deadline)

    def _find(self, connection: int) -> Connection:
        try:
            return self._connections[connection]
        except IndexError:
            raise BrokerError(
                f"there is no connection {connection}",
                on=self.address.url,
                expected="one of those that have come",
                got=f"{self.connection_count} connections so far",
                advice="wait_connection(deadline) first",
            ) from None

    def _fail(self, tried: str, expected: str, deadline: Deadline) -> NoReturn:
        """Raise for a wait that has ended, whoever's fault it is."""
        self.check_alive()
        last = "\n".join(str(each) for each in self._record.packets()[-LAST_PACKETS:])
        broken = "".join(f"\nbroken: {each}" for each in self.violations()[-LAST_PACKETS:])
        raise ExpectationFailed(
            tried,
            on=f"{self.address.url}, {self.connection_count} connections",
            expected=f"{expected} within {deadline.total_s:g} s",
            got=(last or "no packet") + broken,
            advice="packets() has all packets, traffic() every byte with its time",
        )
