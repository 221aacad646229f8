"""What the conformance tests share: a client on the board and a broker that says anything."""

from __future__ import annotations

import pytest

from harness.broker.scripted import ScriptedBroker
from harness.scenario.conversation import Conversation
from harness.scenario.dut import BoardUnderTest


@pytest.fixture
def talk(board: BoardUnderTest, scripted: ScriptedBroker) -> Conversation:
    """A board on the network with `MQTTClient` imported; see `Conversation`. No client yet."""
    return Conversation(board, scripted)
