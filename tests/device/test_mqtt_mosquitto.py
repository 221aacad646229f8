"""`MQTTClient` against a real Mosquitto: what needs a broker with a mind of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.broker.mosquitto import Mosquitto
from harness.broker.program import find_mosquitto
from harness.deadline import Deadline
from tests.device.conftest import Start

TWO = """
MQTTClient.timeout_s = 5
PORT = int({port})
a = MQTTClient("a", "127.0.0.1", PORT, "test", "test")
b = MQTTClient("b", "127.0.0.1", PORT, "test", "test")
a.set_callback(heard)
b.set_callback(heard)
"""


@pytest.fixture(scope="module")
def shared_broker() -> Iterator[Mosquitto]:
    """One broker for the tests that leave nothing in it."""
    with Mosquitto(find_mosquitto(os.environ.get("HIL_MOSQUITTO"))) as started:
        started.start(Deadline.after(10))
        yield started


@pytest.fixture
def two(shared_broker: Mosquitto) -> str:
    """The beginning of a program with two clients, `a` and `b`."""
    return TWO.format(port=shared_broker.address.port)


def test_mqtt_27_29_30_35_messages_of_each_qos_arrive_once_and_in_order(
    start: Start, two: str
) -> None:
    program = start(
        two + "got = []\nb.set_callback(lambda t, m: got.append(m))\na.connect()\nb.connect()\n"
        "print(b.subscribe('m27/#', 2))\n"
        "for i in range(60):\n    a.publish('m27/x', str(i), False, i % 3)\n"
        "while len(got) < 60:\n    b.wait_msg()\n"
        # Mosquitto lets QoS 0 overtake what waits for acknowledgements; each QoS keeps its order.
        "for qos in range(3):\n"
        "    print([m for m in got if int(m) % 3 == qos] == [str(i) for i in range(qos, 60, 3)])\n"
        "print(len(got), a._pending, b.dropped)"
    )
    assert program.end() == ["2", "True", "True", "True", "60 [] 0"]


def test_mqtt_45_own_echo_many_rounds_as_the_page_example_does(start: Start, two: str) -> None:
    program = start(
        two + "n = 0\n"
        "def count(topic, msg):\n    global n\n    n += 1\n"
        "    assert topic == 'm45/home' and msg == '38'\n"
        "a.set_callback(count)\na.connect()\na.subscribe('m45/#', 1)\n"
        "for i in range(300):\n    a.publish('m45/home', str(38), qos=1)\n"
        "    a.wait_msg()\n    assert n == i + 1\n"
        "print(n)"
    )
    assert program.end() == ["300"]


@pytest.mark.parametrize("size", [0, 127, 128, 20000])
def test_mqtt_31_text_and_bytes_of_any_length_arrive_unchanged(
    start: Start, two: str, size: int
) -> None:
    program = start(
        two + "a.set_callback(lambda t, m: print(t == '\u6e29/' + 'x' * 150, m == sent))\n"
        "a.connect()\na.subscribe('\u6e29/#')\n"
        f"for sent in 'y' * {size}, '\u5ea6' * ({size} // 3), b'\\xff' + b'z' * {size}:\n"
        "    a.publish('\u6e29/' + 'x' * 150, sent)\n    a.wait_msg()"
    )
    assert program.end() == ["True True"] * 3


def test_mqtt_28_41_retained_messages(start: Start, two: str) -> None:
    program = start(
        two
        + "a.connect()\na.publish('m28/kept', 'k', True, 1)\na.publish('m28/not', 'n', False, 1)\n"
        "a.publish('m28/gone', 'g', True, 1)\na.publish('m28/gone', '', True, 1)\n"
        "b.connect()\nb.subscribe('m28/#')\nb.ping()\nb.check_msg()\n"
        "a.publish('m28/kept', '', True, 1)"
    )
    assert program.end() == ["heard str:6d32382f6b657074 str:6b"]


@pytest.mark.parametrize("qos", [1, 2])
def test_mqtt_15_kept_session_delivers_what_came_meanwhile(
    start: Start, two: str, qos: int
) -> None:
    program = start(
        two + f"a.connect()\nprint(b.connect(False))\nb.subscribe('m15/#', {qos})\nb.disconnect()\n"
        f"for i in range(30):\n    a.publish('m15/x', str(i), False, {qos})\n"
        "got = []\nb.set_callback(lambda t, m: got.append(m))\nprint(b.reconnect())\n"
        "while len(got) < 30:\n    b.wait_msg()\n"
        "print(got == [str(i) for i in range(30)])\nb.disconnect()\nprint(b.connect())"
    )
    assert program.end() == ["False", "True", "True", "False"]


def test_mqtt_14_48_clean_session_keeps_nothing_and_reconnect_subscribes_again(
    start: Start, two: str
) -> None:
    program = start(
        two + "a.connect()\nb.connect()\nb.subscribe('m14/#', 1)\nb.disconnect()\n"
        "a.publish('m14/x', 'lost', False, 1)\nprint(b.reconnect())\n"
        "a.publish('m14/x', 'here', False, 1)\nb.wait_msg()"
    )
    assert program.end() == ["False", "heard str:6d31342f78 str:68657265"]


@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_mqtt_20_22_23_24_will_is_published_when_the_client_vanishes(
    start: Start, two: str, retain: bool, qos: int
) -> None:
    topic = f"m20/{retain}/{qos}"
    program = start(
        two + f"b.connect()\nb.subscribe({topic!r}, 2)\n"
        f"a.set_last_will({topic!r}, '\u6e29 gone', {retain}, {qos})\n"
        "a.connect()\na._close()\nb.wait_msg()\nprint('and then')\n"
        f"b.subscribe({topic!r})\nb.ping()\nb.check_msg()\n"
        f"b.publish({topic!r}, '', True)\nb.disconnect()"
    )
    heard = f"heard str:{topic.encode().hex()} str:{'温 gone'.encode().hex()}"
    assert program.end() == [heard, "and then"] + [heard] * retain


def test_mqtt_21_will_is_not_published_after_disconnect(start: Start, two: str) -> None:
    program = start(
        two + "b.connect()\nb.subscribe('m21/x', 2)\na.set_last_will('m21/x', 'gone', True, 1)\n"
        "a.connect()\na.disconnect()\na.connect()\na.disconnect()\nb.ping()\nb.check_msg()\n"
        "b.subscribe('m21/x')\nb.ping()\nb.check_msg()\nprint('nothing')\nb.disconnect()"
    )
    assert program.end() == ["nothing"]


def test_mqtt_09_wrong_password_is_refused_with_its_code(start: Start, two: str) -> None:
    program = start(
        two + "tries(MQTTClient('x', '127.0.0.1', PORT, 'test', 'wrong').connect)\n"
        "tries(MQTTClient('x', '127.0.0.1', PORT).connect)\n"
        "tries(MQTTClient('x', '127.0.0.1', PORT, 'test').connect)"
    )
    assert program.end() == ["MQTTException 5"] * 3


def test_mqtt_48_broker_restart_is_survived(start: Start, tmp_path: Path) -> None:
    with Mosquitto(find_mosquitto(os.environ.get("HIL_MOSQUITTO"))) as broker:
        broker.start(Deadline.after(10))
        program = start(
            TWO.format(port=broker.address.port)
            + "import time\na.connect(False)\na.subscribe('m48/#', 1)\nprint('up')\n"
            "tries(a.wait_msg)\n"
            "while True:\n    try:\n        print(a.reconnect())\n        break\n"
            "    except OSError:\n        time.sleep(0.05)\n"
            "a.publish('m48/x', 'again', qos=1)\na.wait_msg()"
        )
        assert program.line() == "up"
        broker.stop()
        assert program.line() == "OSError 104"
        broker.start(Deadline.after(10))
        assert program.end() == ["False", "heard str:6d34382f78 str:616761696e"]
