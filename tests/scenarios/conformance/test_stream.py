"""The connection is a stream of bytes, MQTT 3.1.1 section 4.2, and the transport below it.

The public cases, in a file of their own, show more of section 4.2.
"""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Expect, Send
from harness.scenario.conversation import Conversation
from harness.scenario.device_client import COLLECT, JOIN_WIFI
from harness.scenario.dut import BoardUnderTest
from harness.scenario.messenger import Messenger
from harness.wire.mqtt_packet import (
    Packet,
    PubAck,
    PubComp,
    Publish,
    PubRec,
    PubRel,
)

STREAM: tuple[Packet, ...] = (
    Publish("t", b"short"),
    Publish("温", b"x" * 300, 1, packet_id=0x0102),
    Publish("t", b"y" * 130, 2, packet_id=7),
    PubRel(7),
    PubAck(99),
    Publish("t", b"end"),
)
REPLIES = [PubAck(0x0102), PubRec(7), PubComp(7)]


@pytest.mark.requirement("MQTT-4.2")
@pytest.mark.parametrize(
    "at", [(), (1,), (2,), (5, 11), (12, 13, 14), (-3,), tuple(range(0, 470, 7))]
)
def test_4_2_messages_are_the_same_however_the_stream_is_cut(
    talk: Conversation, at: tuple[int, ...]
) -> None:
    talk.make()
    # The stream has its PUBREL itself: the script takes PUBREC, so that no other one answers it.
    data = b"".join(each.encode() for each in STREAM)
    talk.meet(Send(data, split=at, gap_s=0.002), Expect("PUBREC"))
    talk.hear(4)
    assert talk.said() == REPLIES
    assert [(topic, len(str(message))) for topic, message in talk.got] == [
        ("t", 5),
        ("温", 300),
        ("t", 130),
        ("t", 3),
    ]


@pytest.mark.requirement("MQTT-7.0.0-2")
def test_7_0_0_2_nothing_but_the_protocol_is_needed(talk: Conversation) -> None:
    # The broker knows 3.1.1 and nothing else, and notes each deviation.
    talk.make("'c', 'broker.lab', user='u', password='p', keepalive=60")
    talk.value("c.set_last_will('will', 'gone', True, 1)")
    talk.value("c.connect(False)")
    talk.value("c.subscribe('echo/+', 2)")
    for qos in range(3):
        talk.value(f"c.publish('echo/{qos}', 'm{qos}', qos={qos})")
        talk.hear(qos + 1)
    talk.value("c.ping()")
    talk.value("c.check_msg()")
    talk.value("c.unsubscribe('echo/+')")
    talk.value("c.disconnect()")
    talk.end()
    assert talk.got == [("echo/0", "m0"), ("echo/1", "m1"), ("echo/2", "m2")]
    assert talk.broker.violations() == ()


@pytest.mark.requirement("MQTT-7.1.2-1")
def test_7_1_2_1_client_talks_to_a_broker_over_tcp(board: BoardUnderTest, mqtt: Messenger) -> None:
    inbox = mqtt.subscribe("hil/transport/up")
    board.exec(JOIN_WIFI + COLLECT + "from mqtt import MQTTClient", within_s=30.0)
    board.exec(
        "c = MQTTClient('tcp', 'broker.lab', user='test', password='test')\n"
        "c.set_callback(_collect)\nc.connect()\nc.subscribe('hil/transport/down', 1)\n"
        "c.publish('hil/transport/up', 'up' * 1500, qos=1)"
    )
    inbox.expect("hil/transport/up", "up" * 1500, qos=1)
    mqtt.publish("hil/transport/down", "down" * 1000, qos=1)
    board.exec("c.wait_msg()")
    assert board.evaluate("got") == [("hil/transport/down", "down" * 1000)]
