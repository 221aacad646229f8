"""Keep alive and ping, MQTT 3.1.1 sections 3.1.2.10, 3.12 and 3.13."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Ack, Expect, Pause, Send
from harness.scenario.conversation import Conversation
from harness.wire.mqtt_packet import PingReq, Publish

KEEPALIVE = "'c', 'broker.lab', keepalive=1"


@pytest.mark.requirement("MQTT-3.1.2-23")
def test_3_1_2_23_waiting_client_pings_within_the_keep_alive(talk: Conversation) -> None:
    talk.make(KEEPALIVE)
    # The broker gives up a client that is silent for one and a half keep alives.
    ping = (Expect("PINGREQ"), Ack())
    talk.meet(*ping, *ping, *ping, Send(Publish("t", b"enough")))
    assert talk.outcome("c.wait_msg()") == ("returned", None)
    assert talk.broker.violations() == ()
    assert len(talk.broker.packets(Expect("PINGREQ"))) == 3


@pytest.mark.requirement("MQTT-3.1.2-23")
def test_3_1_2_23_client_that_only_receives_pings_all_the_same(talk: Conversation) -> None:
    talk.make(KEEPALIVE)
    talk.meet(*[Send(Publish("t", b"m"), delay_s=0.2)] * 12)
    talk.hear(12)
    assert talk.broker.packets(Expect("PINGREQ"))
    assert not [each for each in talk.broker.violations() if each.statement == "MQTT-3.1.2-23"]


@pytest.mark.requirement("MQTT-3.1.2-23")
def test_3_1_2_23_without_keep_alive_there_is_no_ping(talk: Conversation) -> None:
    talk.make("'c', 'broker.lab', keepalive=0")
    talk.meet(Send(Publish("t", b"late"), delay_s=0.7))
    talk.value("c.wait_msg()")
    assert talk.opening()[10:12] == b"\x00\x00"
    assert talk.broker.packets(Expect("PINGREQ")) == ()


@pytest.mark.requirement("MQTT-3.1.2-24")
def test_3_1_2_24_client_that_was_silent_too_long_can_come_back(talk: Conversation) -> None:
    talk.make(KEEPALIVE)
    talk.meet()
    talk.board.exec("from time import sleep\nsleep(1.7)")
    assert talk.outcome("c.publish('t', 'm', qos=1)")[0] == "OSError"
    talk.meet(call="c.reconnect()")
    assert talk.value("c.ping()") is None


@pytest.mark.requirement("MQTT-3.12")
def test_3_12_ping_that_is_not_answered_ends_the_connection(talk: Conversation) -> None:
    talk.make()
    talk.board.exec("c.timeout_s = 0.5")
    talk.meet(Expect("PINGREQ"))
    assert talk.outcome("c.ping()") == ("OSError", "ETIMEDOUT")
    talk.end()


@pytest.mark.requirement("MQTT-3.12")
def test_3_12_waiting_client_gives_up_a_broker_that_has_fallen_silent(talk: Conversation) -> None:
    talk.make(KEEPALIVE)
    talk.meet(*[Expect("PINGREQ")] * 3)
    assert talk.outcome("c.wait_msg()", within_s=10.0) == ("OSError", "ETIMEDOUT")
    talk.end()


@pytest.mark.requirement("MQTT-3.12")
def test_3_12_ping_returns_when_its_answer_has_come(talk: Conversation) -> None:
    talk.make()
    talk.meet(Expect("PINGREQ"), Pause(0.2), Ack())
    talk.board.exec("c.ping()\nc.publish('t', 'after')")
    talk.value("c.ping()")
    kinds = [each.packet.kind for each in talk.broker.packets() if each.packet is not None]
    assert kinds[2:5] == [PingReq.kind, "PINGRESP", "PUBLISH"]
