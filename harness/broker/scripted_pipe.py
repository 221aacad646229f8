"""The bytes of one accepted connection, without blocking.

The seam where TLS goes: a pipe over an `ssl.SSLObject` has the same five verbs.
"""

from __future__ import annotations

import socket
import struct
from typing import Protocol

#: How much one read takes.
READ_BYTES = 65536

#: SO_LINGER on, 0 seconds: `close` sends RST and drops what was not sent.
_RESET = struct.pack("ii", 1, 0)


class Pipe(Protocol):
    """What a connection needs of the network."""

    def fileno(self) -> int:
        """Return what a selector waits on."""
        ...

    def read(self) -> bytes | None:
        """Return what has come: None for nothing yet, empty at the client's FIN.

        Raises:
            OSError: The client has reset the connection.
        """
        ...

    def write(self, data: bytes) -> int:
        """Send, and return how many bytes the network has taken.

        Raises:
            OSError: The client has closed.
        """
        ...

    def finish(self) -> None:
        """Send FIN; reading goes on."""
        ...

    def reset(self) -> None:
        """Send RST, and close."""
        ...

    def close(self) -> None:
        """Close. May be called twice."""
        ...


class PlainPipe:
    """A TCP connection; see `Pipe`."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over an accepted connection."""
        self._socket = connection
        self._socket.setblocking(False)  # noqa: FBT003 - the socket's own signature
        # Each write is a segment of its own, which is what a split is about.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self._socket.fileno()

    def read(self) -> bytes | None:
        """Return what has come; see `Pipe`."""
        try:
            return self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return None

    def write(self, data: bytes) -> int:
        """Send; see `Pipe`."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def finish(self) -> None:
        """Send FIN."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            # The client has reset the connection: there is nobody to say goodbye to, and the next
            # read tells of it.
            return

    def reset(self) -> None:
        """Send RST, and close."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._socket.close()

    def close(self) -> None:
        """Close."""
        self._socket.close()
