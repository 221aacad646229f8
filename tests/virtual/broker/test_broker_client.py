"""The harness's client, its inboxes and the cleaning of retained messages, on a real Mosquitto."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from harness.broker.broker import BrokerAddress
from harness.broker.client import MqttClient
from harness.broker.external import ExternalBroker
from harness.broker.message import Delivery, Will, matching
from harness.broker.mosquitto import Mosquitto
from harness.broker.port import PortReservation
from harness.broker.retained import purge_retained, retained
from harness.deadline import Deadline
from harness.errors import BrokerError, ConfigError

MakeClient = Callable[..., MqttClient]


def soon() -> Deadline:
    return Deadline.after(5)


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_message_goes_through_at_each_qos(make_client: MakeClient, qos: int) -> None:
    client = make_client()
    inbox = client.subscribe("a/+", soon(), qos=2)
    sent = client.publish("a/b", "温度 38", soon(), qos=qos)
    came = inbox.next(soon())
    assert came is not None
    assert (came.topic, came.text, came.qos) == ("a/b", "温度 38", qos)
    assert not came.retain
    assert sent.at_s <= came.at_s


def test_messages_come_in_the_order_in_which_they_were_sent(make_client: MakeClient) -> None:
    client, other = make_client(), make_client()
    inbox = client.subscribe("n", soon(), qos=1)
    for number in range(200):
        other.publish("n", str(number), soon(), qos=1)
    assert inbox.wait(matching(payload="199"), soon()) is not None
    assert [each.text for each in inbox.all()] == [str(number) for number in range(200)]


def test_each_inbox_gets_what_its_filter_matches(make_client: MakeClient) -> None:
    client = make_client()
    left = client.subscribe("left/#", soon())
    right = client.subscribe("right/#", soon())
    for topic in ("left/1", "right/1", "left/2"):
        client.publish(topic, "", soon(), qos=1)
    assert left.wait(matching("left/2"), soon()) is not None
    assert [each.topic for each in left.all()] == ["left/1", "left/2"]
    assert [each.topic for each in right.all()] == ["right/1"]
    assert [each.topic for each in client.received.all()] == ["left/1", "right/1", "left/2"]


def test_unsubscribed_inbox_gets_no_more(make_client: MakeClient) -> None:
    client = make_client()
    inbox = client.subscribe("t", soon())
    client.publish("t", "1", soon(), qos=1)
    assert inbox.next(soon()) is not None
    client.unsubscribe(inbox, soon())
    other = client.subscribe("u", soon())
    client.publish("t", "2", soon(), qos=1)
    client.publish("u", "end", soon(), qos=1)
    assert other.next(soon()) is not None
    assert len(inbox.all()) == 1


def test_wait_without_a_message_ends_at_its_deadline(make_client: MakeClient) -> None:
    inbox = make_client().subscribe("t", soon())
    deadline = Deadline.after(0.1)
    assert inbox.next(deadline) is None
    assert deadline.is_expired
    assert inbox.none_within(0.05) is None


def test_observer_is_told_of_both_directions(make_client: MakeClient) -> None:
    told: list[tuple[str, str, str]] = []

    class Observer:
        def sent(self, client_id: str, delivery: Delivery) -> None:
            told.append(("sent", client_id, delivery.text))

        def received(self, client_id: str, delivery: Delivery) -> None:
            told.append(("received", client_id, delivery.text))

    client = make_client("watched", observer=Observer())
    inbox = client.subscribe("t", soon())
    client.publish("t", "38", soon(), qos=1)
    assert inbox.next(soon()) is not None
    assert told == [("sent", "watched", "38"), ("received", "watched", "38")]


def test_observer_that_fails_is_told_to_who_waits(make_client: MakeClient) -> None:
    class Observer:
        def sent(self, client_id: str, delivery: Delivery) -> None:
            """Take it."""

        def received(self, client_id: str, delivery: Delivery) -> None:
            raise OSError(28, f"No space left for {client_id}: {delivery}")

    client = make_client(observer=Observer())
    inbox = client.subscribe("t", soon())
    client.publish("t", "38", soon())
    with pytest.raises(BrokerError) as caught:
        inbox.next(soon())
    assert "No space left" in caught.value.got


def test_nobody_there_is_told_at_once() -> None:
    reservation = PortReservation("127.0.0.1", 0)
    deadline = Deadline.after(60)
    try:
        client = MqttClient(BrokerAddress("127.0.0.1", reservation.port))
        with pytest.raises(BrokerError, match="cannot reach") as caught:
            client.connect(deadline)
    finally:
        reservation.close()
    assert "refused" in caught.value.got
    assert deadline.remaining_s > 50


def test_broker_that_stays_silent_ends_at_the_deadline() -> None:
    reservation = PortReservation("127.0.0.1", 0)
    reservation._holder.listen()
    try:
        client = MqttClient(BrokerAddress("127.0.0.1", reservation.port))
        with pytest.raises(BrokerError, match="CONNECT failed") as caught:
            client.connect(Deadline.after(0.2))
    finally:
        reservation.close()
    assert caught.value.got == "nothing in 0.2 s"


def test_use_without_a_connection_is_told(make_client: MakeClient) -> None:
    client = make_client(is_connected=False)
    with pytest.raises(BrokerError, match="not open"):
        client.publish("t", "", soon())
    with pytest.raises(BrokerError, match="not open"):
        client.subscribe("t", soon())
    client.connect(soon())
    client.disconnect()
    client.disconnect()
    with pytest.raises(BrokerError) as caught:
        client.check_open()
    assert caught.value.got == "the harness had disconnected"


@pytest.mark.parametrize(("topic", "qos"), [("a/#", 0), ("", 0), ("a", 3), ("a", -1)])
def test_illegal_publish_is_a_mistake_of_the_caller(
    make_client: MakeClient, topic: str, qos: int
) -> None:
    with pytest.raises(ConfigError, match="PUBLISH"):
        make_client().publish(topic, "", soon(), qos=qos)


def test_illegal_filter_is_a_mistake_of_the_caller(make_client: MakeClient) -> None:
    with pytest.raises(ConfigError, match="SUBSCRIBE"):
        make_client().subscribe("a/#/b", soon())


def test_client_that_is_taken_over_is_told(make_client: MakeClient) -> None:
    inbox = make_client("same").subscribe("t", soon())
    make_client("same")
    with pytest.raises(BrokerError) as caught:
        inbox.next(soon())
    assert "lost" in caught.value.got


def test_will_comes_when_the_client_vanishes_and_not_when_it_says_goodbye(
    make_client: MakeClient,
) -> None:
    inbox = make_client().subscribe("#", soon(), qos=2)
    make_client(will=Will("will/polite", b"1")).disconnect()
    make_client(will=Will("will/gone", b"2", qos=1, retain=True)).vanish()
    came = inbox.next(soon())
    assert came is not None
    assert (came.topic, came.payload, came.qos) == ("will/gone", b"2", 1)


def test_kept_session_delivers_what_came_while_it_was_away(make_client: MakeClient) -> None:
    sleeper = make_client("sleeper", clean_session=False)
    sleeper.subscribe("t", soon(), qos=1)
    sleeper.disconnect()
    make_client().publish("t", "missed", soon(), qos=1)
    assert sleeper.connect(soon()) is True
    came = sleeper.received.next(soon())
    assert came is not None
    assert came.text == "missed"


def test_clients_leave_no_thread(make_client: MakeClient) -> None:
    before = threading.active_count()
    client = make_client()
    assert threading.active_count() == before + 1
    client.disconnect()
    client.connect(soon())
    client.vanish()
    assert threading.active_count() == before


def test_retained_messages_are_found_and_purged_under_the_filter(make_client: MakeClient) -> None:
    client = make_client()
    for topic in ("lab/a", "lab/b/c", "kept"):
        client.publish(topic, "38", soon(), qos=1, retain=True)
    purged = purge_retained(client, "lab/#", soon())
    assert sorted(each.topic for each in purged) == ["lab/a", "lab/b/c"]
    assert all(each.retain and each.text == "38" for each in purged)
    assert [each.topic for each in retained(client, "#", soon())] == ["kept"]
    assert purge_retained(client, "lab/#", soon()) == ()


def test_external_broker_is_proven_and_its_loss_is_told(broker: Mosquitto) -> None:
    address = broker.address
    external = ExternalBroker(f"mqtt://test:test@{address.host}:{address.port}")
    try:
        with pytest.raises(BrokerError, match="not open"):
            external.check_alive()
        external.open(soon())
        external.check_alive()
        broker.stop()
        with pytest.raises(BrokerError):
            external.check_alive()
    finally:
        external.close()


def test_external_broker_refuses_and_no_message_shows_the_password(broker: Mosquitto) -> None:
    external = ExternalBroker(f"mqtt://test:s3cret@127.0.0.1:{broker.address.port}")
    with pytest.raises(BrokerError) as caught:
        external.open(soon())
    assert "Not authorized" in caught.value.got
    assert "s3cret" not in str(caught.value)


def test_client_connects_again_after_a_lost_connection(
    broker: Mosquitto, make_client: Callable[..., MqttClient]
) -> None:
    client = make_client()
    broker.stop()
    with pytest.raises(BrokerError):
        client.received.wait(lambda _: True, Deadline.after(5.0))
    broker.start(Deadline.after(10.0))
    assert client.connect(Deadline.after(5.0)) is False
    inbox = client.subscribe("again", Deadline.after(5.0))
    client.publish("again", "1", Deadline.after(5.0))
    assert inbox.next(Deadline.after(5.0)) is not None
