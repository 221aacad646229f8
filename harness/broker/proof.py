"""Proving that a broker carries messages."""

from __future__ import annotations

import secrets

from harness.broker.client import MqttClient
from harness.broker.message import matching
from harness.deadline import Deadline
from harness.errors import BrokerError


def prove_delivery(client: MqttClient, deadline: Deadline) -> None:
    """Send a message that nobody else can have sent through the broker and wait for it.

    Args:
        client: A connected client.
        deadline: For all of it.

    Raises:
        BrokerError: The connection is lost, the broker refuses, or the message does not come.
    """
    nonce = secrets.token_hex(8)
    topic = f"hil/proof/{nonce}"
    inbox = client.subscribe(topic, deadline, qos=1)
    client.publish(topic, nonce, deadline, qos=1)
    if inbox.wait(matching(topic, nonce), deadline) is None:
        raise BrokerError(
            "the broker does not deliver",
            on=f"{client.client_id}, {topic}",
            expected="the message that was published",
            got=f"nothing in {deadline.total_s:.3g} s",
            advice="see whether this user may publish and subscribe under hil/",
        )
    client.unsubscribe(inbox, deadline)
