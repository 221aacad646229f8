"""Which ports there are, which boards of the inventory they are, and which cannot be told apart."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.lab.dut import Dut
from harness.lab.probed import Probed
from harness.link.serial import FoundPort
from harness.link.virtual_port import find_virtual_ports


@dataclass(frozen=True)
class PortRow:
    """One port of this machine.

    Attributes:
        port: The port.
        spec: The specification that names it for good: its place on USB, or its path.
        is_usable: Whether this user may open it.
        warning: Why its serial number does not identify it; empty when it does.
    """

    port: FoundPort
    spec: str
    is_usable: bool
    warning: str


def describe_ports(ports: Sequence[FoundPort]) -> list[PortRow]:
    """Say of each port how to name it.

    A serial number is no identity where it is blank or where two adapters carry the same: CH340
    chips have none, CP2102 leave the factory with ``0001``. Then the place on USB names the port.
    """
    count = Counter(port.serial_number for port in ports if port.serial_number)
    return [
        PortRow(
            port=port,
            spec=f"usb:{port.location}" if port.location else f"port:{port.path}",
            is_usable=os.access(port.path, os.R_OK | os.W_OK),
            warning=_warning(port, ports, count),
        )
        for port in ports
    ]


def _warning(port: FoundPort, ports: Sequence[FoundPort], count: Counter[str]) -> str:
    if not port.location:
        return ""
    if not port.serial_number:
        return "its adapter has no serial number: name it by its place on USB"
    if count[port.serial_number] < 2:  # noqa: PLR2004 (itself and another)
        return ""
    others = [
        each.path for each in ports if each.serial_number == port.serial_number and each is not port
    ]
    return f"serial number {port.serial_number!r} is that of {', '.join(others)} too"


def follow(dut: Dut, probed: Probed, ports: Sequence[FoundPort]) -> str | None:
    """Return the path to which a board's port has moved, as after another order of plugging in.

    A port without a place on USB may be a virtual board's, which can be asked for its chip without
    its port; the name that it had may be another one's by now. No other port is opened to see who
    is there: that could reset a board, or interrupt what somebody else runs on it.

    Args:
        dut: A board whose port is named by its path.
        probed: What was found on it before.
        ports: The ports that exist.

    Returns:
        The path of the port at the USB place where the board was, or of the virtual board with its
        chip, when that is another one than the inventory says; None where nothing is known, or
        nothing has changed. Who answers there is proven by its chip's id in any case.
    """
    if dut.spec.kind != "port":
        return None
    here = [port.path for port in ports if port.location and port.location == probed.location]
    chip = dut.id or probed.id
    if not here and chip:
        here = find_virtual_ports(chip)
    if len(here) != 1 or os.path.realpath(dut.spec.value) == os.path.realpath(here[0]):
        return None
    return here[0]
