"""Publishing: MQTT-26 to MQTT-31."""

from __future__ import annotations

import pytest

from harness.scenario.broker_fact import BrokerFacts
from harness.scenario.device_client import DeviceClient
from harness.scenario.messenger import Messenger


@pytest.mark.requirement("MQTT-26")
def test_positional_order_is_topic_message_retain_qos(
    facts: BrokerFacts, client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    mqtt.subscribe(topic)
    client(f"publish({topic!r}, 'm', True, 1)")
    (packet,) = [each for each in facts.packets(client.client_id, "PUBLISH") if each.is_received]
    assert (packet.topic, packet.retain, packet.qos) == (topic, True, 1)


@pytest.mark.requirement("MQTT-27")
@pytest.mark.parametrize("pattern", ["{0}", "{0}/#", "hil/+", "#"])
def test_message_reaches_a_matching_subscription(
    client: DeviceClient, mqtt: Messenger, topic: str, pattern: str
) -> None:
    inbox = mqtt.subscribe(pattern.format(topic))
    client(f"publish({topic!r}, 'hello')")
    inbox.expect(topic, "hello")


@pytest.mark.requirement("MQTT-28")
def test_retained_message_is_stored_replaced_and_deleted(
    client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    client(f"publish({topic!r}, 'one', retain=True, qos=1)")
    client(f"publish({topic!r}, 'not stored', retain=False, qos=1)")
    mqtt.subscribe(topic).expect(topic, "one", retain=True)
    client(f"publish({topic!r}, '', retain=True, qos=1)")
    mqtt.tidy()
    mqtt.subscribe(f"{topic}/#").expect_none(topic)


@pytest.mark.requirement("MQTT-29")
def test_qos_0_has_no_answer_and_qos_1_has_one(
    facts: BrokerFacts, client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    inbox = mqtt.subscribe(topic)
    client(f"publish({topic!r}, 'zero')")
    client(f"publish({topic!r}, 'one', qos=1)")
    inbox.expect(topic, "zero", qos=0)
    inbox.expect(topic, "one", qos=1)
    assert len(facts.packets(client.client_id, "PUBACK")) == 1


@pytest.mark.requirement("MQTT-30")
def test_qos_2_ends_with_pubcomp_and_arrives_once(
    facts: BrokerFacts, client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    inbox = mqtt.subscribe(topic, qos=2)
    client(f"publish({topic!r}, 'twice?', qos=2)")
    inbox.expect(topic, "twice?", qos=2)
    inbox.expect_none(topic)
    assert len(facts.packets(client.client_id, "PUBCOMP")) == 1


@pytest.mark.requirement("MQTT-31")
@pytest.mark.parametrize(
    ("message", "payload"),
    [
        ("'text'", b"text"),
        ("b'\\x00\\x01\\xff\\x03\\x04'", b"\x00\x01\xff\x03\x04"),
        ("''", b""),
        ("'\u4f60\u597d'", "\u4f60\u597d".encode()),
        ("'x' * 127", b"x" * 127),
        ("'x' * 128", b"x" * 128),
        ("'x' * 5000", b"x" * 5000),
    ],
    ids=["str", "bytes", "empty", "chinese", "127", "128", "5000"],
)
@pytest.mark.parametrize("qos", [0, 1])
def test_payload_arrives_unchanged(
    client: DeviceClient, mqtt: Messenger, topic: str, message: str, payload: bytes, qos: int
) -> None:
    inbox = mqtt.subscribe(topic)
    client(f"publish({topic!r}, {message}, qos={qos})")
    inbox.expect(topic, payload)


@pytest.mark.requirement("MQTT-31")
@pytest.mark.parametrize("size", [100, 127, 128, 300])
def test_long_topic_arrives_unchanged(
    client: DeviceClient, mqtt: Messenger, topic: str, size: int
) -> None:
    inbox = mqtt.subscribe(f"{topic}/#")
    client.run(f"t = '{topic}/' + '\u706f' * {size // 3}\nc.publish(t, 'm')")
    inbox.expect(f"{topic}/" + "\u706f" * (size // 3), "m")


@pytest.mark.requirement("MQTT-31")
@pytest.mark.parametrize("message", ["38", "None", "['a']", "3.5"])
def test_other_type_is_refused_before_a_byte_is_sent(
    client: DeviceClient, mqtt: Messenger, topic: str, message: str
) -> None:
    inbox = mqtt.subscribe(topic)
    client.board.exec_raises(f"c.publish({topic!r}, {message})", "TypeError")
    client(f"publish({topic!r}, 'next')")
    assert inbox.expect(topic).payload == b"next"


@pytest.mark.requirement("MQTT-31")
@pytest.mark.parametrize("name", ["''", "'a/#'", "'+'", "'a\\x00b'"])
def test_illegal_topic_is_refused(client: DeviceClient, name: str) -> None:
    client.board.exec_raises(f"c.publish({name}, 'm')", "ValueError")
    client("ping()")
