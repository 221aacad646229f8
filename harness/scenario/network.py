"""Where a board and a broker meet: the address that a board can reach, and what stands for what."""

from __future__ import annotations

from harness.board.board import Board
from harness.broker.broker import Broker
from harness.broker.interface import interface_address
from harness.broker.settings import MosquittoSettings
from harness.errors import ConfigError
from harness.scenario.dut import Redirection

LOOPBACK = "127.0.0.1"


def reachable_address(board: Board, interface: str) -> str:
    """Return the address of this host that a board can reach.

    Args:
        board: An open board. One whose rig brings its own network is on this host.
        interface: The network interface that a real board reaches; empty when none was named.

    Raises:
        ConfigError: The board needs an interface and none was named, or it has no address.
    """
    if board.rig.network is not None:
        return LOOPBACK
    if interface:
        return interface_address(interface)
    raise ConfigError(
        "no network interface is named on which the board can reach the broker",
        on=board.name,
        expected="--hil-broker-interface NAME, or --hil-broker URL",
        advice="ip -brief address",
    )


def broker_settings(board: Board, interface: str, **settings: object) -> MosquittoSettings:
    """Return settings of a private broker that this board can reach.

    Args:
        board: An open board.
        interface: As in `reachable_address`.
        **settings: Members of `MosquittoSettings`.

    Raises:
        ConfigError: As in `reachable_address`.
    """
    address = reachable_address(board, interface)
    return MosquittoSettings(bind_address=address, **settings)  # type: ignore[arg-type]


def redirection(board: Board, broker: Broker, wifi: tuple[str, str] | None) -> Redirection:
    """Return what a program's host names and Wi-Fi credentials stand for.

    Any host name is the broker: a program under test talks to nothing else.

    Args:
        board: The board that runs the program.
        broker: The broker of this run.
        wifi: The lab's Wi-Fi, for a board whose rig does not bring one.

    Raises:
        ConfigError: The board needs Wi-Fi credentials and there are none.
    """
    network = board.rig.network or wifi
    if network is None:
        raise ConfigError(
            "there are no Wi-Fi credentials for the board",
            on=board.name,
            expected="HIL_WIFI_SSID and HIL_WIFI_PASSWORD in the environment",
        )
    return Redirection(hosts={"*": (broker.address.host, broker.address.port)}, wifi=network)
