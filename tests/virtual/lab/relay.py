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

    def __init__(self, path: str, drops_after_bytes: int | None = None) -> None:
        """Open the serial port and listen.

        Args:
            path: Of the serial port.
            drops_after_bytes: What a client may say before the connection breaks; None for all.
        """
        self._drops_after_bytes = drops_after_bytes
        self.clients = 0
        super().__init__(path)

    def talk(self, client: socket.socket) -> None:
        """Carry bytes both ways until the contact breaks."""
        left = self._drops_after_bytes
        while ready := self.ready(client.fileno(), self._port):
            if self._port in ready:
                client.sendall(os.read(self._port, 65536))
            if client.fileno() in ready:
                data = client.recv(65536)
                if not data:
                    return
                os.write(self._port, data)
                if left is not None:
                    left -= len(data)
                    if left < 0:
                        return

    def _serve(self) -> None:
        while self.ready(self._listener.fileno()):
            client, _ = self._listener.accept()
            self.clients += 1
            with client:
                self.talk(client)
