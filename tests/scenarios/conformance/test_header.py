"""Fixed header and packet identifier, MQTT 3.1.1 sections 2.2 and 2.3."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Ack, Close, Expect, Send
from harness.scenario.conversation import Conversation
from harness.wire.mqtt_packet import (
    PubAck,
    PubComp,
    Publish,
    PubRec,
    PubRel,
    Subscribe,
    Unsubscribe,
)


def preset(talk: Conversation, number: int) -> None:
    """Let the client believe that this was its last identifier.

    The way to 65535 takes a board minutes. A client that keeps its count elsewhere has to show it
    by that long way.
    """
    if not talk.board.evaluate("hasattr(c, '_id')"):
        pytest.skip("missing capability: a packet identifier that can be preset")
    talk.board.exec(f"c._id = {number}")


@pytest.mark.requirement("MQTT-2.2.2-1")
def test_2_2_2_1_flags_of_each_packet_sent_are_those_of_the_table(talk: Conversation) -> None:
    talk.make()
    talk.meet(
        Send(Publish("t", b"in", 1, packet_id=8)), Send(Publish("t", b"in", 2, packet_id=9)),
        Expect("PUBREC"), Expect("PINGREQ"), Send(PubRel(9)), Ack(),
    )  # fmt: skip
    talk.value("c.subscribe('t', 1)")
    talk.value("c.unsubscribe('t')")
    talk.value("c.publish('t', 'm', qos=2)")
    talk.value("c.check_msg()")
    talk.value("c.ping()")
    talk.value("c.check_msg()")
    talk.value("c.disconnect()")
    talk.end()
    assert talk.opening()[0] == 0x10
    sent = talk.broker.received(0)[len(talk.opening()) :]
    assert sent == (
        b"\x82\x06\x00\x01\x00\x01t\x01"
        b"\xa2\x05\x00\x02\x00\x01t"
        b"\x34\x06\x00\x01t\x00\x03m\x62\x02\x00\x03"
        b"\x40\x02\x00\x08\x50\x02\x00\x09\xc0\x00\x70\x02\x00\x09\xe0\x00"
    )


@pytest.mark.requirement("MQTT-2.2.2-2")
@pytest.mark.parametrize(
    "data",
    [
        b"\x45\x02\x00\x01",
        b"\x52\x02\x00\x01",
        b"\x60\x02\x00\x01",
        b"\x72\x02\x00\x01",
        b"\x91\x03\x00\x01\x00",
        b"\xb2\x02\x00\x01",
        b"\xd1\x00",
        b"\x38\x04\x00\x01tm",
    ],
    ids=["PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBACK", "UNSUBACK", "PINGRESP", "PUBLISH"],
)
def test_2_2_2_2_invalid_flags_received_close(talk: Conversation, data: bytes) -> None:
    talk.make()
    # A client that lets it pass gets the message behind it.
    talk.meet(Send(data + Publish("t", b"m").encode()))
    assert talk.outcome("c.wait_msg()") == ("MQTTException", None)
    talk.end()
    assert talk.value("c.reconnect()") is False


@pytest.mark.requirement("MQTT-2.3.1-1")
def test_2_3_1_1_identifier_after_65535_is_not_0(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    preset(talk, 65533)
    for call in ("publish('t', 'm', qos=1)", "publish('t', 'm', qos=2)", "subscribe('t')"):
        talk.value(f"c.{call}")
    preset(talk, 65535)
    talk.value("c.unsubscribe('t')")
    talk.value("c.publish('t', 'm', qos=1)")
    numbers = [
        each.packet_id
        for each in talk.said()
        if isinstance(each, (Publish, Subscribe, Unsubscribe))
    ]
    assert numbers == [65534, 65535, 1, 1, 2]


@pytest.mark.requirement("MQTT-2.3.1-2")
def test_2_3_1_2_new_packet_takes_an_identifier_that_is_not_in_use(talk: Conversation) -> None:
    talk.make()
    talk.meet(Expect("PUBLISH"), Close(), clean=False)
    assert talk.outcome("c.publish('t', 'old', qos=1)")[0] == "OSError"
    talk.meet(Expect("PUBLISH", dup=True), present=True, call="c.reconnect()")
    preset(talk, 65535)
    talk.value("c.publish('t', 'new', qos=1)")
    talk.value("c.subscribe('t')")
    assert [each.packet_id for each in talk.messages()] == [1, 2]
    assert Subscribe(3, (("t", 0),)) in talk.said()


@pytest.mark.requirement("MQTT-2.3.1-3")
def test_2_3_1_3_packet_sent_again_keeps_its_identifier(talk: Conversation) -> None:
    talk.make()
    talk.meet(Expect("PUBLISH"), Close(), clean=False)
    preset(talk, 0x1233)
    assert talk.outcome("c.publish('t', 'one', qos=1)")[0] == "OSError"
    talk.meet(Expect("PUBLISH"), Expect("PUBLISH"), Close(), present=True, call="c.reconnect()")
    assert talk.outcome("c.publish('t', 'two', qos=2)")[0] == "OSError"
    talk.meet(present=True, call="c.reconnect()")
    again = [(each.payload, each.packet_id) for each in talk.messages()]
    assert again == [(b"one", 0x1234), (b"two", 0x1235)]


@pytest.mark.requirement("MQTT-2.3.1-3")
@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("publish('t', 'm', qos=1)", "PUBACK"),
        ("publish('t', 'm', qos=2)", "PUBCOMP"),
        ("subscribe('t')", "SUBACK"),
        ("unsubscribe('t')", "UNSUBACK"),
    ],
)
def test_2_3_1_3_identifier_is_free_after_its_answer(
    talk: Conversation, call: str, answer: str
) -> None:
    talk.make()
    talk.meet()
    for _ in range(2):
        preset(talk, 6)
        talk.value(f"c.{call}")
    talk.value("c.ping()")
    answers = [
        each.packet
        for each in talk.broker.packets()
        if not each.is_received and each.packet is not None and each.packet.kind == answer
    ]
    assert [getattr(each, "packet_id", 0) for each in answers] == [7, 7]
    assert not talk.broker.violations()


@pytest.mark.requirement("MQTT-2.3.1-5")
def test_2_3_1_5_qos_0_publish_has_no_identifier(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    talk.value("c.publish('topic', 'message')")
    talk.value("c.ping()")
    assert talk.broker.received(0)[len(talk.opening()) :] == b"\x30\x0e\x00\x05topicmessage\xc0\x00"


@pytest.mark.requirement("MQTT-2.3.1-6")
@pytest.mark.parametrize("number", [1, 0x1234, 65535])
def test_2_3_1_6_answers_carry_the_identifier_of_their_publish(
    talk: Conversation, number: int
) -> None:
    talk.make()
    talk.meet(
        Send(Publish("t", b"one", 1, packet_id=number)),
        Expect("PUBACK"),
        Send(Publish("t", b"two", 2, packet_id=number)),
    )
    talk.hear(2)
    talk.value("c.ping()")
    talk.value("c.check_msg()")
    assert talk.said() == [PubAck(number), PubRec(number), PubComp(number)]


@pytest.mark.requirement("MQTT-2.3.1-6")
def test_2_3_1_6_pubrel_carries_the_identifier_of_its_publish(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    preset(talk, 0x12FE)
    talk.value("c.publish('t', 'm', qos=2)")
    released = [each.packet for each in talk.broker.packets(Expect("PUBREL"))]
    assert released == [PubRel(0x12FF)]
