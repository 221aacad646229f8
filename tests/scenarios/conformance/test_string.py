"""UTF-8 strings, MQTT 3.1.1 section 1.5.3."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Send
from harness.scenario.conversation import Conversation
from harness.wire.mqtt_packet import Publish, Subscribe
from harness.wire.mqtt_string import encode_string


def message(topic: bytes) -> bytes:
    """Return a PUBLISH at QoS 0 whose topic is any bytes."""
    body = encode_string(topic) + b"m"
    return bytes((0x30, len(body))) + body


@pytest.mark.requirement("MQTT-1.5.3-1")
def test_1_5_3_1_strings_sent_are_utf8_counted_in_bytes(talk: Conversation) -> None:
    talk.make("'程小奔', 'broker.lab', user='Müller', password='x'")
    talk.meet()
    talk.value("c.publish('温度/室', '三')")
    talk.value("c.subscribe('温度/#')")
    assert talk.opening().endswith(
        b"\x00\x09\xe7\xa8\x8b\xe5\xb0\x8f\xe5\xa5\x94\x00\x07M\xc3\xbcller\x00\x01x"
    )
    assert talk.said() == [
        Publish("温度/室", "三".encode()),
        Subscribe(1, (("温度/#", 0),)),
    ]


@pytest.mark.requirement("MQTT-1.5.3-1")
@pytest.mark.parametrize(
    "topic",
    [b"\xff\xfe\xfd", b"\xc3", b"a\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe4\xb8"],
    ids=["never", "cut", "surrogate", "overlong", "too-large", "short"],
)
def test_1_5_3_1_ill_formed_topic_received_closes(talk: Conversation, topic: bytes) -> None:
    talk.make()
    talk.meet(Send(message(topic)))
    assert talk.outcome("c.wait_msg()") == ("MQTTException", None)
    talk.end()
    assert talk.got == []


@pytest.mark.requirement("MQTT-1.5.3-1")
@pytest.mark.parametrize("text", [r"b'\xff'", r"b'\xed\xa0\x80'"], ids=["never", "surrogate"])
def test_1_5_3_1_ill_formed_topic_is_not_sent(talk: Conversation, text: str) -> None:
    talk.make()
    talk.meet()
    assert talk.outcome(f"c.publish({text}, 'm')")[0] == "ValueError"
    assert talk.said() == []


@pytest.mark.requirement("MQTT-1.5.3-2")
@pytest.mark.parametrize(
    "call",
    [
        r"c.publish('a\0b', 'm')",
        r"c.subscribe('a\0b')",
        r"c.set_last_will('a\0b', 'm')",
        r"MQTTClient('a\0b', 'broker.lab')",
        r"MQTTClient('c', 'broker.lab', user='a\0b')",
    ],
    ids=["publish", "subscribe", "will", "client-id", "user"],
)
def test_1_5_3_2_u_0000_is_not_sent(talk: Conversation, call: str) -> None:
    talk.make()
    talk.meet()
    assert talk.outcome(call)[0] == "ValueError"
    assert talk.said() == []


@pytest.mark.requirement("MQTT-1.5.3-2")
def test_1_5_3_2_u_0000_received_closes(talk: Conversation) -> None:
    talk.make()
    talk.meet(Send(message(b"a\0b")))
    talk.outcome("c.wait_msg()")
    talk.end()
    assert talk.got == []


@pytest.mark.requirement("MQTT-1.5.3-3")
def test_1_5_3_3_byte_order_mark_is_a_character_like_others(talk: Conversation) -> None:
    talk.make()
    talk.meet(Send(Publish("\ufefftopic", b"\xef\xbb\xbfmessage")))
    talk.value("c.wait_msg()")
    assert talk.got == [("\ufefftopic", "\ufeffmessage")]
    talk.value("c.publish(*got[0])")
    assert talk.said() == [Publish("\ufefftopic", b"\xef\xbb\xbfmessage")]
