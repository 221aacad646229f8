"""Publishing and its exchanges, against a scripted broker."""

from __future__ import annotations

import pytest

from tests.device.conftest import Start
from tests.device.peer import (
    CONNACK_PRESENT,
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    Peer,
    answer,
    publish,
)
from tests.device.program import SHORT

ETIMEDOUT, ENOTCONN, ENOMEM, ECONNRESET = 110, 107, 12, 104
PUBACK, PUBREC, PUBREL, PUBCOMP = 0x40, 0x50, 0x62, 0x70


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("'t', 'm'", publish("t", "m")),
        ("'t', 'm', True", publish("t", "m", flags=1)),
        ("topic='t', msg='m', retain=True, qos=0", publish("t", "m", flags=1)),
        ("b't', b'm'", publish("t", "m")),
        ("'t', ''", publish("t", "")),
        ("'t', b'\\x00\\xff'", publish("t", b"\x00\xff")),
        ("'/', '38'", publish("/", "38")),
        ("'\u6e29\u5ea6', '\u4e09\u5341\u516b \U0001f600'", publish("温度", "三十八 \U0001f600")),
        ("'\ufefft', 'm'", publish("\ufefft", "m")),
        ("'t' * 200, 'm'", publish("t" * 200, "m")),
        ("'t' * 65535, 'm'", publish("t" * 65535, "m")),
        ("'t', 'm' * 124", publish("t", "m" * 124)),
        ("'t', 'm' * 125", publish("t", "m" * 125)),
        ("'t', '\u6e29' * 50", publish("t", "温" * 50)),
        ("'t', 'm' * 16380", publish("t", "m" * 16380)),
        ("'t', 'm' * 16381", publish("t", "m" * 16381)),
        ("'t', 'm' * 50000", publish("t", "m" * 50000)),
    ],
)
def test_mqtt_26_28_29_31_publish_is_this_packet(
    start: Start, peer: Peer, arguments: str, expected: bytes
) -> None:
    # Twice, as the send buffer is used again; then a short one, as a long buffer is given back.
    program = start(
        f"c = make()\nc.connect()\nfor i in range(2):\n    tries(c.publish, {arguments})\n"
        "c.publish('short', 'one')"
    )
    peer.greet()
    peer.expect(expected * 2 + publish("short", "one"))
    assert program.end() == ["returned None"] * 2


@pytest.mark.parametrize("size", [0, 1, 3, 122, 123, 124, 125, 126, 127, 128, 300])
def test_messages_of_changing_length_on_one_topic_do_not_mix(
    start: Start, peer: Peer, size: int
) -> None:
    program = start(
        "c = make()\nc.connect()\n"
        f"for topic, n in ('t', {size}), ('t', 5), ('t', {size}), ('uu', 5), ('t', {size}):\n"
        "    c.publish(topic, 'x' * n)"
    )
    peer.greet()
    for topic, length in ("t", size), ("t", 5), ("t", size), ("uu", 5), ("t", size):
        peer.expect(publish(topic, "x" * length))
    program.end()


def test_buffer_of_a_large_message_is_given_back(start: Start, peer: Peer) -> None:
    program = start(
        "c = make()\nc.connect()\nfor n in 10, 900, 5000, 10:\n"
        "    c.publish('t', 'x' * n)\n    print(len(c._tx))"
    )
    peer.greet()
    first, kept, *after = map(int, program.end())
    assert first < kept < 1024
    assert after == [kept, kept]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("3, 'm'", "TypeError"),
        ("None, 'm'", "TypeError"),
        ("bytearray(b't'), 'm'", "TypeError"),
        ("'t', 38", "TypeError"),
        ("'t', None", "TypeError"),
        ("'t', bytearray(b'm')", "TypeError"),
        ("'', 'm'", "ValueError"),
        ("'a/+/b', 'm'", "ValueError"),
        ("'a/#', 'm'", "ValueError"),
        ("'a\\0', 'm'", "ValueError"),
        ("b'\\xff\\xfe\\xfd', 'm'", "ValueError"),
        ("b'\\xed\\xa0\\x80', 'm'", "ValueError"),
        ("b'\\xc0\\x80', 'm'", "ValueError"),
        ("b'\\xf4\\x90\\x80\\x80', 'm'", "ValueError"),
        ("'t' * 65536, 'm'", "ValueError"),
        ("'t', 'm', False, 3", "ValueError"),
        ("'t', 'm', False, -1", "ValueError"),
        ("'t', 'm', False, '1'", "ValueError"),
    ],
)
def test_mqtt_31_bad_argument_raises_before_a_byte_is_sent(
    start: Start, peer: Peer, arguments: str, error: str
) -> None:
    program = start(f"c = make()\nc.connect()\ntries(c.publish, {arguments})\nc.disconnect()")
    peer.greet()
    peer.expect(DISCONNECT)
    assert program.end() == [error]


def test_mqtt_29_qos_1_returns_after_puback_of_its_id(start: Start, peer: Peer) -> None:
    program = start("c = make()\nc.connect()\nc.publish('t', 'm', False, 1)\nprint('done')\n")
    peer.greet()
    peer.expect(publish("t", "m", 1, 1))
    peer.send(answer(PUBACK, 7) + answer(PUBCOMP, 9) + answer(0x90, 1, b"\x00") + PINGRESP)
    peer.send(answer(PUBACK, 1))
    assert program.end() == ["done"]


def test_mqtt_30_qos_2_goes_through_all_four_packets(start: Start, peer: Peer) -> None:
    program = start("c = make()\nc.connect()\nc.publish('t', 'm', True, 2)\nprint('done')")
    peer.greet()
    peer.expect(publish("t", "m", 2, 1, 1))
    peer.send(answer(PUBREC, 1))
    peer.expect(answer(PUBREL, 1))
    peer.send(answer(PUBREC, 1))  # a doubled one is answered again
    peer.expect(answer(PUBREL, 1))
    peer.send(answer(PUBCOMP, 1))
    assert program.end() == ["done"]


@pytest.mark.parametrize(
    ("qos", "reply"),
    [
        (1, answer(PUBREC, 1)),
        (1, answer(PUBCOMP, 1)),
        (2, answer(PUBACK, 1)),
        (2, answer(PUBCOMP, 1)),
    ],
)
def test_acknowledgement_of_the_wrong_kind_is_a_protocol_error(
    start: Start, peer: Peer, qos: int, reply: bytes
) -> None:
    program = start(
        f"c = make()\nc.connect()\ntries(c.publish, 't', 'm', False, {qos})\ntries(c.reconnect)"
    )
    peer.greet()
    peer.take()
    peer.send(reply)
    peer.expect_end()
    peer.greet()
    assert program.end() == ["MQTTException None", "returned False"]


@pytest.mark.parametrize("replies", [[], [answer(PUBREC, 1)]])
def test_missing_acknowledgement_raises_in_time(
    start: Start, peer: Peer, replies: list[bytes]
) -> None:
    program = start(SHORT + "c = make()\nc.connect()\ntries(c.publish, 't', 'm', False, 2)")
    peer.greet()
    peer.take()
    for reply in replies:
        peer.send(reply)
        peer.take()
    peer.expect_end()
    assert program.end() == [f"OSError {ETIMEDOUT}"]


def test_flood_of_other_packets_does_not_stretch_the_time(start: Start, peer: Peer) -> None:
    program = start(SHORT + "c = make()\nc.connect()\ntries(c.publish, 't', 'm', False, 1)")
    peer.greet()
    peer.take()
    try:
        for _ in range(100000):
            peer.send(PINGRESP * 50)
    except OSError:
        pass  # the client has hung up, which is what this waits for
    else:
        pytest.fail("the client read on")
    assert program.end() == [f"OSError {ETIMEDOUT}"]


def test_id_wraps_from_65535_to_1(start: Start, peer: Peer) -> None:
    program = start(
        "c = make()\nc.connect()\nc._id = 65534\nfor i in range(3):\n    c.publish('t', 'm', qos=1)"
    )
    peer.greet()
    for number in (65535, 1, 2):
        peer.expect(publish("t", "m", 1, number))
        peer.send(answer(PUBACK, number))
    program.end()


def test_mqtt_48_unacknowledged_messages_go_out_again_in_order_with_dup(
    start: Start, peer: Peer
) -> None:
    program = start(
        "c = make()\nc.connect(False)\n"
        "tries(c.publish, 'a', 'one', False, 1)\n"
        "tries(c.reconnect)\n"
        "tries(c.publish, 'b', 'two' * 50, True, 2)\n"
        "tries(c.reconnect)\n"
        "tries(c.publish, 'c', 'three', False, 2)\n"
        "tries(c.reconnect)\n"
        "c._id = 65535\n"
        "tries(c.publish, 'd', 'four', False, 1)\n"
        "print(len(c._pending))\n"
    )
    one, two = publish("a", "one", 1, 1), publish("b", "two" * 50, 2, 2, 1)
    peer.greet()
    peer.expect(one)
    peer.hang_up()
    peer.greet(CONNACK_PRESENT)
    one = bytes((one[0] | 8,)) + one[1:]
    peer.expect(one)
    peer.expect(two)
    peer.hang_up()
    peer.greet(CONNACK_PRESENT)
    two = bytes((two[0] | 8,)) + two[1:]
    peer.expect(one + two + publish("c", "three", 2, 3))
    peer.send(answer(PUBREC, 3))
    peer.expect(answer(PUBREL, 3))
    peer.hang_up()
    peer.greet(CONNACK_PRESENT)
    # A new message takes an id that none of the unfinished has, and the old ones end on the way.
    peer.expect(one + two + answer(PUBREL, 3) + publish("d", "four", 1, 4))
    peer.send(answer(PUBACK, 1) + answer(PUBREC, 2))
    peer.expect(answer(PUBREL, 2))
    peer.send(answer(PUBCOMP, 2) + answer(PUBCOMP, 3) + answer(PUBACK, 4))
    lost = f"OSError {ECONNRESET}"
    assert program.end() == [
        lost,
        "returned True",
        lost,
        "returned True",
        lost,
        "returned True",
        "returned None",
        "0",
    ]


@pytest.mark.parametrize("clean", [True, False])
def test_mqtt_48_session_lost_old_messages_are_dropped(
    start: Start, peer: Peer, clean: bool
) -> None:
    program = start(
        f"c = make()\nc.connect({clean})\ntries(c.publish, 'a', 'one', False, 1)\n"
        "tries(c.reconnect)\ntries(c.ping)"
    )
    peer.greet()
    peer.take()
    peer.hang_up()
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == [f"OSError {ECONNRESET}", "returned False", "returned None"]


def test_unfinished_messages_are_limited(start: Start, peer: Peer) -> None:
    program = start(
        "c = make()\nc.max_queue_messages = 2\nc.connect(False)\n"
        "for i in range(2):\n    tries(c.publish, 'a', 'm', False, 1)\n    c.reconnect()\n"
        "tries(c.publish, 'a', 'm', False, 1)\ntries(c.publish, 'a', 'm')"
    )
    peer.greet()
    for _ in range(2):
        while (peer.take()[0] & 8) != 0:
            pass
        peer.hang_up()
        peer.greet(CONNACK_PRESENT)
    peer.take()
    peer.take()
    peer.expect(publish("a", "m"))
    lost = f"OSError {ECONNRESET}"
    assert program.end() == [lost, lost, f"OSError {ENOMEM}", "returned None"]


def test_broker_that_takes_nothing_ends_a_write_in_time(start: Start, peer: Peer) -> None:
    program = start(
        SHORT + "c = make()\nc.connect()\n"
        "def fill():\n    while True:\n        c.publish('t', b'x' * 30000)\n"
        "tries(fill)\ntries(c.ping)\ntries(c.reconnect)"
    )
    peer.greet()
    assert program.line() == f"OSError {ETIMEDOUT}"
    assert program.line() == f"OSError {ENOTCONN}"
    peer.greet()
    assert program.end() == ["returned False"]
