"""A serial server of a lab: one client after the other, and perhaps a contact that is loose."""

from __future__ import annotations

import os
import socket

from tests.virtual.fault.peer import Relay


class LabRelay(Relay):
    """A TCP port that leads to a serial one, for any number of clients one after the other.

    Attributes:
        clients: How many there were.
    """

    def __init__(self, path: str, breaks_at: bytes = b"") -> None:
        """Open the serial port and listen.

        Args:
            path: Of the serial port.
            breaks_at: The connection breaks whenever the client has said this; empty for never.
        """
        self._breaks_at = breaks_at
        self.clients = 0
        super().__init__(path)

    def talk(self, client: socket.socket) -> None:
        """Carry bytes both ways until the contact breaks."""
        said = b""
        while ready := self.ready(client.fileno(), self._port):
            if self._port in ready:
                client.sendall(os.read(self._port, 65536))
            if client.fileno() in ready:
                data = client.recv(65536)
                if not data:
                    return
                os.write(self._port, data)
                said += data
                if self._breaks_at and self._breaks_at in said:
                    return

    def _serve(self) -> None:
        while self.ready(self._listener.fileno()):
            client, _ = self._listener.accept()
            self.clients += 1
            with client:
                self.talk(client)
