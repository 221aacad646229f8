"""Keeping a TCP port for a program that is not running yet, or not at the moment."""

from __future__ import annotations

import socket
import sys

from harness.errors import BrokerError


class PortReservation:
    """A port held by a socket that is bound and never listens.

    On Linux two sockets with SO_REUSEADDR (Mosquitto sets it too) may share a port as long as no
    more than one listens. So the broker can use the port, clients are refused while it is away, and
    nobody else is given the port as a free one. Elsewhere the port is only looked up, and whoever
    starts the broker has to be ready for its being taken.

    Attributes:
        port: The port's number.
    """

    def __init__(self, host: str, port: int) -> None:
        """Take the port.

        Args:
            host: An IPv4 address of this host.
            port: Which port; 0 takes a free one.

        Raises:
            BrokerError: The port is taken or may not be used, or the address is not one of ours.
        """
        self._holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._holder.bind((host, port))
        except OSError as error:
            self.close()
            raise BrokerError(
                "cannot take a port for the broker",
                on=f"{host}, port {port or 'any'}",
                expected="a free port on an address of this host",
                got=error.strerror or str(error),
                advice="ip -4 addr shows the addresses, ss -ltnp who listens on which port",
            ) from error
        self.port: int = self._holder.getsockname()[1]
        if sys.platform != "linux":
            self._holder.close()

    def close(self) -> None:
        """Give the port back. May be called twice."""
        self._holder.close()
