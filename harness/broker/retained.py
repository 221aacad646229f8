"""Cleaning a broker of retained messages, so that one test does not see another's."""

from __future__ import annotations

import secrets

from harness.broker.client import MqttClient
from harness.broker.message import Delivery, matching
from harness.deadline import Deadline
from harness.errors import BrokerError


def purge_retained(
    client: MqttClient, topic_filter: str, deadline: Deadline
) -> tuple[Delivery, ...]:
    """Delete the retained messages under a topic filter.

    It looks and deletes until a look finds none. A look ends when a message of our own has come
    after the retained ones: at QoS 0 on one connection the broker keeps their order.

    Args:
        client: A connected client that has no other subscription under the filter.
        topic_filter: Where to delete; ``#`` is everything but topics that begin with ``$``.
        deadline: For all of it.

    Returns:
        What was deleted.

    Raises:
        BrokerError: The connection is lost, or the deadline passed.
    """
    deleted: list[Delivery] = []
    while found := retained(client, topic_filter, deadline):
        for delivery in found:
            client.publish(delivery.topic, b"", deadline, qos=1, retain=True)
        deleted += found
    return tuple(deleted)


def retained(client: MqttClient, topic_filter: str, deadline: Deadline) -> tuple[Delivery, ...]:
    """Return the retained messages under a topic filter; arguments as in `purge_retained`.

    Their QoS reads 0, whatever they were published with.

    Raises:
        BrokerError: The connection is lost, or the deadline passed.
    """
    topic = f"hil/retained/{secrets.token_hex(8)}"
    end = client.subscribe(topic, deadline)
    inbox = client.subscribe(topic_filter, deadline)
    client.publish(topic, b"", deadline)
    if end.wait(matching(topic), deadline) is None:
        raise BrokerError(
            "cannot list the broker's retained messages",
            on=f"{client.client_id}, {topic_filter}",
            expected="our own message after them",
            got=f"{len(inbox.all())} messages in {deadline.total_s:.3g} s",
            advice="give it more time, or a narrower filter",
        )
    client.unsubscribe(inbox, deadline)
    client.unsubscribe(end, deadline)
    return tuple(each for each in inbox.all() if each.retain and each.topic != topic)
