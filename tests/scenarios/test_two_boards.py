"""Two boards that talk to each other through the broker, by role."""

from __future__ import annotations

import pytest

from harness.scenario.device_client import COLLECT, JOIN_WIFI
from harness.scenario.dut import BoardUnderTest

CONNECT = (
    JOIN_WIFI
    + COLLECT
    + "from mqtt import MQTTClient\n"
    + "c = MQTTClient('', 'broker.lab', user='test', password='test')\n"
    + "c.set_callback(_collect); c.connect()\n"
)


@pytest.mark.boards(2, roles=["publisher", "subscriber"])
@pytest.mark.requirement("MQTT-27", "MQTT-35")
def test_messages_of_one_board_reach_the_other_in_order(
    boards: dict[str, BoardUnderTest],
) -> None:
    for dut in boards.values():
        dut.exec(CONNECT, within_s=30.0)
    boards["subscriber"].exec("c.subscribe('pair/#', 1)")
    boards["publisher"].exec(
        "for number in range(5):\n    c.publish('pair/count', str(number), False, 1)"
    )
    boards["subscriber"].exec("while len(got) < 5:\n    c.wait_msg()")
    expected = [("pair/count", str(number)) for number in range(5)]
    assert boards["subscriber"].evaluate("got") == expected


@pytest.mark.boards(2, roles=["publisher", "subscriber"])
@pytest.mark.requirement("MQTT-05")
def test_clients_without_an_id_on_two_boards_are_two_clients(
    boards: dict[str, BoardUnderTest],
) -> None:
    for dut in boards.values():
        dut.exec(CONNECT, within_s=30.0)
    for dut in boards.values():
        dut.exec("c.ping()")
    ids = {dut.evaluate("__import__('machine').unique_id()") for dut in boards.values()}
    assert len(ids) == 2
