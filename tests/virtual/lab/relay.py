"""A serial server of a lab: one client after the other, and perhaps a contact that is loose."""

from __future__ import annotations

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
        self._said = b""
        self.clients = 0
        super().__init__(path)

    def breaks_at(self, data: bytes) -> bool:
        """Return whether the client has said by now what the contact breaks at."""
        self._said += data
        return bool(self._breaks_at) and self._breaks_at in self._said

    def _serve(self) -> None:
        while self.ready(self._listener.fileno()):
            client, _ = self._listener.accept()
            self.clients += 1
            self._said = b""
            with client:
                self.talk(client)
