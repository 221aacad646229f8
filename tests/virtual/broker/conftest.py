"""A real Mosquitto for the tests of what drives it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.broker.broker import Credentials
from harness.broker.client import MqttClient, MqttObserver
from harness.broker.message import Will
from harness.broker.mosquitto import Mosquitto
from harness.broker.program import find_mosquitto
from harness.broker.settings import EXAMPLE_USER
from harness.deadline import Deadline


@pytest.fixture(scope="session")
def mosquitto_path() -> Path:
    """The Mosquitto that HIL_MOSQUITTO names, or the one that is installed."""
    return find_mosquitto(os.environ.get("HIL_MOSQUITTO"))


@pytest.fixture
def broker(mosquitto_path: Path) -> Iterator[Mosquitto]:
    """A private broker that lets in test/test."""
    with Mosquitto(mosquitto_path) as broker:
        broker.start(Deadline.after(10))
        yield broker


@pytest.fixture
def make_client(broker: Mosquitto) -> Iterator[Callable[..., MqttClient]]:
    """Make clients, connected unless told otherwise, that are gone after the test."""
    made: list[MqttClient] = []

    def make(
        client_id: str | None = None,
        credentials: Credentials | None = EXAMPLE_USER,
        *,
        clean_session: bool = True,
        will: Will | None = None,
        observer: MqttObserver | None = None,
        is_connected: bool = True,
    ) -> MqttClient:
        client = MqttClient(
            broker.address,
            credentials,
            client_id=client_id,
            clean_session=clean_session,
            will=will,
            observer=observer,
        )
        made.append(client)
        if is_connected:
            client.connect(Deadline.after(5))
        return client

    yield make
    for client in made:
        client.disconnect()
