"""Where a board and a broker meet, and what a program's names stand for there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.broker.scripted import ScriptedBroker
from harness.errors import ConfigError
from harness.scenario.dut import Redirection
from harness.scenario.network import broker_settings, reachable_address, redirection

if TYPE_CHECKING:
    from tests.unit.scenario.conftest import Hand

LAB = ("lab", "secret-word")


def as_hardware(hand: Hand, network: tuple[str, str] | None = None) -> None:
    """Give the board's rig a network of its own, or take it away."""
    object.__setattr__(hand.dut.board.rig, "network", network)


def test_board_whose_rig_brings_a_network_is_on_this_host(hand: Hand) -> None:
    as_hardware(hand, ("virtual", "wifi"))
    assert reachable_address(hand.dut.board, "") == "127.0.0.1"
    # An interface is for boards that need one.
    assert reachable_address(hand.dut.board, "absent0") == "127.0.0.1"


def test_real_board_reaches_this_host_on_the_named_interface(hand: Hand) -> None:
    as_hardware(hand)
    assert reachable_address(hand.dut.board, "lo") == "127.0.0.1"
    assert reachable_address(hand.dut.board, "127.0.0.2") == "127.0.0.2"
    assert broker_settings(hand.dut.board, "127.0.0.2").bind_address == "127.0.0.2"


@pytest.mark.parametrize(
    ("interface", "said"),
    [("", "no network interface is named"), ("absent0", "cannot bind the broker")],
)
def test_real_board_without_an_interface_has_no_address(
    hand: Hand, interface: str, said: str
) -> None:
    as_hardware(hand)
    with pytest.raises(ConfigError, match=said):
        reachable_address(hand.dut.board, interface)


def test_any_host_name_stands_for_the_broker(hand: Hand) -> None:
    as_hardware(hand)
    with ScriptedBroker() as broker:
        found = redirection(hand.dut.board, broker, LAB)
        assert found.hosts == {"*": ("127.0.0.1", broker.address.port)}
        assert found.wifi == LAB
        assert "secret-word" not in repr(found)
        # What the rig brings goes before the lab's.
        as_hardware(hand, ("virtual", "wifi"))
        assert redirection(hand.dut.board, broker, LAB).wifi == ("virtual", "wifi")


def test_real_board_without_wifi_credentials_is_not_redirected(hand: Hand) -> None:
    as_hardware(hand)
    with ScriptedBroker() as broker, pytest.raises(ConfigError, match="no Wi-Fi credentials"):
        redirection(hand.dut.board, broker, None)


def test_names_stand_for_something_else_from_the_next_code_on(hand: Hand) -> None:
    def armed() -> list[str]:
        return [each for each in hand.wired.side.sources if "hilprobe.arm" in each]

    hand.dut.exec("one")
    hand.dut.exec("two")
    assert len(armed()) == 1
    hand.dut.redirect(lambda _: Redirection({"*": ("10.0.0.9", 77)}, LAB))
    assert len(armed()) == 1
    hand.dut.exec("three")
    hand.dut.exec("four")
    assert len(armed()) == 2
    assert "{'*': ('10.0.0.9', 77)}" in armed()[1]
    assert "('lab', 'secret-word')" in armed()[1]
