"""A broker that says what a test tells it to, right or wrong, and sees every byte.

    with ScriptedBroker([Expect("CONNECT"), Ack(), Expect("PUBLISH", qos=1), Close(End.RST)]) as b:
        ...  # a client is pointed at b.address
        b.wait_packet(Expect("PUBLISH", dup=True, packet_id=1), deadline)

Its connections take the scripts in turn; what a script does not take is the default policy's, which
is a correct broker. It listens on a real port, so that anything can be connected to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import final

from harness.broker.broker import BrokerAddress, Credentials
from harness.broker.log import LogLine
from harness.broker.port import PortReservation
from harness.broker.scripted_connection import Connection
from harness.broker.scripted_pipe import Pipe
from harness.broker.scripted_policy import Correct, Policy
from harness.broker.scripted_server import Server
from harness.broker.scripted_step import Script, Step
from harness.broker.scripted_witness import Witness
from harness.deadline import Deadline
from harness.errors import BrokerError
from harness.wire.mqtt_session import BrokerSession
from harness.wire.mqtt_state import SessionState
from harness.wire.mqtt_stream import LIMIT_BYTES


@final
class ScriptedBroker(Witness):
    """One scripted broker; see `harness.broker.broker.Broker` for what it shares with others.

    Attributes:
        address: Where it listens.
        store: The states of the clients that asked for a kept session, by client id; to be read
            when nothing is under way.
    """

    def __init__(
        self,
        *scripts: Script,
        host: str = "127.0.0.1",
        port: int = 0,
        policy: Policy | None = None,
        limit_bytes: int = LIMIT_BYTES,
        receive_buffer_bytes: int | None = None,
    ) -> None:
        """Listen.

        Args:
            *scripts: For the first connection, the second, and so on; later ones have none.
            host: An IPv4 address of this host.
            port: TCP port; 0 takes a free one.
            policy: What answers where no script does; None for a correct broker.
            limit_bytes: The longest packet that is accepted from a client.
            receive_buffer_bytes: Size of the receive buffer; a small one makes the client's writes
                stop soon after `End.DEAF`.

        Raises:
            BrokerError: The port is taken, or the address is not one of ours.
        """
        self._reservation = PortReservation(host, port)
        super().__init__(BrokerAddress(host, self._reservation.port))
        self.store: dict[str, SessionState] = {}
        self._policy = Correct(self.store) if policy is None else policy
        self._limit_bytes = limit_bytes
        self._scripts: deque[Script] = deque(scripts)
        try:
            self._server = Server(
                (host, self.address.port),
                self._make_connection,
                self._record.end,
                receive_buffer_bytes=receive_buffer_bytes,
            )
        except OSError as error:
            self._reservation.close()
            raise BrokerError(
                "the scripted broker cannot listen",
                on=self.address.url,
                expected="a free port",
                got=error.strerror or str(error),
                advice="ss -ltnp shows who listens on which port",
            ) from error

    def _make_connection(self, pipe: Pipe) -> Connection:
        """Begin a connection, in the broker's thread."""
        session = BrokerSession(self.store, limit_bytes=self._limit_bytes)
        number = len(self._connections)
        connection = Connection(number, pipe, session, self._policy, self._record)
        self._connections.append(connection)
        self._record.open()
        connection.perform(self._scripts.popleft() if self._scripts else ())
        return connection

    # What the scenario's brokers have in common.

    @property
    def credentials(self) -> Credentials | None:
        """None: everybody is let in unless a script says otherwise."""
        return None

    @property
    def version(self) -> str:
        """What it calls itself."""
        return "scripted"

    @property
    def capabilities(self) -> frozenset[str]:
        """``script``: says what it is told; ``wire``: its record holds every byte."""
        return frozenset({"script", "wire"})

    @property
    def log_mark(self) -> int:
        """0: it has a record in the place of a log."""
        return 0

    def log_since(self, mark: int = 0) -> tuple[LogLine, ...]:  # noqa: ARG002 - of the Protocol
        """Return no lines."""
        return ()

    def sync_log(self, deadline: Deadline) -> None:  # noqa: ARG002 - of the Protocol
        """Do nothing: what has happened is in the record."""
        self.check_alive()

    def close(self) -> None:
        """End all connections and give the port back. May be called twice."""
        self._server.stop()
        self._reservation.close()

    def __enter__(self) -> ScriptedBroker:
        """Return the broker itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    # What to do.

    def expect_connection(self, *steps: Step) -> None:
        """Put a script behind the others, for a connection that has not come yet."""
        self._call(lambda: self._scripts.append(steps))

    def perform(self, *steps: Step, connection: int = -1) -> None:
        """Put steps at the end of a connection's script; those that wait for nothing are done.

        Args:
            *steps: The steps.
            connection: Which one, from 0; -1 is the newest.

        Raises:
            BrokerError: There is no such connection, or the steps make no sense.
        """
        target = self._find(connection)
        self._call(lambda: target.perform(steps))

    def shut(self) -> None:
        """Refuse new connections, as if no broker ran; those that are open stay."""
        self._call(self._server.shut)

    def listen(self) -> None:
        """Accept new connections again, on the same port."""
        self._call(self._server.listen)

    # Inside.

    def _call(self, function: Callable[[], None]) -> None:
        if not self._server.call(function):
            self.check_alive()
