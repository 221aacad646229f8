"""The last will: MQTT-20 to MQTT-25."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.scenario.broker_fact import BrokerFacts
from harness.scenario.device_client import DeviceClient
from harness.scenario.dut import BoardUnderTest
from harness.scenario.messenger import Messenger

#: The client vanishes: its socket is closed without a DISCONNECT.
VANISH = "c._sock.close()"


def armed(make_client: Callable[..., DeviceClient], will: str) -> DeviceClient:
    client = make_client(connect=False)
    client(f"set_last_will({will})")
    client("connect()")
    return client


@pytest.mark.requirement("MQTT-20", "MQTT-22")
def test_will_is_published_when_the_client_vanishes(
    make_client: Callable[..., DeviceClient], mqtt: Messenger, topic: str
) -> None:
    inbox = mqtt.subscribe(topic)
    armed(make_client, f"{topic!r}, 'gone \u706f'").run(VANISH)
    inbox.expect(topic, "gone \u706f", qos=0)


@pytest.mark.requirement("MQTT-20")
def test_will_is_published_when_the_board_is_reset(
    make_client: Callable[..., DeviceClient], mqtt: Messenger, topic: str
) -> None:
    inbox = mqtt.subscribe(topic)
    client = armed(make_client, f"{topic!r}, 'reset'")
    client.board.reset()
    inbox.expect(topic, "reset")


@pytest.mark.requirement("MQTT-21")
def test_will_is_not_published_after_a_goodbye(
    make_client: Callable[..., DeviceClient], mqtt: Messenger, topic: str
) -> None:
    inbox = mqtt.subscribe(topic)
    armed(make_client, f"{topic!r}, 'gone'")("disconnect()")
    inbox.expect_none(topic)


@pytest.mark.requirement("MQTT-23")
def test_retained_will_becomes_the_last_known_message(
    make_client: Callable[..., DeviceClient], mqtt: Messenger, topic: str
) -> None:
    live = mqtt.subscribe(topic)
    armed(make_client, f"{topic!r}, 'offline', True, 1").run(VANISH)
    live.expect(topic, "offline")
    mqtt.subscribe(f"{topic}/#").expect(topic, "offline", retain=True)


@pytest.mark.requirement("MQTT-24")
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_will_keeps_its_qos(
    facts: BrokerFacts,
    make_client: Callable[..., DeviceClient],
    mqtt: Messenger,
    topic: str,
    qos: int,
) -> None:
    inbox = mqtt.subscribe(topic, qos=2)
    client = armed(make_client, f"{topic!r}, 'w', False, {qos}")
    will = facts.connections(client.client_id)[0].will
    assert will is not None
    assert (will.topic, will.qos, will.retain) == (topic, qos, False)
    client.run(VANISH)
    inbox.expect(topic, "w", qos=qos)


@pytest.mark.requirement("MQTT-25")
@pytest.mark.parametrize("will", ["'', 'm'", "'a/#', 'm'", "'a/+', 'm'", "'a', 'm', False, 3"])
def test_wrong_will_is_refused(board: BoardUnderTest, will: str) -> None:
    board.exec("from mqtt import MQTTClient; c = MQTTClient('a', 'broker.lab')")
    board.exec_raises(f"c.set_last_will({will})", "ValueError")
