"""Our packets against a real Mosquitto: it takes what we encode, and we decode what it says."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from harness.broker.mosquitto import Mosquitto
from harness.broker.program import find_mosquitto
from harness.broker.settings import EXAMPLE_USER
from harness.deadline import Deadline
from harness.wire.mqtt_packet import (
    ConnAck,
    Connect,
    Packet,
    PingReq,
    PingResp,
    PubAck,
    PubComp,
    Publish,
    PubRec,
    PubRel,
    SubAck,
    Subscribe,
    UnsubAck,
    Unsubscribe,
    Will,
)
from harness.wire.mqtt_stream import PacketStream

STEP_S = 5.0


@pytest.fixture(scope="module")
def mosquitto() -> Iterator[Mosquitto]:
    with Mosquitto(find_mosquitto(os.environ.get("HIL_MOSQUITTO"))) as started:
        started.start(Deadline.after(10))
        yield started


class Wire:
    """A client that is nothing but our packets."""

    def __init__(self, broker: Mosquitto) -> None:
        self.socket = socket.create_connection(
            (broker.address.host, broker.address.port), timeout=STEP_S
        )
        self._stream = PacketStream()

    def ask(self, *packets: Packet, answers: int) -> list[Packet]:
        """Send packets and return so many that come."""
        self.socket.sendall(b"".join(packet.encode() for packet in packets))
        heard: list[Packet] = []
        while len(heard) < answers:
            data = self.socket.recv(4096)
            assert data, "Mosquitto has closed"
            heard += self._stream.receive(data)
        return heard


@pytest.fixture
def wire(mosquitto: Mosquitto) -> Iterator[Wire]:
    made = Wire(mosquitto)
    yield made
    made.socket.close()


def connect(client_id: str, will: Will | None = None) -> Connect:
    password = EXAMPLE_USER.password
    assert password is not None
    return Connect(client_id, will=will, user=EXAMPLE_USER.user, password=password.encode())


def test_mosquitto_takes_every_packet_of_a_client(wire: Wire) -> None:
    will = Will("温度/w", b"\x00\xff", 2, retain=False)
    assert wire.ask(connect("ü", will), answers=1) == [ConnAck()]
    assert wire.ask(PingReq(), answers=1) == [PingResp()]
    asked = Subscribe(10, (("a/b", 1), ("c/+/#", 2)))
    assert wire.ask(asked, answers=1) == [SubAck(10, (1, 2))]
    assert wire.ask(Publish("a/b", b"38", 1, packet_id=11), answers=2) == [
        Publish("a/b", b"38", 1, packet_id=1),
        PubAck(11),
    ]
    assert wire.ask(PubAck(1), Publish("c/d", bytes(20000), 2, packet_id=65535), answers=1) == [
        PubRec(65535)
    ]
    heard = wire.ask(PubRel(65535), answers=2)
    assert set(heard) == {PubComp(65535), Publish("c/d", bytes(20000), 2, packet_id=2)}
    assert wire.ask(PubRec(2), answers=1) == [PubRel(2)]
    assert wire.ask(PubComp(2), Unsubscribe(12, ("a/b",)), answers=1) == [UnsubAck(12)]


def test_mosquitto_refuses_with_a_code_that_we_decode(wire: Wire) -> None:
    assert wire.ask(Connect("c", user="nobody", password=b"x"), answers=1) == [ConnAck(code=5)]


def test_mosquitto_says_that_it_keeps_a_session(mosquitto: Mosquitto) -> None:
    kept = Connect(
        "kept",
        clean_session=False,
        user=EXAMPLE_USER.user,
        password=(EXAMPLE_USER.password or "").encode(),
    )
    for is_present in (False, True):
        wire = Wire(mosquitto)
        assert wire.ask(kept, answers=1) == [ConnAck(session_present=is_present)]
        wire.socket.close()
