"""Connecting, sessions, ending: MQTT-13 to MQTT-19, MQTT-48, MQTT-49."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from harness.broker.broker import Broker
from harness.broker.connection import Ending
from harness.scenario.broker_fact import BrokerFacts
from harness.scenario.device_client import DeviceClient
from harness.scenario.dut import BoardUnderTest
from harness.scenario.input import RigInputs
from harness.scenario.messenger import Messenger


@pytest.mark.requirement("MQTT-13")
def test_connect_tells_whether_there_was_a_session(
    make_client: Callable[..., DeviceClient],
) -> None:
    client = make_client(connect=False)
    assert client("connect()") is False
    client("disconnect()")
    assert client("connect(False)") is False
    client("disconnect()")
    assert client("connect(False)") is True
    client("disconnect()")
    assert client("connect()") is False


@pytest.mark.requirement("MQTT-13")
def test_connect_to_a_closed_port_raises(online: BoardUnderTest, broker: Broker) -> None:
    # Port 1 of the broker's host: nothing listens there.
    online.exec(f"c = MQTTClient('x', '{broker.address.host}', 1)")
    online.exec_raises("c.connect()", "OSError", within_s=15.0)


@pytest.mark.requirement("MQTT-13")
def test_connect_to_a_silent_server_ends_in_time(online: BoardUnderTest, broker: Broker) -> None:
    # The system takes the connection, and nobody answers on it.
    with socket.create_server((broker.address.host, 0)) as server:
        host, port = server.getsockname()
        online.exec(f"c = MQTTClient('x', '{host}', {port})\nc.timeout_s = 1")
        error = online.exec_raises("c.connect()", "OSError", within_s=5.0)
    assert "ETIMEDOUT" in error.message


@pytest.mark.requirement("MQTT-14")
def test_clean_session_leaves_nothing_at_the_broker(
    make_client: Callable[..., DeviceClient], mqtt: Messenger, topic: str
) -> None:
    client = make_client()
    client(f"subscribe({topic!r}, 1)")
    client("disconnect()")
    mqtt.publish(topic, "meanwhile", qos=1)
    assert client("connect()") is False
    client("check_msg()")
    client("ping()")
    client("check_msg()")
    assert client.got == []


@pytest.mark.requirement("MQTT-15")
@pytest.mark.parametrize("qos", [1, 2])
def test_kept_session_delivers_what_came_meanwhile(
    make_client: Callable[..., DeviceClient], mqtt: Messenger, topic: str, qos: int
) -> None:
    client = make_client(clean_session=False)
    client(f"subscribe({topic!r}, {qos})")
    client("disconnect()")
    mqtt.publish(topic, "meanwhile", qos=qos)
    assert client("connect(False)") is True
    client("wait_msg()")
    assert client.got == [(topic, "meanwhile")]
    client("disconnect()")
    client("connect(True)")


@pytest.mark.requirement("MQTT-16")
def test_reconnect_uses_the_same_details(
    facts: BrokerFacts, make_client: Callable[..., DeviceClient]
) -> None:
    client = make_client(keepalive=33, connect=False)
    client("set_last_will('will/again', 'bye', False, 1)")
    client("connect()")
    client("reconnect()")
    first, second = facts.connections(client.client_id)
    for name in ("user", "keepalive_s", "clean_session", "will"):
        assert getattr(first, name) == getattr(second, name)
    assert second.will is not None


@pytest.mark.requirement("MQTT-17")
def test_reconnect_before_connect_raises(make_client: Callable[..., DeviceClient]) -> None:
    client = make_client(connect=False)
    error = client.board.exec_raises("c.reconnect()", "OSError")
    assert "connect()" in error.message


@pytest.mark.requirement("MQTT-18")
def test_disconnect_says_goodbye_and_may_be_repeated(
    facts: BrokerFacts, client: DeviceClient, mqtt: Messenger
) -> None:
    client("disconnect()")
    client("disconnect()")
    mqtt.publish("hil/fence", "x", qos=1)
    (connection,) = facts.connections(client.client_id)
    assert connection.ending is Ending.GOODBYE


@pytest.mark.requirement("MQTT-19")
def test_ping_is_answered(facts: BrokerFacts, client: DeviceClient) -> None:
    client("ping()")
    assert [each.is_received for each in facts.packets(client.client_id, "PINGREQ")] == [True]
    assert len(facts.packets(client.client_id, "PINGRESP")) == 1


@pytest.mark.requirement("MQTT-19", "MQTT-49")
@pytest.mark.needs("inputs")
def test_ping_without_network_raises(client: DeviceClient, inputs: RigInputs) -> None:
    client.run("c.timeout_s = 2")
    inputs.wifi("down")
    client.board.exec_raises("c.ping()", "OSError", within_s=10.0)


@pytest.mark.requirement("MQTT-48")
def test_reconnect_subscribes_again_after_a_clean_session(
    client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    client(f"subscribe({topic!r}, 1)")
    client("reconnect()")
    mqtt.publish(topic, "after", qos=1)
    client("wait_msg()")
    assert client.got == [(topic, "after")]


@pytest.mark.requirement("MQTT-48")
def test_reconnect_to_a_kept_session_does_not_subscribe_again(
    facts: BrokerFacts, make_client: Callable[..., DeviceClient], mqtt: Messenger, topic: str
) -> None:
    client = make_client(clean_session=False)
    client(f"subscribe({topic!r}, 1)")
    assert client("reconnect()") is True
    mqtt.publish(topic, "after", qos=1)
    client("wait_msg()")
    assert client.got == [(topic, "after")]
    assert len(facts.packets(client.client_id, "SUBSCRIBE")) == 1
    client("disconnect()")
    client("connect(True)")


@pytest.mark.requirement("MQTT-48")
@pytest.mark.needs("inputs")
def test_messages_flow_again_after_a_lost_network(
    client: DeviceClient, mqtt: Messenger, topic: str, inputs: RigInputs
) -> None:
    client(f"subscribe({topic!r}, 1)")
    client.run("c.timeout_s = 2")
    inputs.wifi("down")
    client.board.exec_raises("c.ping()", "OSError", within_s=10.0)
    inputs.wifi("up")
    client.run("while not codey.wifi.is_connected():\n    pass", within_s=20.0)
    client("reconnect()")
    mqtt.publish(topic, "back", qos=1)
    client("wait_msg()")
    assert client.got == [(topic, "back")]


@pytest.mark.requirement("MQTT-49")
@pytest.mark.parametrize(
    "call",
    ["publish('a', 'b')", "publish('a', 'b', False, 1)", "subscribe('a')", "ping()", "wait_msg()"],
)
def test_call_on_a_closed_connection_raises(client: DeviceClient, call: str) -> None:
    client("disconnect()")
    client.board.exec_raises(f"c.{call}", "OSError", within_s=5.0)


@pytest.mark.requirement("MQTT-49")
def test_second_client_of_the_same_id_ends_the_first(
    facts: BrokerFacts, make_client: Callable[..., DeviceClient]
) -> None:
    first = make_client(client_id="twin")
    make_client(client_id="twin")
    first.board.exec_raises("c.ping()", "OSError", within_s=5.0)
    assert facts.connections("twin")[0].ending is Ending.TAKEN_OVER
