"""The lines are a recording of Mosquitto 2.0.11 with log_type all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.broker.log import LogLine
from harness.broker.packet import LoggedPacket, packets

ROUND = """\
New client connected from 127.0.0.1:45005 as c 1 (p2, c1, k0, u'test').
Sending CONNACK to c 1 (0, 0)
Received SUBSCRIBE from c 1
\tx/# (QoS 1)
c 1 1 x/#
\ty (QoS 0)
c 1 0 y
Sending SUBACK to c 1
Received PUBLISH from c 1 (d0, q1, r0, m2, 'it's/x', ... (5 bytes))
Sending PUBLISH to c 1 (d1, q2, r1, m1, 'x/y', ... (0 bytes))
Sending PUBACK to c 1 (m2, rc0)
Received PUBREC from c 1 (Mid: 1)
Sending PUBREL to c 1 (m1)
Received PUBACK from c 1 (Mid: 7, RC:0)
Received UNSUBSCRIBE from c 1
\tx/#
c 1 x/#
Sending UNSUBACK to c 1
Received PINGREQ from c 1
Received DISCONNECT from c 1
Sending CONNACK to 127.0.0.1 (0, 5)
"""


def lines(text: str) -> list[LogLine]:
    return [LogLine(float(number), line) for number, line in enumerate(text.split("\n"))]


def test_a_recorded_round_gives_its_packets_in_order() -> None:
    found = packets(lines(ROUND))
    assert [(each.kind, each.is_received, each.packet_id) for each in found] == [
        ("CONNACK", False, None),
        ("SUBSCRIBE", True, None),
        ("SUBACK", False, None),
        ("PUBLISH", True, 2),
        ("PUBLISH", False, 1),
        ("PUBACK", False, 2),
        ("PUBREC", True, 1),
        ("PUBREL", False, 1),
        ("PUBACK", True, 7),
        ("UNSUBSCRIBE", True, None),
        ("UNSUBACK", False, None),
        ("PINGREQ", True, None),
        ("DISCONNECT", True, None),
        ("CONNACK", False, None),
    ]
    assert {each.client_id for each in found[:-1]} == {"c 1"}
    assert found[-1].client_id == "127.0.0.1"


def test_a_publish_has_its_topic_size_and_flags() -> None:
    _, _, _, received, sent, *_ = packets(lines(ROUND))
    assert received == LoggedPacket(
        8.0,
        is_received=True,
        kind="PUBLISH",
        client_id="c 1",
        packet_id=2,
        topic="it's/x",
        size_bytes=5,
        qos=1,
    )
    assert (sent.topic, sent.size_bytes, sent.qos) == ("x/y", 0, 2)
    assert sent.retain
    assert sent.dup


def test_a_subscribe_has_all_its_filters_and_no_more() -> None:
    found = packets(lines(ROUND))
    assert found[1].filters == (("x/#", 1), ("y", 0))
    assert found[9].filters == (("x/#", -1),)
    assert all(not each.filters for each in found if "SUBSCRIBE" not in each.kind)


def test_the_topic_of_a_will_is_no_filter() -> None:
    text = "Received PINGREQ from c\nWill message specified (3 bytes) (r1, q2).\n\ta/b"
    (ping,) = packets(lines(text))
    assert (ping.kind, ping.filters) == ("PINGREQ", ())


@given(st.lists(st.sampled_from(ROUND.split("\n")) | st.text(max_size=60)))
def test_no_order_of_lines_breaks_the_reader(texts: list[str]) -> None:
    found = packets(LogLine(0.0, text) for text in texts)
    heads = [text for text in texts if text.startswith(("Received ", "Sending ")) and text in ROUND]
    assert len(found) >= len(heads)
