"""Subscribing and receiving: MQTT-32 to MQTT-41 and MQTT-50."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.deadline import Deadline
from harness.scenario.broker_fact import BrokerFacts
from harness.scenario.device_client import DeviceClient
from harness.scenario.dut import BoardUnderTest
from harness.scenario.messenger import Messenger


@pytest.mark.requirement("MQTT-32")
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_subscribe_returns_the_granted_qos(client: DeviceClient, topic: str, qos: int) -> None:
    assert client(f"subscribe({topic!r}, {qos})") == qos


@pytest.mark.requirement("MQTT-32")
@pytest.mark.parametrize(
    ("pattern", "name"), [("{0}/#", "{0}/a/b"), ("{0}/+/b", "{0}/a/b"), ("{0}/#", "{0}")]
)
def test_wildcards_match(
    client: DeviceClient, mqtt: Messenger, topic: str, pattern: str, name: str
) -> None:
    client(f"subscribe({pattern.format(topic)!r})")
    mqtt.publish(name.format(topic), "m")
    client("wait_msg()")
    assert client.got == [(name.format(topic), "m")]


@pytest.mark.requirement("MQTT-33")
def test_leading_slash_is_a_level(client: DeviceClient, mqtt: Messenger, topic: str) -> None:
    client(f"subscribe('/{topic}')")
    mqtt.publish(topic, "without")
    mqtt.publish(f"/{topic}", "with")
    client("wait_msg()")
    assert client.got == [(f"/{topic}", "with")]


@pytest.mark.requirement("MQTT-34", "MQTT-35")
def test_callback_is_called_once_a_message_in_order(
    client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    client(f"subscribe({topic!r}, 1)")
    for number in range(10):
        mqtt.publish(topic, str(number), qos=1)
    client.run("while len(got) < 10:\n    c.wait_msg()")
    assert client.got == [(topic, str(number)) for number in range(10)]


@pytest.mark.requirement("MQTT-36")
@pytest.mark.parametrize(
    ("payload", "seen"),
    [(b"38", "38"), ("\u706f".encode(), "\u706f"), (b"\xff\xfe", b"\xff\xfe"), (b"", "")],
    ids=["ascii", "chinese", "binary", "empty"],
)
def test_message_is_str_where_it_is_text(
    client: DeviceClient, mqtt: Messenger, topic: str, payload: bytes, seen: object
) -> None:
    client(f"subscribe({topic!r})")
    mqtt.publish(topic, payload)
    client("wait_msg()")
    assert client.got == [(topic, seen)]


@pytest.mark.requirement("MQTT-37")
def test_subscribe_without_a_callback_is_refused(online: BoardUnderTest) -> None:
    online.exec("c = MQTTClient('', 'broker.lab', user='test', password='test'); c.connect()")
    error = online.exec_raises("c.subscribe('a')", "MQTTException")
    assert "set_callback" in error.message


@pytest.mark.requirement("MQTT-38")
@pytest.mark.parametrize("qos", [1, 2])
def test_message_is_acknowledged_after_the_callback(
    facts: BrokerFacts, client: DeviceClient, mqtt: Messenger, topic: str, qos: int
) -> None:
    kind = {1: "PUBACK", 2: "PUBREC"}[qos]
    client.run(
        "def slow(topic, msg):\n"
        "    c.publish('hil/inside', msg)\n"
        "    got.append((topic, msg))\n"
        "c.set_callback(slow)"
    )
    client(f"subscribe({topic!r}, {qos})")
    inside = mqtt.subscribe("hil/inside")
    mqtt.publish(topic, "m", qos=qos)
    client("wait_msg()")
    inside.expect("hil/inside", "m")
    client("ping()")
    (answer,) = [each for each in facts.packets(client.client_id, kind) if each.is_received]
    (published,) = [each for each in facts.packets(client.client_id, "PUBLISH") if each.is_received]
    assert published.at_s <= answer.at_s


@pytest.mark.requirement("MQTT-38")
def test_callback_that_raises_reaches_the_caller_and_the_client_goes_on(
    facts: BrokerFacts, client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    client.run(
        "def touchy(topic, msg):\n"
        "    got.append((topic, msg))\n"
        "    if msg == 'bad':\n"
        "        raise ValueError('touchy')\n"
        "c.set_callback(touchy)"
    )
    client(f"subscribe({topic!r}, 1)")
    mqtt.publish(topic, "bad", qos=1)
    client.board.exec_raises("c.wait_msg()", "ValueError")
    assert facts.packets(client.client_id, "PUBACK") == []
    mqtt.publish(topic, "good", qos=1)
    client("wait_msg()")
    client("ping()")
    assert client.got == [(topic, "bad"), (topic, "good")]
    assert len(facts.packets(client.client_id, "PUBACK")) == 2


@pytest.mark.requirement("MQTT-39")
def test_wait_msg_blocks_and_then_hands_over_all(
    client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    client(f"subscribe({topic!r}, 1)")
    for number in range(3):
        mqtt.publish(topic, str(number), qos=1)
    client("ping()")
    client("wait_msg()")
    assert [msg for _, msg in client.got] == ["0", "1", "2"]


@pytest.mark.requirement("MQTT-39")
def test_wait_msg_waits_for_the_first_message(
    client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    client(f"subscribe({topic!r})")
    inbox = mqtt.subscribe("hil/waiting")
    board = client.board
    # The board itself says that it is about to wait; only then is the message published.
    program = board.board.start(
        "c.publish('hil/waiting', 'now'); c.wait_msg(); print(got)", Deadline.after(10.0)
    )
    inbox.expect("hil/waiting", "now")
    mqtt.publish(topic, "late")
    assert b"late" in program.wait(Deadline.after(10.0))


@pytest.mark.requirement("MQTT-40")
def test_check_msg_returns_at_once_when_nothing_is_pending(
    client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    client(f"subscribe({topic!r})")
    took_ms = client.board.exec(
        "from time import ticks_diff, ticks_ms\n"
        "began = ticks_ms()\nc.check_msg()\nprint(ticks_diff(ticks_ms(), began))"
    )
    assert int(took_ms) < 100
    mqtt.publish(topic, "m")
    client.run("while not got:\n    c.check_msg()")
    assert client.got == [(topic, "m")]


@pytest.mark.requirement("MQTT-41")
def test_retained_message_comes_after_subscribe(
    client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    mqtt.publish(topic, "stored", qos=1, retain=True)
    client(f"subscribe({topic!r}, 1)")
    client("wait_msg()")
    assert client.got == [(topic, "stored")]


@pytest.mark.requirement("MQTT-50")
@pytest.mark.parametrize("qos", [0, 1])
def test_echo_inside_publish_is_kept_for_wait_msg(
    client: DeviceClient, topic: str, qos: int
) -> None:
    client(f"subscribe({topic!r}, {qos})")
    client.run(f"c.publish({topic!r}, 'echo', False, 1)\nduring = list(got)\nc.wait_msg()")
    assert client.board.evaluate("during") == []
    assert client.got == [(topic, "echo")]


@pytest.mark.requirement("MQTT-50")
def test_publish_inside_the_callback_works(
    client: DeviceClient, mqtt: Messenger, topic: str
) -> None:
    client.run(
        "def relay(topic, msg):\n"
        "    got.append((topic, msg))\n"
        "    c.publish(topic + '/answer', msg, False, 1)\n"
        "c.set_callback(relay)"
    )
    inbox = mqtt.subscribe(f"{topic}/answer")
    client(f"subscribe({topic!r}, 1)")
    for number in range(3):
        mqtt.publish(topic, str(number), qos=1)
    client.run("while len(got) < 3:\n    c.wait_msg()")
    for number in range(3):
        inbox.expect(f"{topic}/answer", str(number))


@pytest.mark.requirement("MQTT-50")
def test_queue_is_bounded_and_drops_only_qos_0(
    make_client: Callable[..., DeviceClient], mqtt: Messenger, topic: str
) -> None:
    client = make_client()
    client(f"subscribe({topic!r}, 0)")
    for number in range(30):
        mqtt.publish(topic, str(number))
    mqtt.publish(topic, "fence", qos=1)
    client("ping()")
    client("check_msg()")
    assert [msg for _, msg in client.got] == [str(number) for number in range(20)]
    assert client.board.evaluate("c.dropped") == 11


@pytest.mark.requirement("MQTT-50")
def test_queue_is_bounded_in_bytes(client: DeviceClient, mqtt: Messenger, topic: str) -> None:
    client(f"subscribe({topic!r}, 0)")
    for _ in range(4):
        mqtt.publish(topic, "x" * 2500, qos=1)  # the broker has it before the board asks
    client("ping()")
    client("check_msg()")
    # Three of them and their topics are within 8 KiB, four are not.
    assert len(client.got) == 3
    assert client.board.evaluate("c.dropped") == 1


@pytest.mark.requirement("MQTT-50")
def test_qos_1_beyond_the_queue_closes_the_connection_and_comes_again(
    make_client: Callable[..., DeviceClient], mqtt: Messenger, topic: str
) -> None:
    client = make_client(clean_session=False)
    client(f"subscribe({topic!r}, 1)")
    messages = [str(number) * 2500 for number in range(4)]
    for message in messages:
        mqtt.publish(topic, message, qos=1)
    error = client.board.exec_raises("c.ping()", "OSError")
    assert "ENOMEM" in error.message
    client("reconnect()")
    client.run("while len(set(got)) < 4:\n    c.wait_msg()")
    assert client.board.evaluate("[(msg[0], len(msg)) for _, msg in got]") == [
        (str(number), 2500) for number in range(4)
    ]
    client("disconnect()")
    client("connect(True)")
