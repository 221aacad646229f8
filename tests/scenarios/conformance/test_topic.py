"""Topic names and topic filters, MQTT 3.1.1 section 4.7."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Send
from harness.scenario.conversation import Conversation
from harness.wire.mqtt_packet import Publish, Subscribe


@pytest.mark.requirement("MQTT-4.7.1-1")
@pytest.mark.parametrize("topic", ["a/#", "+/b", "a+b", "#"])
def test_4_7_1_1_topic_name_received_with_a_wildcard_closes(talk: Conversation, topic: str) -> None:
    talk.make()
    talk.meet(Send(Publish(topic, b"m")))
    assert talk.outcome("c.wait_msg()") == ("MQTTException", None)
    talk.end()
    assert talk.got == []


@pytest.mark.requirement("MQTT-4.7.1-1")
def test_4_7_1_1_will_topic_with_a_wildcard_is_refused(talk: Conversation) -> None:
    talk.make()
    for topic in ("a/#", "+"):
        assert talk.outcome(f"c.set_last_will({topic!r}, 'm')")[0] == "ValueError"
    talk.meet()
    assert talk.opening()[9] & 0x04 == 0


@pytest.mark.requirement("MQTT-4.7.1-2")
def test_4_7_1_2_multi_level_wildcard_is_last_and_alone_in_its_level(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    bad = ["a#", "a/b#", "#/a", "a/#/b", "##", "#/", "/#a", "#/#"]
    good = ["#", "a/#", "/#", "+/#", "a/b/c/#"]
    refused = [each for each in bad if talk.outcome(f"c.subscribe({each!r})")[0] == "ValueError"]
    accepted = [each for each in good if talk.outcome(f"c.subscribe({each!r})")[0] == "returned"]
    assert (refused, accepted) == (bad, good)
    assert [each.filters[0][0] for each in talk.said() if isinstance(each, Subscribe)] == good


@pytest.mark.requirement("MQTT-4.7.1-3")
def test_4_7_1_3_single_level_wildcard_is_alone_in_its_level(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    bad = ["a+", "+a", "a/b+/c", "++", "a/++", "+#"]
    good = ["+", "a/+", "+/b", "/+", "+/+/+", "a/+/b", "+/"]
    refused = [each for each in bad if talk.outcome(f"c.subscribe({each!r})")[0] == "ValueError"]
    accepted = [each for each in good if talk.outcome(f"c.subscribe({each!r})")[0] == "returned"]
    assert (refused, accepted) == (bad, good)
    assert len(talk.said()) == len(good)


@pytest.mark.requirement("MQTT-4.7.3-1")
@pytest.mark.parametrize(
    "call",
    ["c.publish('', 'm')", "c.subscribe('')", "c.unsubscribe('')", "c.set_last_will('', 'm')"],
)
def test_4_7_3_1_empty_topic_is_not_sent(talk: Conversation, call: str) -> None:
    talk.make()
    talk.meet()
    assert talk.outcome(call) == ("ValueError", None)
    assert talk.said() == []


@pytest.mark.requirement("MQTT-4.7.3-1")
def test_4_7_3_1_empty_topic_received_closes(talk: Conversation) -> None:
    talk.make()
    talk.meet(Send(Publish("", b"m")))
    talk.outcome("c.wait_msg()")
    assert talk.end().by_client
    assert talk.got == []


@pytest.mark.requirement("MQTT-4.7.3-2")
@pytest.mark.parametrize(
    "call", [r"publish('\0', 'm')", r"subscribe('a/\0')", r"unsubscribe('\0/b')"]
)
def test_4_7_3_2_topic_with_u_0000_is_not_sent(talk: Conversation, call: str) -> None:
    talk.make()
    talk.meet()
    how = talk.outcome(f"c.{call}")[0]
    assert (how, talk.said()) == ("ValueError", [])


#: A heap of 70 KiB has no 64 KiB in one piece, not even with the client alone in it. So these bytes
#: say when they are first asked that they are so many, and a client that has asked must stop there.
LONG = """\
class Long(bytes):
    is_asked = False
    def __len__(self):
        if self.is_asked:
            return 1
        self.is_asked = True
        return 65536
long = Long(b"t")
"""


@pytest.mark.requirement("MQTT-4.7.3-3")
@pytest.mark.parametrize(
    "call", ["publish(long, 'm')", "subscribe(long)", "set_last_will(long, '')"]
)
def test_4_7_3_3_topic_over_65535_bytes_is_not_sent(talk: Conversation, call: str) -> None:
    talk.make()
    talk.meet()
    talk.board.exec(LONG)
    how = talk.outcome(f"c.{call}")[0]
    assert (how, talk.said()) == ("ValueError", [])


@pytest.mark.requirement("MQTT-4.7.3-3")
def test_4_7_3_3_topic_longer_than_one_byte_can_count_is_sent_whole(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    talk.value("c.publish('t' * 5000, 'm', qos=1)")
    assert [len(each.topic) for each in talk.messages()] == [5000]
