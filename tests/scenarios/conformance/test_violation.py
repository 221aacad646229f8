"""What breaks the protocol or cannot be handled ends the connection, MQTT 3.1.1 section 4.8."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Close, End, Expect, Pause, Send
from harness.scenario.conversation import Conversation
from harness.wire.mqtt_packet import PubAck, Publish

BROKEN = {
    "type-0": b"\x00\x00",
    "type-15": b"\xf0\x00",
    "CONNECT": b"\x10\x00",
    "second CONNACK": b"\x20\x02\x00\x00",
    "SUBSCRIBE": b"\x82\x06\x00\x01\x00\x01t\x00",
    "UNSUBSCRIBE": b"\xa2\x05\x00\x01\x00\x01t",
    "PINGREQ": b"\xc0\x00",
    "DISCONNECT": b"\xe0\x00",
    "length of five bytes": b"\x30\x80\x80\x80\x80\x01",
    "PUBACK too long": b"\x40\x03\x00\x01\x00",
    "PUBACK too short": b"\x40\x01\x00",
    "PUBACK of 0": b"\x40\x02\x00\x00",
    "PUBREL of 0": b"\x62\x02\x00\x00",
    "PINGRESP with a body": b"\xd0\x01\x00",
    "PUBLISH of 0": b"\x32\x06\x00\x01t\x00\x00m",
    "PUBLISH without a topic": b"\x30\x00",
    "PUBLISH shorter than its topic": b"\x30\x05\x00\x09abc",
    "PUBLISH without its identifier": b"\x32\x04\x00\x01t\x00",
}


@pytest.mark.requirement("MQTT-4.8.0-1")
@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_4_8_0_1_protocol_violation_closes(talk: Conversation, data: bytes) -> None:
    talk.make()
    talk.meet(Send(data))
    assert talk.outcome("c.wait_msg()") == ("MQTTException", None)
    talk.end()
    talk.meet(Send(Publish("t", b"good")), call="c.reconnect()")
    talk.value("c.wait_msg()")
    assert talk.got == [("t", "good")]


@pytest.mark.requirement("MQTT-4.8.0-1")
@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("publish('t', 'm', qos=1)", b"\x50\x02\x00\x01"),
        ("publish('t', 'm', qos=1)", b"\x70\x02\x00\x01"),
        ("publish('t', 'm', qos=2)", b"\x40\x02\x00\x01"),
        ("publish('t', 'm', qos=2)", b"\x70\x02\x00\x01"),
    ],
    ids=["PUBREC for PUBACK", "PUBCOMP for PUBACK", "PUBACK for PUBREC", "PUBCOMP for PUBREC"],
)
def test_4_8_0_1_answer_of_another_qos_closes(talk: Conversation, call: str, answer: bytes) -> None:
    talk.make()
    talk.meet(Expect("PUBLISH"), Send(answer))
    assert talk.outcome(f"c.{call}")[0] == "MQTTException"
    talk.end()


@pytest.mark.requirement("MQTT-4.8.0-2")
def test_4_8_0_2_message_there_is_no_room_for_closes_and_comes_again(talk: Conversation) -> None:
    talk.make()
    # 256 MB are announced, and nobody may believe it.
    talk.meet(Send(b"\x32\xff\xff\xff\x7f\x00\x01t\x00\x05" + b"x" * 200), clean=False)
    assert talk.outcome("c.wait_msg()")[0] == "OSError"
    talk.end()
    again = Publish("t", b"small", 1, dup=True, packet_id=5)
    talk.meet(Send(again), present=True, call="c.reconnect()")
    talk.value("c.wait_msg()")
    assert (talk.got, talk.said()) == ([("t", "small")], [PubAck(5)])


@pytest.mark.requirement("MQTT-4.8.0-2")
@pytest.mark.parametrize("how", [End.FIN, End.RST], ids=["FIN", "RST"])
def test_4_8_0_2_connection_lost_inside_a_packet_is_told_and_nothing_delivered(
    talk: Conversation, how: End
) -> None:
    talk.make()
    talk.meet()
    # A reset takes away what has come and was not read, so CONNACK must have been.
    begun = Publish("topic", b"message", 1, packet_id=1).encode()[:9]
    talk.broker.perform(Send(begun), Pause(0.1), Close(how))
    assert talk.outcome("c.wait_msg()")[0] == "OSError"
    assert talk.got == []
    talk.meet(call="c.reconnect()")


@pytest.mark.requirement("MQTT-4.8.0-2")
def test_4_8_0_2_packet_that_is_never_complete_ends_the_connection(talk: Conversation) -> None:
    talk.make()
    talk.board.exec("c.timeout_s = 0.5")
    talk.meet(Send(Publish("topic", b"message").encode()[:9]))
    assert talk.outcome("c.wait_msg()") == ("OSError", "ETIMEDOUT")
    talk.end()


@pytest.mark.requirement("MQTT-4.8.0-2")
def test_4_8_0_2_answer_that_nobody_waits_for_is_harmless(talk: Conversation) -> None:
    talk.make()
    late = b"\x40\x02\x00\x63\xb0\x02\x00\x63\x90\x03\x00\x63\x00\xd0\x00\x70\x02\x00\x63"
    talk.meet(Send(late))
    assert talk.outcome("c.publish('t', 'm', qos=1)") == ("returned", None)
    assert talk.said() == [Publish("t", b"m", 1, packet_id=1)]
