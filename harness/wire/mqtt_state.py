"""Where a connection stands, and what a broker keeps of a client beyond it.

Source: MQTT 3.1.1, sections 3.1.2.4 and 4.1.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from enum import Enum

from harness.wire.mqtt_from_client import FromClient
from harness.wire.mqtt_packet import Publish
from harness.wire.mqtt_to_client import ToClient


class Phase(Enum):
    """Where a connection stands."""

    #: Nothing has come; CONNECT must be the first (3.1).
    CONNECTING = "connecting"
    #: CONNECT has come and was not answered.
    CONNECTED = "connected"
    #: The client was let in.
    OPEN = "open"
    #: The client was refused.
    REFUSED = "refused"
    #: The client has said DISCONNECT.
    ENDED = "ended"
    #: Bytes have come that are no packet.
    BROKEN = "broken"


@dataclass
class SessionState:
    """What a broker keeps of one client beyond a connection (3.1.2.4).

    Attributes:
        from_client: Exchanges that the client began.
        to_client: Exchanges that the broker began.
        subscriptions: Topic filter -> QoS that was granted.
        queue: Messages for the client that wait for it to come back; for a policy to fill.
    """

    from_client: FromClient = field(default_factory=FromClient)
    to_client: ToClient = field(default_factory=ToClient)
    subscriptions: dict[str, int] = field(default_factory=dict)
    queue: list[Publish] = field(default_factory=list)


#: Client id -> state, of all clients of a broker.
SessionStore = MutableMapping[str, SessionState]
