"""What the scenarios share: an `MQTTClient` on the board, topics, facts from the broker."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.broker.broker import Broker
from harness.scenario.broker_fact import BrokerFacts
from harness.scenario.device_client import COLLECT, JOIN_WIFI, DeviceClient
from harness.scenario.dut import BoardUnderTest
from harness.scenario.messenger import Messenger


@pytest.fixture
def online(board: BoardUnderTest, broker: Broker) -> BoardUnderTest:
    """The board, on the lab's Wi-Fi, with `MQTTClient` imported and a callback that collects."""
    broker.check_alive()
    board.exec(JOIN_WIFI + COLLECT + "from mqtt import MQTTClient, MQTTException\n", within_s=30.0)
    return board


@pytest.fixture
def make_client(online: BoardUnderTest) -> Callable[..., DeviceClient]:
    """Build clients on the board: ``make_client(connect=True, keepalive=0, ...)``."""
    made: list[str] = []

    def make(
        *,
        connect: bool = True,
        clean_session: bool = True,
        client_id: str | None = None,
        user: str | None = "test",
        password: str | None = "test",  # noqa: S107 - the login of the page's example
        **options: object,
    ) -> DeviceClient:
        client_id = f"board-{secrets.token_hex(4)}" if client_id is None else client_id
        name = f"c{len(made)}" if made else "c"
        made.append(name)
        arguments = [repr(client_id), "'broker.lab'", f"user={user!r}", f"password={password!r}"]
        arguments += [f"{key}={value!r}" for key, value in options.items()]
        online.exec(f"{name} = MQTTClient({', '.join(arguments)})")
        online.exec(f"{name}.set_callback(_collect)")
        if connect:
            online.exec(f"{name}.connect({clean_session})")
        return DeviceClient(online, name, client_id)

    return make


@pytest.fixture
def client(make_client: Callable[..., DeviceClient]) -> DeviceClient:
    """One connected client on the board, named ``c`` there."""
    return make_client()


@pytest.fixture
def topic(mqtt: Messenger) -> Iterator[str]:
    """A topic that no other test uses; a message retained on it is deleted afterwards."""
    name = f"hil/{secrets.token_hex(4)}"
    yield name
    mqtt.publish(name, b"", retain=True, qos=1)


@pytest.fixture
def facts(broker: Broker) -> BrokerFacts:
    """What the broker's log says since the test began; skipped where the broker shows no log."""
    if "log" not in broker.capabilities:
        pytest.skip("missing capability: broker:log")
    return BrokerFacts(broker)


@pytest.fixture
def programs() -> Path:
    """The folder of the user programs."""
    from harness import shipped

    return shipped.fixtures() / "programs"
