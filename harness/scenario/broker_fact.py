"""What the broker saw of a client, from its log."""

from __future__ import annotations

from harness.broker.broker import Broker
from harness.broker.connection import Connection, connection_history
from harness.broker.packet import LoggedPacket, packets
from harness.deadline import Deadline

SYNC_S = 5.0


class BrokerFacts:
    """What the broker's log says since the test began."""

    def __init__(self, broker: Broker) -> None:
        """Begin now."""
        self._broker = broker
        self._mark = broker.log_mark

    def connections(self, client_id: str) -> list[Connection]:
        """All accepted connections of a client, oldest first."""
        self._sync()
        return list(connection_history(self._broker.log_since(self._mark)).of(client_id))

    def packets(self, client_id: str, kind: str) -> list[LoggedPacket]:
        """All packets of a kind from or to a client, oldest first."""
        self._sync()
        return [
            each
            for each in packets(self._broker.log_since(self._mark))
            if each.client_id == client_id and each.kind == kind
        ]

    def _sync(self) -> None:
        """The log runs behind the packets: wait until it has caught up."""
        self._broker.sync_log(Deadline.after(SYNC_S))
