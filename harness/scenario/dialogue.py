"""What two sides say to each other on one connection, byte for byte, however it is delivered.

said = (Client(Connect("c")), Broker(ConnAck()), Client(PingReq()), Broker(PingResp()))
broker.expect_connection(*script(said, Delivery.CUT))
...  # the client does its part
check(broker, 0, said)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

from harness.broker.scripted import ScriptedBroker
from harness.broker.scripted_step import Close, Expect, Send, Step
from harness.errors import ExpectationFailed
from harness.wire.mqtt_packet import Packet

#: Between two bytes, so that the client most likely reads them one by one.
GAP_S = 0.001


@dataclass(frozen=True)
class Client:
    """The client says this."""

    packet: Packet


@dataclass(frozen=True)
class Broker:
    """The broker says this."""

    packet: Packet


#: One turn of a dialogue; `Close` is the broker's end of it.
Turn = Client | Broker | Close


class Delivery(Enum):
    """How the broker's packets come."""

    #: Each in one piece of its own.
    WHOLE = "whole"
    #: Byte by byte.
    CUT = "cut"
    #: All that follow one another in one piece.
    JOINED = "joined"


def script(turns: Sequence[Turn], delivery: Delivery) -> Iterator[Step]:
    """Return the broker's part as a script.

    Args:
        turns: What is said.
        delivery: How what the broker says is delivered.
    """
    joined = b""
    for turn in turns:
        if isinstance(turn, Broker) and delivery is Delivery.JOINED:
            joined += turn.packet.encode()
            continue
        if joined:
            yield Send(joined)
            joined = b""
        if isinstance(turn, Client):
            yield Expect(turn.packet.kind)
        elif isinstance(turn, Broker):
            yield Send(turn.packet, split="each" if delivery is Delivery.CUT else (), gap_s=GAP_S)
        else:
            yield turn
    if joined:
        yield Send(joined)


def check(broker: ScriptedBroker, connection: int, turns: Sequence[Turn]) -> None:
    """Check that the client has said its part and nothing else, no packet in two pieces.

    Several packets may come in one read of the broker's. One that comes in two was written in two
    pieces, and a broker that reads once a packet would not understand it.

    Args:
        broker: What the client talked to.
        connection: On which of its connections.
        turns: What was to be said there.

    Raises:
        ExpectationFailed: It has said something else, or a packet in pieces.
    """
    packets = [each.packet.encode() for each in turns if isinstance(each, Client)]
    reads = [each.data for each in broker.traffic(connection) if each.is_received]
    if b"".join(reads) != b"".join(packets):
        raise ExpectationFailed(
            "the client said something else",
            on=f"{broker.address.url}, connection {connection}",
            expected=b"".join(packets).hex(" "),
            got=b"".join(reads).hex(" "),
        )
    ends = set(accumulate(map(len, packets)))
    if not set(accumulate(map(len, reads))) <= ends:
        raise ExpectationFailed(
            "the client said a packet in several pieces",
            on=f"{broker.address.url}, connection {connection}",
            expected=" | ".join(each.hex(" ") for each in packets),
            got=" | ".join(each.hex(" ") for each in reads),
            advice="one write for each packet",
        )
