"""A scripted broker, and at the other end a socket that the test reads and writes itself."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from harness.broker.broker import Broker
from harness.broker.scripted import ScriptedBroker
from harness.broker.scripted_policy import Quiet
from harness.broker.scripted_record import WirePacket
from harness.broker.scripted_step import (
    Ack,
    Close,
    End,
    Expect,
    Hold,
    Pause,
    Release,
    Send,
)
from harness.deadline import Deadline
from harness.errors import BrokerError, ExpectationFailed
from harness.wire.mqtt_packet import (
    ConnAck,
    Connect,
    Disconnect,
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


def soon() -> Deadline:
    return Deadline.after(STEP_S)


class Peer:
    """A client's side, played by the test."""

    def __init__(self, broker: ScriptedBroker) -> None:
        self.socket = socket.create_connection(
            (broker.address.host, broker.address.port), timeout=STEP_S
        )
        self._stream = PacketStream()
        self._packets: list[Packet] = []

    def say(self, *packets: Packet) -> None:
        """Send packets in one write."""
        self.socket.sendall(b"".join(packet.encode() for packet in packets))

    def hear(self) -> Packet:
        """Return the next packet."""
        while not self._packets:
            data = self.socket.recv(4096)
            assert data, "the broker has closed"
            self._packets += self._stream.receive(data)
        return self._packets.pop(0)

    def greet(self, connect: Connect | None = None) -> Packet:
        """Connect, and return the answer."""
        self.say(connect or Connect("c"))
        return self.hear()


Dial = Callable[[ScriptedBroker], Peer]


@pytest.fixture
def dial() -> Iterator[Dial]:
    """Connect to a broker; hung up at the end."""
    peers: list[Peer] = []

    def connect(broker: ScriptedBroker) -> Peer:
        peers.append(Peer(broker))
        return peers[-1]

    yield connect
    for peer in peers:
        peer.socket.close()


# What it has in common with other brokers.


def test_broker_satisfies_the_protocol_of_brokers() -> None:
    with ScriptedBroker() as scripted:
        broker: Broker = scripted
        broker.check_alive()
        broker.sync_log(soon())
        assert broker.capabilities == {"script", "wire"}
        assert broker.credentials is None
        assert broker.version == "scripted"
        assert broker.address.port > 0
        assert broker.log_since(broker.log_mark) == ()


def test_close_leaves_no_thread_and_no_port(dial: Dial) -> None:
    before = threading.active_count()
    broker = ScriptedBroker()
    peer = dial(broker)
    peer.greet()
    broker.close()
    broker.close()
    assert threading.active_count() == before
    assert peer.socket.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        Peer(broker)
    with pytest.raises(BrokerError, match="closed"):
        broker.check_alive()
    with pytest.raises(BrokerError, match="closed"):
        broker.wait_packet("CONNECT", soon(), mark=1)
    with ScriptedBroker(port=broker.address.port) as again:
        assert again.address == broker.address


def test_port_that_is_taken_is_named() -> None:
    with ScriptedBroker() as broker, pytest.raises(BrokerError) as refused:
        ScriptedBroker(port=broker.address.port)
    assert str(broker.address.port) in refused.value.on
    assert "scripted broker" not in {each.name for each in threading.enumerate()}


# The default: a correct broker.


def test_default_answers_each_packet(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        peer = dial(broker)
        assert peer.greet() == ConnAck()
        peer.say(PingReq())
        assert peer.hear() == PingResp()
        peer.say(Subscribe(1, (("a/#", 2), ("b", 0))))
        assert peer.hear() == SubAck(1, (2, 0))
        peer.say(Publish("x", b"1", 1, packet_id=2))
        assert peer.hear() == PubAck(2)
        peer.say(Publish("x", b"2", 2, packet_id=3))
        assert peer.hear() == PubRec(3)
        peer.say(PubRel(3))
        assert peer.hear() == PubComp(3)
        peer.say(Unsubscribe(4, ("b",)))
        assert peer.hear() == UnsubAck(4)
        peer.say(Disconnect())
        assert peer.socket.recv(10) == b""
        peer.socket.close()
        assert broker.wait_end(soon()).how is End.FIN
        assert broker.violations() == ()


def test_default_echoes_before_it_acknowledges(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        peer = dial(broker)
        peer.greet()
        peer.say(Subscribe(1, (("t/#", 1),)), Publish("t/x", b"38", 1, packet_id=2))
        assert peer.hear() == SubAck(1, (1,))
        assert peer.hear() == Publish("t/x", b"38", 1, packet_id=1)
        assert peer.hear() == PubAck(2)
        peer.say(PubAck(1))
        broker.wait_packet("PUBACK", soon())
        assert broker.violations() == ()


def test_default_delivers_retained_messages_and_wills(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        one, two = dial(broker), dial(broker)
        one.greet(Connect("one", will=Will("w", b"gone", 1, retain=True)))
        two.greet(Connect("two"))
        one.say(Publish("r", b"kept", 1, retain=True, packet_id=1))
        assert one.hear() == PubAck(1)
        two.say(Subscribe(1, (("r", 0), ("w", 1))))
        assert two.hear() == SubAck(1, (0, 1))
        assert two.hear() == Publish("r", b"kept", retain=True)
        one.socket.close()
        assert two.hear() == Publish("w", b"gone", 1, packet_id=1)
        two.say(Subscribe(2, (("w", 0),)))
        assert two.hear() == SubAck(2, (0,))
        assert two.hear() == Publish("w", b"gone", retain=True)


def test_default_forgets_a_retained_message_that_is_emptied(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        peer = dial(broker)
        peer.greet()
        peer.say(
            Publish("r", b"kept", retain=True),
            Publish("r", retain=True),
            Subscribe(1, (("r", 0),)),
            PingReq(),
        )
        assert [peer.hear(), peer.hear()] == [SubAck(1, (0,)), PingResp()]


def test_default_publishes_no_will_after_disconnect(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        one, two = dial(broker), dial(broker)
        two.greet(Connect("two"))
        two.say(Subscribe(1, (("w", 0),)))
        two.hear()
        one.greet(Connect("one", will=Will("w")))
        one.say(Disconnect())
        assert one.socket.recv(10) == b""
        two.say(PingReq())
        assert two.hear() == PingResp()


def test_default_keeps_a_session(dial: Dial) -> None:
    kept = Connect("k", clean_session=False)
    with ScriptedBroker() as broker:
        peer = dial(broker)
        assert peer.greet(kept) == ConnAck()
        peer.say(Subscribe(1, (("t", 1),)))
        peer.hear()
        peer.socket.close()
        broker.wait_end(soon())
        other = dial(broker)
        other.greet(Connect("o"))
        other.say(Publish("t", b"away", 1, packet_id=1))
        assert other.hear() == PubAck(1)
        back = dial(broker)
        assert back.greet(kept) == ConnAck(session_present=True)
        assert back.hear() == Publish("t", b"away", 1, packet_id=1)
        back.socket.close()
        broker.wait_end(soon(), connection=2)
        again = dial(broker)
        assert again.greet(kept) == ConnAck(session_present=True)
        assert again.hear() == Publish("t", b"away", 1, dup=True, packet_id=1)


def test_default_takes_a_client_over(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        first, second = dial(broker), dial(broker)
        first.greet(Connect("same", clean_session=False))
        assert second.greet(Connect("same", clean_session=False)) == ConnAck(session_present=True)
        assert first.socket.recv(10) == b""
        second.say(PingReq())
        assert second.hear() == PingResp()


@pytest.mark.parametrize(
    ("data", "statement", "answer"),
    [
        (b"\xc0\x00", "MQTT-3.1.0-1", b""),
        (b"\x10\x0c\x00\x04MQTT\x04\x00\x00\x00\x00\x00", "MQTT-3.1.3-7", b"\x20\x02\x00\x02"),
        (b"\x10\x0c\x00\x04MQTT\x05\x02\x00\x00\x00\x00", "MQTT-3.1.2-2", b"\x20\x02\x00\x01"),
        (b"\xf0\x00", "section 2.2.1", b""),
    ],
)
def test_default_closes_for_a_violation(
    dial: Dial, data: bytes, statement: str, answer: bytes
) -> None:
    with ScriptedBroker() as broker:
        peer = dial(broker)
        peer.socket.sendall(data)
        heard = b""
        while piece := peer.socket.recv(64):
            heard += piece
        assert heard == answer
        assert [each.statement for each in broker.violations()] == [statement]


def test_default_gives_a_silent_client_up(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        peer = dial(broker)
        peer.greet(Connect("c", keepalive_s=1))
        began_s = time.monotonic()
        assert peer.socket.recv(10) == b""
        assert 1.3 < time.monotonic() - began_s < 4.0
        assert [each.statement for each in broker.violations(0)] == ["MQTT-3.1.2-23"]


def test_quiet_policy_says_nothing(dial: Dial) -> None:
    with ScriptedBroker([Expect("CONNECT"), Ack()], policy=Quiet()) as broker:
        peer = dial(broker)
        assert peer.greet() == ConnAck()
        peer.say(PingReq())
        broker.wait_packet("PINGREQ", soon())
        broker.perform(Send(PubAck(1)))
        assert peer.hear() == PubAck(1)


# Scripts.


def test_script_takes_its_packets_and_leaves_others_to_the_default(dial: Dial) -> None:
    script = [Expect("PUBLISH", topic="a"), Send(PubAck(77))]
    with ScriptedBroker(script) as broker:
        peer = dial(broker)
        assert peer.greet() == ConnAck()
        peer.say(Publish("b", b"", 1, packet_id=1), Publish("a", b"", 1, packet_id=2), PingReq())
        assert [peer.hear(), peer.hear(), peer.hear()] == [PubAck(1), PubAck(77), PingResp()]
        broker.wait_script(soon())


def test_connections_take_scripts_in_turn(dial: Dial) -> None:
    with ScriptedBroker([Expect("CONNECT"), Send(ConnAck(code=3))], []) as broker:
        broker.expect_connection(Expect("CONNECT"), Ack(session_present=True))
        assert dial(broker).greet() == ConnAck(code=3)
        assert dial(broker).greet() == ConnAck()
        assert dial(broker).greet(Connect("c", clean_session=False)) == ConnAck(
            session_present=True
        )
        assert dial(broker).greet() == ConnAck()
        assert broker.wait_connection(soon(), count=4) == 3


def test_send_may_be_made_from_the_packet(dial: Dial) -> None:
    def next_id(packet: Packet) -> PubAck:
        assert isinstance(packet, Publish)
        return PubAck(packet.packet_id + 1)

    with ScriptedBroker([Expect("PUBLISH"), Send(next_id)]) as broker:
        peer = dial(broker)
        peer.greet()
        peer.say(Publish("t", b"", 1, packet_id=6))
        assert peer.hear() == PubAck(7)


def test_answers_are_given_out_of_order(dial: Dial) -> None:
    script = [Expect("PUBLISH"), Expect("PUBLISH"), Ack(of=-1), Ack(of=0)]
    with ScriptedBroker(script) as broker:
        peer = dial(broker)
        peer.greet()
        peer.say(Publish("t", b"", 1, packet_id=1), Publish("t", b"", 1, packet_id=2))
        assert [peer.hear(), peer.hear()] == [PubAck(2), PubAck(1)]


def test_suback_says_what_the_script_says(dial: Dial) -> None:
    with ScriptedBroker([Expect("SUBSCRIBE"), Ack(codes=(0x80,))]) as broker:
        peer = dial(broker)
        peer.greet()
        peer.say(Subscribe(1, (("t", 1),)), Publish("t"), PingReq())
        assert [peer.hear(), peer.hear()] == [SubAck(1, (0x80,)), PingResp()]


def test_split_packet_comes_in_its_pieces_with_answers_behind_it(dial: Dial) -> None:
    script = [Expect("PINGREQ"), Send(Publish("t", b"12"), split="each", gap_s=0.02)]
    with ScriptedBroker(script) as broker:
        peer = dial(broker)
        peer.greet()
        peer.say(PingReq(), PingReq())
        heard: list[bytes] = []
        while sum(map(len, heard)) < 9:
            heard.append(peer.socket.recv(64))
        assert b"".join(heard) == Publish("t", b"12").encode() + PingResp().encode()
        broker.wait_script(soon())
        said = [each.data for each in broker.traffic(0) if not each.is_received]
        assert [len(each) for each in said] == [4, 1, 1, 1, 1, 1, 1, 1, 2]
        assert len(heard) > 4, "most pieces are read one by one"


def test_packet_larger_than_the_buffers_arrives_whole(dial: Dial) -> None:
    packet = Publish("t", bytes(range(256)) * (32 << 10))
    with ScriptedBroker([Expect("CONNECT"), Ack(), Send(packet)]) as broker:
        peer = dial(broker)
        peer.greet()
        heard = bytearray()
        while len(heard) < len(packet.encode()):
            heard += peer.socket.recv(1 << 20)
        assert heard == packet.encode()
        broker.wait_script(soon())
        assert len([each for each in broker.traffic(0) if not each.is_received]) > 2


def test_client_that_goes_while_it_is_spoken_to_leaves_the_broker_well(dial: Dial) -> None:
    script = [Expect("CONNECT"), Ack(), *[Send(bytes(1 << 20), delay_s=0.01)] * 8]
    with ScriptedBroker(script) as broker:
        peer = dial(broker)
        peer.greet()
        peer.socket.close()
        broker.wait_end(soon())
        assert dial(broker).greet() == ConnAck()


def test_doubled_and_delayed_packets(dial: Dial) -> None:
    script = [Expect("PINGREQ"), Send(PingResp(), copies=2, delay_s=0.1)]
    with ScriptedBroker(script) as broker:
        peer = dial(broker)
        peer.greet()
        began_s = time.monotonic()
        peer.say(PingReq())
        assert [peer.hear(), peer.hear()] == [PingResp(), PingResp()]
        assert time.monotonic() - began_s >= 0.2


def test_pause_holds_back_what_stands_behind_it(dial: Dial) -> None:
    with ScriptedBroker([Expect("CONNECT"), Ack(), Pause(0.15), Send(PingResp())]) as broker:
        peer = dial(broker)
        peer.greet()
        began_s = time.monotonic()
        assert peer.hear() == PingResp()
        assert time.monotonic() - began_s >= 0.1


@pytest.mark.parametrize("is_reversed", [False, True])
def test_held_answers_are_released(dial: Dial, is_reversed: bool) -> None:
    with ScriptedBroker([Hold("PUBACK")]) as broker:
        peer = dial(broker)
        peer.greet()
        peer.say(Publish("t", b"", 1, packet_id=1), Publish("t", b"", 1, packet_id=2), PingReq())
        assert peer.hear() == PingResp()
        broker.perform(Release(is_reversed=is_reversed))
        first, second = (2, 1) if is_reversed else (1, 2)
        assert [peer.hear(), peer.hear()] == [PubAck(first), PubAck(second)]
        peer.say(Publish("t", b"", 1, packet_id=3))
        assert peer.hear() == PubAck(3)


def test_hold_of_everything(dial: Dial) -> None:
    with ScriptedBroker([Hold()]) as broker:
        peer = dial(broker)
        peer.say(Connect("c"), PingReq())
        broker.wait_packet("PINGREQ", soon())
        broker.perform(Release())
        assert [peer.hear(), peer.hear()] == [ConnAck(), PingResp()]


def test_wrong_bytes_are_said_as_they_are(dial: Dial) -> None:
    with ScriptedBroker([Expect("CONNECT"), Send(b"\x20\x02\x00\x09"), Send(b"\xff")]) as broker:
        peer = dial(broker)
        peer.say(Connect("c"))
        heard = b""
        while len(heard) < 5:
            heard += peer.socket.recv(10)
        assert heard == b"\x20\x02\x00\x09\xff"
        assert [each.data for each in broker.packets() if not each.is_received] == [
            b"\x20\x02\x00\x09",
            b"\xff",
        ]


# Ends.


def test_fin_comes_after_what_was_said_and_leaves_reading_open(dial: Dial) -> None:
    with ScriptedBroker([Expect("CONNECT"), Ack(), Close()]) as broker:
        peer = dial(broker)
        assert peer.greet() == ConnAck()
        assert peer.socket.recv(10) == b""
        assert broker.wait_end(soon(), by_client=False).how is End.FIN
        peer.say(PingReq())
        broker.wait_packet("PINGREQ", soon())
        with pytest.raises(ExpectationFailed, match="did not close"):
            broker.wait_end(Deadline.after(0.05))
        peer.socket.close()
        broker.wait_end(soon())


def test_reset_is_a_reset(dial: Dial) -> None:
    with ScriptedBroker([Expect("CONNECT"), Ack(), Expect("PINGREQ"), Close(End.RST)]) as broker:
        peer = dial(broker)
        peer.greet()
        peer.say(PingReq())
        with pytest.raises(ConnectionResetError):
            peer.socket.recv(10)
        assert broker.wait_end(soon(), by_client=False).how is End.RST
        broker.wait_script(soon())


def test_silence_hears_everything_and_says_nothing(dial: Dial) -> None:
    with ScriptedBroker([Expect("CONNECT"), Ack(), Close(End.SILENCE)]) as broker:
        peer = dial(broker)
        peer.greet()
        peer.say(PingReq())
        broker.wait_packet("PINGREQ", soon())
        peer.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            peer.socket.recv(10)
        broker.perform(Close(End.RST))
        peer.socket.settimeout(STEP_S)
        with pytest.raises(ConnectionResetError):
            peer.socket.recv(10)


def test_deaf_broker_stops_the_writes_of_its_client(dial: Dial) -> None:
    script = [Expect("CONNECT"), Ack(), Close(End.DEAF)]
    with ScriptedBroker(script, receive_buffer_bytes=2048) as broker:
        peer = dial(broker)
        peer.greet()
        broker.wait_script(soon())
        peer.socket.settimeout(0.3)
        # More than the buffers of both sides hold: 4 MiB on Linux at most for the sending side.
        with pytest.raises(TimeoutError):
            peer.socket.sendall(bytes(16 << 20))
        assert broker.packets("PUBLISH") == ()


def test_reset_by_the_client_is_told_from_its_fin(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        peer = dial(broker)
        peer.greet()
        linger = b"\1\0\0\0\0\0\0\0"
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        peer.socket.close()
        assert broker.wait_end(soon()).how is End.RST


def test_broker_that_is_shut_refuses_and_listens_again(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        peer = dial(broker)
        peer.greet()
        broker.shut()
        with pytest.raises(ConnectionRefusedError):
            dial(broker)
        peer.say(PingReq())
        assert peer.hear() == PingResp()
        broker.listen()
        assert dial(broker).greet(Connect("d")) == ConnAck()


# The record and the waits.


def test_record_has_every_byte_and_packet_with_its_time(dial: Dial) -> None:
    began_s = time.monotonic()
    with ScriptedBroker() as broker:
        peer = dial(broker)
        peer.greet()
        mark = broker.mark
        peer.say(Publish("t", b"1", 1, packet_id=1), Publish("t", b"2"))
        assert peer.hear() == PubAck(1)
        assert broker.received(0) == b"".join(
            each.encode()
            for each in (
                Connect("c"),
                Publish("t", b"1", 1, packet_id=1),
                Publish("t", b"2"),
            )
        )
        kinds = [(each.is_received, each.packet.kind) for each in broker.packets() if each.packet]
        assert kinds[:2] == [(True, "CONNECT"), (False, "CONNACK")]
        found = broker.wait_packet(Expect("PUBLISH", qos=0), soon(), mark=mark)
        assert began_s < found.at_s < time.monotonic()
        assert broker.packets("PUBLISH", mark=mark)[-1] == found

        def is_puback(each: WirePacket) -> bool:
            return not each.is_received and isinstance(each.packet, PubAck)

        assert broker.wait_packet(is_puback, soon()).packet == PubAck(1)


def test_packet_that_does_not_come_fails_the_client_in_five_parts(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        peer = dial(broker)
        peer.greet()
        peer.say(PubAck(9))
        broker.wait_packet("PUBACK", soon())
        with pytest.raises(ExpectationFailed) as failed:
            broker.wait_packet(Expect("PUBLISH", dup=True), Deadline.after(0.05))
        error = failed.value
        assert error.tried == "the packet did not come"
        assert broker.address.url in error.on
        assert error.expected == "PUBLISH with dup=True within 0.05 s"
        assert "#0 from the client: Connect" in error.got
        assert "broken: MQTT-2.3.1-6: PUBACK: PUBACK 9 answers nothing" in error.got
        assert error.advice


def test_client_that_does_not_connect_fails() -> None:
    with ScriptedBroker() as broker:
        with pytest.raises(ExpectationFailed, match="did not connect"):
            broker.wait_connection(Deadline.after(0.02))
        with pytest.raises(BrokerError, match="no connection"):
            broker.perform(Close())


def test_none_within_tells_of_what_came(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        peer = dial(broker)
        peer.greet()
        broker.none_within("PINGREQ", Deadline.after(0.05))
        peer.say(PingReq())
        with pytest.raises(ExpectationFailed, match="must not come"):
            broker.none_within("PINGREQ", soon())


def test_script_that_is_not_gone_through_names_its_step(dial: Dial) -> None:
    with ScriptedBroker([Expect("PUBLISH", qos=2)]) as broker:
        dial(broker).greet()
        with pytest.raises(ExpectationFailed) as failed:
            broker.wait_script(Deadline.after(0.05))
        assert failed.value.expected.startswith("PUBLISH with qos=2")


def test_function_of_a_script_that_raises_is_an_error_of_the_broker(dial: Dial) -> None:
    def broken(_: Packet) -> bytes:
        raise ValueError("wrong script")

    with ScriptedBroker([Expect("CONNECT"), Send(broken)]) as broker:
        peer = dial(broker)
        peer.say(Connect("c"))
        with pytest.raises(BrokerError) as stopped:
            broker.wait_packet("PINGREQ", soon())
        assert stopped.value.got == "ValueError: wrong script"
        assert peer.socket.recv(10) == b""


def test_ack_without_a_packet_is_an_error_of_the_script(dial: Dial) -> None:
    with ScriptedBroker() as broker:
        dial(broker).greet()
        with pytest.raises(BrokerError, match="has not taken"):
            broker.perform(Ack())
