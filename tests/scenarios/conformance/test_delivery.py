"""PUBLISH and what follows it, MQTT 3.1.1 sections 3.3, 3.6, 4.3 and 4.5."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Ack, Close, Expect, Send
from harness.scenario.conversation import Conversation
from harness.wire.mqtt_packet import PingReq, PubAck, PubComp, Publish, PubRec, PubRel


@pytest.mark.requirement("MQTT-3.3.1-1")
@pytest.mark.parametrize("qos", [1, 2])
def test_3_3_1_1_publish_that_is_sent_again_has_dup(talk: Conversation, qos: int) -> None:
    talk.make()
    talk.meet(Expect("PUBLISH"), Close(), clean=False)
    assert talk.outcome(f"c.publish('t', 'm', qos={qos})")[0] == "OSError"
    talk.meet(present=True, call="c.reconnect()")
    talk.value("c.publish('t', 'n', qos=1)")
    assert [each.dup for number in range(2) for each in talk.messages(number)] == [
        False,
        True,
        False,
    ]


@pytest.mark.requirement("MQTT-3.3.1-2")
@pytest.mark.parametrize(("retain", "first"), [(False, 0x30), (True, 0x31)])
def test_3_3_1_2_qos_0_publish_has_no_dup(talk: Conversation, retain: bool, first: int) -> None:
    talk.make()
    talk.meet()
    talk.value(f"c.publish('t', 'm', {retain})")
    talk.value("c.ping()")
    sent = talk.broker.received(0)[len(talk.opening()) :]
    assert sent[0] == first


@pytest.mark.requirement("MQTT-3.3.1-2")
def test_3_3_1_2_qos_0_publish_received_with_dup_closes(talk: Conversation) -> None:
    talk.make()
    talk.meet(Send(Publish("t", b"m", 0, dup=True)))
    assert talk.outcome("c.wait_msg()")[0] == "MQTTException"
    talk.end()


@pytest.mark.requirement("MQTT-3.3.1-4")
def test_3_3_1_4_qos_3_is_not_sent(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    for qos in ("3", "-1", "'1'"):
        assert talk.outcome(f"c.publish('t', 'm', False, {qos})")[0] == "ValueError"
    assert talk.said() == []


@pytest.mark.requirement("MQTT-3.3.1-4")
@pytest.mark.parametrize("first", [0x36, 0x37, 0x3E])
def test_3_3_1_4_qos_3_received_closes(talk: Conversation, first: int) -> None:
    talk.make()
    talk.meet(Send(bytes((first,)) + b"\x06\x00\x01t\x00\x01m"))
    talk.outcome("c.wait_msg()")
    talk.end()
    assert talk.got == []
    assert len(talk.broker.received(0)) == len(talk.opening())


@pytest.mark.requirement("MQTT-3.3.2-1")
@pytest.mark.parametrize("topic", ["t", "/", "a/b/c", "温度", "x" * 300], ids=len)
def test_3_3_2_1_topic_name_is_the_first_field(talk: Conversation, topic: str) -> None:
    talk.make()
    talk.meet()
    talk.value(f"c.publish({topic!r}, 'the message')")
    talk.value("c.ping()")
    data = talk.broker.received(0)[len(talk.opening()) :]
    name = topic.encode()
    field = len(name).to_bytes(2, "big") + name
    start = 3 if data[1] & 0x80 else 2  # a remaining length over 127 takes two bytes
    assert data[start:] == field + b"the message" + PingReq().encode()


@pytest.mark.requirement("MQTT-3.3.2-2")
@pytest.mark.parametrize("topic", ["#", "+", "a/#", "a/+/b", "a+", "#a"])
def test_3_3_2_2_topic_name_with_a_wildcard_is_not_sent(talk: Conversation, topic: str) -> None:
    talk.make()
    talk.meet()
    how = talk.outcome(f"c.publish({topic!r}, 'm')")[0]
    assert (how, talk.messages()) == ("ValueError", [])


@pytest.mark.requirement("MQTT-3.3.4-1")
def test_3_3_4_1_each_qos_has_its_answer(talk: Conversation) -> None:
    talk.make()
    messages = [Publish("t", b"m"), *(Publish("t", b"m", q, packet_id=10 + q) for q in (1, 2))]
    talk.meet(Send(b"".join(each.encode() for each in messages)))
    talk.value("c.wait_msg()")
    talk.value("c.ping()")
    talk.value("c.check_msg()")
    assert talk.said() == [PubAck(11), PubRec(12), PubComp(12)]


@pytest.mark.requirement("MQTT-4.5.0-2")
@pytest.mark.parametrize(("qos", "answer"), [(1, PubAck(5)), (2, PubRec(5))])
def test_4_5_0_2_message_is_acknowledged_though_the_program_fails_at_it(
    talk: Conversation, qos: int, answer: PubAck | PubRec
) -> None:
    talk.make()
    talk.board.exec("def bad(topic, msg):\n    raise KeyError(topic)\nc.set_callback(bad)")
    talk.meet(Send(Publish("t", b"m", qos, packet_id=5)), Expect(answer.kind))
    assert talk.outcome("c.wait_msg()")[0] == "KeyError"
    talk.value("c.check_msg()")
    assert talk.said() == [answer]


@pytest.mark.requirement("MQTT-3.3.5-2")
def test_3_3_5_2_publish_that_the_broker_closes_for_is_told_at_once(talk: Conversation) -> None:
    talk.make()
    talk.board.exec("c.timeout_s = 30")
    talk.meet(Expect("PUBLISH"), Close())
    how, name = talk.outcome("c.publish('forbidden', 'm', qos=1)")
    assert how == "OSError"
    assert name != "ETIMEDOUT"
    talk.meet(call="c.reconnect()")


@pytest.mark.requirement("MQTT-3.3.5-2")
def test_3_3_5_2_publish_that_the_broker_drops_and_acknowledges_is_done(
    talk: Conversation,
) -> None:
    talk.make()
    talk.meet(Expect("PUBLISH", topic="forbidden"), Ack())
    assert talk.outcome("c.publish('forbidden', 'm', qos=1)") == ("returned", None)
    assert talk.outcome("c.publish('allowed', 'm', qos=1)") == ("returned", None)


@pytest.mark.requirement("MQTT-3.6.1-1")
def test_3_6_1_1_flags_of_pubrel_are_0010(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    talk.value("c.publish('t', 'm', qos=2)")
    sent = talk.broker.received(0)[len(talk.opening()) + len(Publish("t", b"m", 2).encode()) :]
    assert sent == b"\x62\x02\x00\x01"


@pytest.mark.requirement("MQTT-4.3.1-1")
def test_4_3_1_1_qos_0_publish_is_sent_once_and_for_all(talk: Conversation) -> None:
    talk.make()
    talk.meet(Expect("PUBLISH"), Close(), clean=False)
    talk.value("c.publish('t', 'm')")
    talk.meet(present=True, call="c.reconnect()")
    sent = [each for number in range(2) for each in talk.messages(number)]
    assert sent == [Publish("t", b"m", 0, dup=False)]


@pytest.mark.requirement("MQTT-4.3.2-1")
def test_4_3_2_1_qos_1_publish_is_open_until_its_puback(talk: Conversation) -> None:
    talk.make()
    talk.meet(Expect("PUBLISH"), Send(PubAck(99)), Ack(delay_s=0.2))
    talk.board.exec("c.publish('t', 'm', qos=1)\nc.publish('t', 'after')")
    talk.value("c.publish('t', 'n', qos=1)")
    packets = [each.packet for each in talk.broker.packets() if each.connection == 0][2:]
    assert packets == [
        Publish("t", b"m", 1, packet_id=1),
        PubAck(99),
        PubAck(1),
        Publish("t", b"after"),
        Publish("t", b"n", 1, packet_id=2),
        PubAck(2),
    ]


@pytest.mark.requirement("MQTT-4.3.2-2")
def test_4_3_2_2_same_identifier_after_puback_is_a_new_message(talk: Conversation) -> None:
    talk.make()
    talk.meet(
        Send(Publish("t", b"one", 1, packet_id=5)),
        Expect("PUBACK"),
        Send(Publish("t", b"two", 1, dup=True, packet_id=5)),
    )
    talk.hear(2)
    assert talk.got == [("t", "one"), ("t", "two")]
    assert talk.said() == [PubAck(5), PubAck(5)]


@pytest.mark.requirement("MQTT-4.3.2-2")
def test_4_3_2_2_puback_comes_after_the_program_has_the_message(talk: Conversation) -> None:
    talk.make()
    talk.board.exec("c.set_callback(lambda topic, msg: c.publish('has', msg))")
    talk.meet(Send(Publish("t", b"m", 1, packet_id=5)))
    talk.value("c.wait_msg()")
    assert talk.said() == [Publish("has", b"m"), PubAck(5)]


@pytest.mark.requirement("MQTT-4.3.3-1")
def test_4_3_3_1_qos_2_publish_takes_four_packets(talk: Conversation) -> None:
    talk.make()
    talk.meet(
        Expect("PUBLISH"), Ack(delay_s=0.1, copies=2), Expect("PUBREL"), Expect("PUBREL"),
        Ack(delay_s=0.1),
    )  # fmt: skip
    talk.board.exec("c.publish('t', 'm', qos=2)\nc.publish('t', 'after')")
    assert talk.said() == [
        Publish("t", b"m", 2, packet_id=1),
        PubRel(1),
        PubRel(1),
        Publish("t", b"after"),
    ]
    kinds = [each.packet.kind for each in talk.broker.packets() if each.packet is not None]
    assert kinds.index("PUBCOMP") == len(kinds) - 4  # before the last PUBLISH and the ping


@pytest.mark.requirement("MQTT-4.3.3-1")
def test_4_3_3_1_no_publish_after_pubrel(talk: Conversation) -> None:
    talk.make()
    talk.meet(Expect("PUBLISH"), Ack(), Expect("PUBREL"), Close(), clean=False)
    assert talk.outcome("c.publish('t', 'm', qos=2)")[0] == "OSError"
    talk.meet(present=True, call="c.reconnect()")
    assert talk.messages() == []


@pytest.mark.requirement("MQTT-4.3.3-2")
def test_4_3_3_2_qos_2_message_is_delivered_once_whatever_is_repeated(
    talk: Conversation,
) -> None:
    talk.make()
    again = Publish("t", b"m", 2, dup=True, packet_id=5)
    talk.meet(
        Send(Publish("t", b"m", 2, packet_id=5)), Expect("PUBREC"),
        Send(again), Expect("PUBREC"), Send(again), Expect("PUBREC"),
        Send(PubRel(5)), Expect("PUBCOMP"), Send(PubRel(5)), Expect("PUBCOMP"),
        Send(Publish("t", b"next", 2, packet_id=5)),
    )  # fmt: skip
    talk.hear(2)
    assert talk.got == [("t", "m"), ("t", "next")]
    assert talk.said()[:6] == [PubRec(5)] * 3 + [PubComp(5)] * 2 + [PubRec(5)]
