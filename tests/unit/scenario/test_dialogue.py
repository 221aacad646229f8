"""A dialogue as a script, and the check of what the client said in it."""

from __future__ import annotations

import socket

import pytest

from harness.broker.scripted import ScriptedBroker
from harness.broker.scripted_step import Close, End, Expect, Send
from harness.deadline import Deadline
from harness.errors import ExpectationFailed
from harness.scenario.dialogue import GAP_S, Broker, Client, Delivery, Turn, check, script
from harness.wire.mqtt_packet import ConnAck, Connect, PingReq, PingResp, PubAck, Publish

MESSAGE = Publish("t", b"m", 1, packet_id=5)
TURNS: tuple[Turn, ...] = (
    Client(Connect("c")),
    Broker(ConnAck()),
    Broker(MESSAGE),
    Client(PubAck(5)),
    Client(PingReq()),
    Broker(PingResp()),
    Close(End.RST),
)


@pytest.mark.parametrize("delivery", Delivery, ids=lambda each: each.value)
def test_script_waits_for_the_client_and_says_the_rest(delivery: Delivery) -> None:
    connack, message, pong = ConnAck(), MESSAGE, PingResp()
    said = {
        Delivery.WHOLE: ([Send(connack, gap_s=GAP_S), Send(message, gap_s=GAP_S)], Send(pong)),
        Delivery.CUT: (
            [Send(each, split="each", gap_s=GAP_S) for each in (connack, message)],
            Send(pong, split="each"),
        ),
        Delivery.JOINED: ([Send(connack.encode() + message.encode())], Send(pong.encode())),
    }[delivery]
    steps = list(script(TURNS, delivery))
    count = len(said[0])
    assert [str(each) for each in steps if isinstance(each, Expect)] == [
        "CONNECT", "PUBACK", "PINGREQ",
    ]  # fmt: skip
    assert steps[1 : 1 + count] == said[0]
    last = steps[-2]
    assert isinstance(last, Send)
    assert (last.what, last.split) == (said[1].what, said[1].split)
    assert steps[-1] == Close(End.RST)


def talk(broker: ScriptedBroker, *pieces: bytes) -> None:
    """Say bytes to a broker, each piece once the one before was read, and wait for the end."""
    size = 0
    with socket.create_connection((broker.address.host, broker.address.port), timeout=5) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            sock.sendall(piece)
            size += len(piece)
            deadline = Deadline.after(5.0)
            while len(broker.received(0) if broker.connection_count else b"") < size:
                assert not deadline.is_expired
    broker.wait_end(Deadline.after(5.0), connection=0)


CONNECT, PING = Connect("c").encode(), PingReq().encode()
SAID = (Client(Connect("c")), Broker(ConnAck()), Client(PingReq()))


@pytest.mark.parametrize(
    "pieces", [(CONNECT, PING), (CONNECT + PING,)], ids=["one by one", "joined"]
)
def test_packets_in_one_piece_each_are_as_they_should_be(pieces: tuple[bytes, ...]) -> None:
    with ScriptedBroker() as broker:
        talk(broker, *pieces)
        check(broker, 0, SAID)


@pytest.mark.parametrize(
    ("pieces", "tried"),
    [
        ((CONNECT,), "the client said something else"),
        ((CONNECT, PING, PING), "the client said something else"),
        ((Connect("d").encode(), PING), "the client said something else"),
        ((CONNECT[:1], CONNECT[1:], PING), "the client said a packet in several pieces"),
        ((CONNECT, PING[:1], PING[1:]), "the client said a packet in several pieces"),
        ((CONNECT + PING[:1], PING[1:]), "the client said a packet in several pieces"),
    ],
    ids=["less", "more", "other", "first cut", "last cut", "cut behind another"],
)
def test_client_that_says_it_otherwise_is_found_out(pieces: tuple[bytes, ...], tried: str) -> None:
    with ScriptedBroker() as broker:
        talk(broker, *pieces)
        with pytest.raises(ExpectationFailed) as caught:
            check(broker, 0, SAID)
        assert caught.value.tried == tried
        assert "c0 00" in caught.value.expected
