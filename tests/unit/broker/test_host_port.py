from __future__ import annotations

import socket
import sys

import pytest

from harness.broker.interface import interface_address, interface_addresses
from harness.broker.port import PortReservation
from harness.errors import BrokerError, ConfigError

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@linux
def test_loopback_interface_has_its_address() -> None:
    assert interface_address("lo") == "127.0.0.1"
    assert interface_addresses()["lo"] == "127.0.0.1"


def test_an_address_is_taken_as_it_is() -> None:
    assert interface_address("192.0.2.7") == "192.0.2.7"


@pytest.mark.parametrize("name", ["no-such-if", "a-name-far-longer-than-the-kernel-takes", ""])
def test_unknown_interface_is_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        interface_address(name)
    for own in interface_addresses().values():
        assert own in caught.value.got


@linux
def test_reserved_port_refuses_clients_and_is_open_to_a_listener_that_shares() -> None:
    reservation = PortReservation("127.0.0.1", 0)
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", reservation.port), 1)
        with socket.create_server(("127.0.0.1", reservation.port)) as server:
            socket.create_connection(server.getsockname(), 1).close()
    finally:
        reservation.close()
        reservation.close()


@linux
def test_reserved_port_is_never_given_as_a_free_one() -> None:
    reservation = PortReservation("127.0.0.1", 0)
    others = [PortReservation("127.0.0.1", 0) for _ in range(200)]
    try:
        assert len({each.port for each in (reservation, *others)}) == 201
    finally:
        for each in (reservation, *others):
            each.close()


def test_a_taken_port_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(BrokerError, match="cannot take a port") as caught:
            PortReservation("127.0.0.1", port)
        assert str(port) in caught.value.on


def test_an_address_of_another_host_is_told() -> None:
    with pytest.raises(BrokerError) as caught:
        PortReservation("192.0.2.7", 0)
    assert "ip -4 addr" in caught.value.advice
