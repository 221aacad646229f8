"""The board as a Wi-Fi station, while the rig takes the network away and gives it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.link.rig import BenchEvent
from harness.scenario.dut import BoardUnderTest
from harness.scenario.input import RigInputs

if TYPE_CHECKING:
    from collections.abc import Callable

#: Waits until there is an address.
JOIN = "while not codey.wifi.is_connected():\n    pass"


@pytest.mark.requirement("CODEY-WIFI-01")
@pytest.mark.needs("inputs")
def test_wifi_start_does_not_wait_for_the_network(board: BoardUnderTest, inputs: RigInputs) -> None:
    board.reset()
    inputs.wifi("down")
    printed = board.exec(
        "import codey\n"
        "before = codey.wifi.is_connected()\n"
        "codey.wifi.start('any', 'thing')\n"
        "print(before, codey.wifi.is_connected())",
        within_s=10.0,
    )
    assert printed == "False False\n"
    inputs.wifi("up")
    board.exec("while not codey.wifi.is_connected():\n    pass", within_s=30.0)


@pytest.mark.requirement("CODEY-WIFI-02")
@pytest.mark.needs("inputs")
def test_wifi_comes_back_by_itself(board: BoardUnderTest, inputs: RigInputs) -> None:
    board.reset()
    board.exec(
        "import codey\ncodey.wifi.start('any', 'thing')\n"
        "while not codey.wifi.is_connected():\n    pass",
        within_s=30.0,
    )
    inputs.wifi("down")
    board.exec("while codey.wifi.is_connected():\n    pass", within_s=10.0)
    inputs.wifi("up")
    board.exec("while not codey.wifi.is_connected():\n    pass", within_s=30.0)


@pytest.mark.requirement("CODEY-WIFI-01")
@pytest.mark.needs("inputs")
def test_wrong_password_never_connects(
    board: BoardUnderTest,
    inputs: RigInputs,
    witnessed: Callable[[str, int], list[BenchEvent]],
) -> None:
    board.reset()
    inputs.wifi("wrong_password")
    board.exec("import codey\ncodey.wifi.start('any', 'thing')")
    said = board.exec("print([codey.wifi.is_connected() for _ in range(5)])")
    assert said == "[False, False, False, False, False]\n"
    assert "wrong_password" in [event.text for event in witnessed("wifi", 3)]


@pytest.mark.requirement("CODEY-WIFI-01")
def test_start_with_the_same_credentials_keeps_the_connection(
    board: BoardUnderTest, witnessed: Callable[[str, int], list[BenchEvent]]
) -> None:
    board.reset()
    board.exec(f"import codey\ncodey.wifi.start('any', 'thing')\n{JOIN}", within_s=30.0)
    before = witnessed("wifi", 1)
    said = board.exec("codey.wifi.start('any', 'thing')\nprint(codey.wifi.is_connected())")
    assert said == "True\n"
    assert witnessed("wifi", 1) == before
    # Others begin anew, and are the lab's in the end, whatever the program says.
    board.exec(f"codey.wifi.start('another', 'thing')\n{JOIN}", within_s=30.0)
    told = [event.text for event in witnessed("wifi", len(before) + 1)]
    assert told[len(before) :][-1] == "connected"


@pytest.mark.requirement("CODEY-WIFI-03")
@pytest.mark.parametrize(
    "arguments",
    [
        "'any', 'thing', codey.wifi.AP",
        "'any', 'thing', codey.wifi.APSTA",
        "'x' * 33, 'thing'",
        "'any', 'x' * 33",
    ],
)
def test_start_that_the_station_does_not_serve_does_nothing(
    board: BoardUnderTest, arguments: str
) -> None:
    board.reset()
    said = board.exec(
        f"import codey\ncodey.wifi.start({arguments})\n"
        "print(codey.wifi.wifi_mode, codey.wifi.is_connected())"
    )
    assert said == "0 False\n"
