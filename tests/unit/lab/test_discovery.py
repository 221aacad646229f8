"""Ports that can be told apart, and those that cannot."""

from __future__ import annotations

import pytest

from harness.errors import ConfigError
from harness.lab.discovery import describe_ports, follow
from harness.lab.dut import Dut
from harness.lab.probed import Probed
from harness.link import open as link_open
from harness.link.serial import FoundPort
from harness.link.spec import BoardSpec


def port(path: str, location: str, serial_number: str) -> FoundPort:
    return FoundPort(path, location, serial_number, "1a86:7523", "USB Serial")


PORTS = [
    port("/dev/ttyUSB0", "1-1.1", "0001"),
    port("/dev/ttyUSB1", "1-1.2", "0001"),
    port("/dev/ttyUSB2", "1-1.3", ""),
    port("/dev/ttyUSB3", "1-1.4", "A5069RR4"),
    port("/dev/ttyS0", "", ""),
]


def test_serial_number_that_does_not_identify_is_told() -> None:
    rows = describe_ports(PORTS)
    assert [row.spec for row in rows] == [
        *("usb:1-1.1", "usb:1-1.2", "usb:1-1.3", "usb:1-1.4", "port:/dev/ttyS0")
    ]
    assert rows[0].warning == "serial number '0001' is that of /dev/ttyUSB1 too"
    assert rows[1].warning == "serial number '0001' is that of /dev/ttyUSB0 too"
    assert "no serial number" in rows[2].warning
    assert (rows[3].warning, rows[4].warning) == ("", "")


def test_duplicated_serial_number_is_never_guessed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_open, "find_ports", lambda: PORTS)
    with pytest.raises(ConfigError, match="2 ports carry the same serial number") as caught:
        link_open.find_address(BoardSpec("id", "0001", "id:0001"))
    assert caught.value.got == "/dev/ttyUSB0 at 1-1.1, /dev/ttyUSB1 at 1-1.2"
    assert link_open.find_address(BoardSpec("id", "A5069RR4", "")) == "/dev/ttyUSB3"


def test_lease_is_known_by_the_place_on_usb_however_the_port_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link_open, "find_ports", lambda: PORTS)
    specs = [
        BoardSpec("usb", "1-1.4", ""),
        BoardSpec("id", "A5069RR4", ""),
        BoardSpec("port", "/dev/ttyUSB3", ""),
    ]
    assert {link_open.lease_key(spec) for spec in specs} == {"usb-1-1.4"}
    assert link_open.lease_key(BoardSpec("port", "/dev/ttyS0", "")) == "/dev/ttyS0"
    assert link_open.lease_key(BoardSpec("url", "socket://h:1", "")) == "socket://h:1"
    assert link_open.lease_key(BoardSpec("virtual", "1", "")) is None


def test_port_that_came_back_under_another_name_is_found_by_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link_open, "find_ports", lambda: PORTS)
    find = link_open._finder(BoardSpec("port", "/dev/ttyUSB3", ""), "/dev/ttyUSB3")
    assert find() == "/dev/ttyUSB3"
    moved = [*PORTS[:3], port("/dev/ttyUSB9", "1-1.4", "A5069RR4")]
    monkeypatch.setattr(link_open, "find_ports", lambda: moved)
    assert find() == "/dev/ttyUSB9"


@pytest.mark.parametrize(
    ("location", "expected"),
    [("1-1.4", "/dev/ttyUSB3"), ("1-1.1", None), ("9-9", None), ("", None)],
    ids=["moved", "same", "gone", "unknown"],
)
def test_board_is_followed_to_its_place_at_the_next_start(
    location: str, expected: str | None
) -> None:
    dut = Dut("c1", BoardSpec("port", "/dev/ttyUSB0", ""))
    assert follow(dut, Probed(location=location), PORTS) == expected
    at_place = Dut("c1", BoardSpec("usb", "1-1.1", ""))
    assert follow(at_place, Probed(location=location), PORTS) is None
