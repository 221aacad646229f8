"""Our packets against paho's: what paho sends is what we encode, and what we say paho understands.

paho is an implementation by others, so that an error of ours is not on both sides of a test.
"""

from __future__ import annotations

import pytest

from harness.broker.broker import Credentials
from harness.broker.client import MqttClient
from harness.broker.message import Will
from harness.broker.scripted import ScriptedBroker
from harness.broker.scripted_step import Ack, Close, End, Expect, Hold, Release, Send
from harness.deadline import Deadline
from harness.errors import BrokerError
from harness.wire.mqtt_packet import (
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PubAck,
    PubComp,
    Publish,
    PubRec,
    PubRel,
    Subscribe,
    Unsubscribe,
)
from harness.wire.mqtt_packet import Will as WillFields

CHINESE = "温度/客厅"


def soon() -> Deadline:
    return Deadline.after(5.0)


def test_what_paho_sends_is_what_we_encode() -> None:
    """Byte for byte: every packet of a client, with and without each of its parts."""
    with ScriptedBroker() as broker:
        with MqttClient(
            broker.address,
            Credentials("ü", "pass word"),
            client_id="x" * 200,
            clean_session=False,
            keepalive_s=600,
            will=Will(CHINESE, b"\x00gone", qos=2, retain=True),
        ) as client:
            assert client.connect(soon()) is False
            inbox = client.subscribe("a/+/#", soon(), qos=2)
            client.publish(CHINESE, b"\xff\x00", soon())
            client.publish("a/b", b"1", soon(), qos=1, retain=True)
            client.publish("a/b", bytes(300), soon(), qos=2)
            assert inbox.wait(lambda each: each.qos == 2, soon()) is not None
            broker.wait_packet("PUBCOMP", soon())
            client.unsubscribe(inbox, soon())
        broker.wait_end(soon())
        sent: dict[str, list[Packet]] = {}
        for each in broker.packets(lambda each: each.is_received):
            assert each.packet is not None
            sent.setdefault(each.packet.kind, []).append(each.packet)
        will = WillFields(CHINESE, b"\x00gone", 2, retain=True)
        assert sent == {
            "CONNECT": [
                Connect(
                    "x" * 200,
                    clean_session=False,
                    keepalive_s=600,
                    will=will,
                    user="ü",
                    password=b"pass word",
                )
            ],
            "SUBSCRIBE": [Subscribe(1, (("a/+/#", 2),))],
            "PUBLISH": [
                Publish(CHINESE, b"\xff\x00"),
                Publish("a/b", b"1", 1, retain=True, packet_id=3),
                Publish("a/b", bytes(300), 2, packet_id=4),
            ],
            "PUBACK": [PubAck(1)],
            "PUBREL": [PubRel(4)],
            "PUBREC": [PubRec(2)],
            "PUBCOMP": [PubComp(2)],
            "UNSUBSCRIBE": [Unsubscribe(5, ("a/+/#",))],
            "DISCONNECT": [Disconnect()],
        }
        order = broker.packets(lambda each: each.is_received)
        assert broker.received(0) == b"".join(
            each.packet.encode() for each in order if each.packet is not None
        )
        assert broker.violations() == ()


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_paho_understands_our_packets_byte_by_byte(qos: int) -> None:
    with ScriptedBroker([Expect("SUBSCRIBE"), Ack(split="each", gap_s=0.002)]) as broker:
        with MqttClient(broker.address) as client:
            client.connect(soon())
            inbox = client.subscribe("t", soon(), qos=qos)
            packet = Publish("t", b"\x00\xff", qos, retain=True, packet_id=7 if qos else 0)
            broker.perform(Send(packet, split="each", gap_s=0.002))
            delivery = inbox.next(soon())
            assert delivery is not None
            assert (delivery.topic, delivery.payload, delivery.qos, delivery.retain) == (
                "t",
                b"\x00\xff",
                qos,
                True,
            )
            answer = ("", "PUBACK", "PUBCOMP")[qos]
            if answer:
                broker.wait_packet(Expect(answer, packet_id=7), soon())
        assert broker.violations() == ()


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_paho_is_refused(code: int) -> None:
    script = [Expect("CONNECT"), Send(ConnAck(code=code)), Close()]
    with ScriptedBroker(script) as broker, MqttClient(broker.address) as client:
        with pytest.raises(BrokerError):
            client.connect(soon())
        broker.wait_packet("CONNECT", soon())


def test_paho_sees_the_end_of_a_connection() -> None:
    script = [Expect("CONNECT"), Ack(), Expect("PUBLISH"), Close(End.RST)]
    with ScriptedBroker(script) as broker, MqttClient(broker.address) as client:
        client.connect(soon())
        with pytest.raises(BrokerError):
            client.publish("t", b"", soon(), qos=1)


def test_paho_waits_for_an_answer_that_is_held_back() -> None:
    with ScriptedBroker([Hold("PUBACK")]) as broker, MqttClient(broker.address) as client:
        client.connect(soon())
        with pytest.raises(BrokerError):
            client.publish("t", b"1", Deadline.after(0.1), qos=1)
        assert len(broker.packets("PUBLISH")) == 1
        broker.perform(Release())
        client.publish("t", b"2", soon(), qos=1)


def test_paho_gets_again_what_it_could_not_acknowledge() -> None:
    """MQTT-4.4.0-1, the broker's side: the default sends it again, with DUP."""
    message = Publish("t", b"once", 1, packet_id=9)
    script = [Expect("CONNECT"), Ack(), Send(message), Close(End.RST)]
    with (
        ScriptedBroker(script) as broker,
        MqttClient(broker.address, client_id="k", clean_session=False) as client,
    ):
        client.connect(soon())
        broker.wait_script(soon())
        client.vanish()
        assert client.connect(soon()) is True
        assert client.received.wait(lambda each: each.dup, soon()) is not None
        broker.wait_packet(Expect("PUBACK", packet_id=9), soon())
        assert broker.violations() == ()
