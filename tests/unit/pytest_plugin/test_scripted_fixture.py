"""The fixture `scripted` and the conversation on it, in sessions on a virtual board."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.pytest_plugin.conftest import RunSession

HEAD = """
from harness.broker.scripted_step import Ack, Close, Expect, Send
from harness.scenario.conversation import Conversation
from harness.scenario.device_client import JOIN_WIFI
from harness.wire.mqtt_packet import ConnAck, Connect, Publish, SubAck, Subscribe

@pytest.fixture
def talk(board, scripted):
    return Conversation(board, scripted)
"""

TALKS = (
    HEAD
    + r"""
def test_client_and_broker_talk(talk):
    talk.make()
    talk.meet(Expect("PUBLISH", qos=1), Ack(), Send(Publish("a", b"one")), Send(Publish("a", b"2")))
    assert talk.outcome("c.publish('t', 'm', qos=1)") == ("returned", None)
    talk.hear(2)
    assert talk.got == [("a", "one"), ("a", "2")]
    assert talk.value("c.subscribe('x', 2)") == 2
    assert talk.said() == [Publish("t", b"m", 1, packet_id=1), Subscribe(2, (("x", 2),))]
    assert talk.messages() == [Publish("t", b"m", 1, packet_id=1)]
    talk.make("'x' * 200, 'any.host', 8883", name="other")
    talk.value("other.connect()")
    assert talk.opening(0) == Connect("c").encode()
    assert talk.opening() == Connect("x" * 200).encode()
    assert talk.messages(0) == [Publish("t", b"m", 1, packet_id=1)]
    talk.value("c.disconnect()")
    assert talk.end(0).by_client

def test_each_way_to_end_is_told_apart(talk):
    talk.make()
    assert talk.outcome("1 + 1") == ("returned", 2)
    assert talk.outcome("c") == ("returned", "MQTTClient")
    assert talk.outcome("c.ping()") == ("OSError", "ENOTCONN")
    assert talk.outcome("c.publish('#', 'm')") == ("ValueError", None)
    talk.broker.expect_connection(Expect("CONNECT"), Send(ConnAck(code=5)))
    assert talk.outcome("c.connect()") == ("MQTTException", 5)

def test_value_of_what_raises(talk):
    talk.make()
    talk.value("c.ping()")

def test_meeting_that_is_refused(talk):
    talk.make()
    talk.broker.expect_connection(Expect("CONNECT"), Send(ConnAck(code=2)))
    talk.meet()

def test_client_that_does_not_close(talk, monkeypatch):
    monkeypatch.setattr("harness.scenario.conversation.SOON_S", 0.5)
    talk.make()
    talk.meet()
    talk.end()

def test_message_that_does_not_come(talk):
    talk.make()
    talk.meet(Close())
    talk.hear()

def test_names_are_the_runs_broker_again(board, mqtt):
    inbox = mqtt.subscribe("up")
    board.exec(JOIN_WIFI + "from mqtt import MQTTClient", within_s=30.0)
    board.exec("c = MQTTClient('c', 'any', user='test', password='test')\nc.connect()")
    board.exec("c.publish('up', 'here')")
    inbox.expect("up", "here")
"""
)


def test_conversation_tells_what_happens_and_fails_where_it_must(
    run_session: RunSession, with_mosquitto: None
) -> None:
    session = run_session(TALKS)
    ends = {
        each["test"].rpartition("::")[2]: (each["verdict"], each["message"].partition("\n")[0])
        for each in session.journal("test.end")
    }
    assert ends == {
        "test_client_and_broker_talk": ("pass", ""),
        "test_each_way_to_end_is_told_apart": ("pass", ""),
        "test_value_of_what_raises": ("fail", "c.ping() raised OSError"),
        "test_meeting_that_is_refused": ("fail", "c.connect(True) raised MQTTException"),
        "test_client_that_does_not_close": ("fail", "the client did not close the connection"),
        "test_message_that_does_not_come": ("fail", "the code on the board raised OSError"),
        "test_names_are_the_runs_broker_again": ("pass", ""),
    }
    logged = [
        each["line"]
        for each in session.journal("broker.log")
        if str(each["test"]).endswith("::test_client_and_broker_talk")
    ]
    assert logged[0].startswith("#0 from the client: Connect(client_id='c'")
    assert any("to the client: Publish(topic='a', payload=b'one'" in each for each in logged)


FAULTS = (
    HEAD
    + """
def test_fails(talk):
    talk.make()
    talk.meet()
    assert talk.outcome("c.ping()") == ("OSError", "EIO")

def test_needs_the_runs_broker(board, mqtt): pass

def test_fails_again(talk):
    assert talk.broker.connection_count == 1

def test_script_that_raises(talk):
    talk.make()
    talk.meet(Expect("PINGREQ"), Send(lambda packet: 1 / 0))
    talk.value("c.ping()")
"""
)


def test_fault_is_that_of_the_broker_which_the_test_has(run_session: RunSession) -> None:
    session = run_session(FAULTS, "--hil-mosquitto", "/absent/mosquitto")
    verdicts = {
        each["test"].rpartition("::")[2]: each["verdict"] for each in session.journal("test.end")
    }
    assert verdicts == {
        "test_fails": "fail",
        "test_needs_the_runs_broker": "blocked",
        "test_fails_again": "fail",
        "test_script_that_raises": "blocked",
    }
