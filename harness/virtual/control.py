"""The control socket of a virtual board: what a serial line has no wire for.

JSON, one object a line. A request is ``{"id": n, "do": verb, ...}`` and is answered by ``{"id": n,
"ok": value}`` or ``{"id": n, "error": {the five parts}}``. After ``subscribe`` events come without
being asked for, as ``{"event": {...}}``, each before the answer to any later request.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.errors import ConfigError, HarnessError
from harness.virtual.place import control_path, keep_if_answered, make_control_folder

#: A subscriber that is this far behind is cut off.
MAX_BEHIND_BYTES = 1 << 22
_READ_BYTES = 1 << 16

Handler = Callable[[str, dict[str, Any]], object]


class _Client:
    """One connection."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)  # noqa: FBT003, the name of the call says it
        self.connection = connection
        self.received = bytearray()
        self.pending = bytearray()
        self.is_subscribed = False
        self.is_closed = False

    def send(self, message: dict[str, object]) -> None:
        self.pending += json.dumps(message, separators=(",", ":")).encode() + b"\n"
        self.flush()
        if len(self.pending) > MAX_BEHIND_BYTES:
            self.is_closed = True

    def flush(self) -> None:
        try:
            del self.pending[: self.connection.send(self.pending)]
        except BlockingIOError:
            return
        except OSError:
            self.is_closed = True

    def read_lines(self) -> list[bytes]:
        try:
            data = self.connection.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.is_closed = True
        self.received += data
        *lines, rest = self.received.split(b"\n")
        self.received = bytearray(rest)
        return [bytes(line) for line in lines]


class ControlServer:
    """The listening socket and its clients; driven by the supervisor's loop."""

    def __init__(self, port_path: str, handler: Handler) -> None:
        """Listen.

        Args:
            port_path: Path of the board's port; the socket's path follows from it.
            handler: Does what a verb says; its value is the answer.
        """
        self._handler = handler
        self._clients: dict[int, _Client] = {}
        self.listen(port_path)

    def hide(self) -> None:
        """Listen no more; those who are connected stay so."""
        self._listener.close()
        self.path.unlink(missing_ok=True)

    def listen(self, port_path: str) -> None:
        """Listen beside a port."""
        make_control_folder()
        self.path = control_path(port_path)
        remove_stale(self.path.parent)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # It gets its name when it listens: before that others take it for one of a killed board.
        # The number of a pseudo-terminal is ours alone now, so whatever lies there is stale.
        new = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        self._listener.bind(str(new))
        self._listener.listen()
        new.replace(self.path)
        self._listener.setblocking(False)  # noqa: FBT003, the name of the call says it

    def interest(self) -> dict[int, int]:
        """Return what to poll for: descriptor to events."""
        wanted = {} if self._listener.fileno() < 0 else {self._listener.fileno(): select.POLLIN}
        for number, client in self._clients.items():
            wanted[number] = select.POLLIN | (select.POLLOUT if client.pending else 0)
        return wanted

    def serve(self, number: int) -> None:
        """Do what a ready descriptor asks for; other descriptors are ignored."""
        if number == self._listener.fileno():
            with contextlib.suppress(BlockingIOError):
                connection, _ = self._listener.accept()
                self._clients[connection.fileno()] = _Client(connection)
        elif number in self._clients:
            client = self._clients[number]
            client.flush()
            for line in client.read_lines():
                client.send(self._answer(client, line))
        self._drop_closed()

    def publish(self, event: dict[str, object]) -> None:
        """Send an event to all who have subscribed."""
        for client in self._clients.values():
            if client.is_subscribed:
                client.send({"event": event})

    def _answer(self, client: _Client, line: bytes) -> dict[str, object]:
        number: object = None
        try:
            request = json.loads(line)
            number = request["id"]
            verb = str(request["do"])
        except (ValueError, KeyError, TypeError) as error:
            refusal = ConfigError(
                "the line is no request", expected='{"id": n, "do": verb}', got=repr(error)
            )
            return {"id": number, "error": refusal.parts()}
        try:
            if verb == "subscribe":
                client.is_subscribed = True
                return {"id": number, "ok": None}
            return {"id": number, "ok": self._handler(verb, request)}
        except HarnessError as refusal:
            return {"id": number, "error": refusal.parts()}

    def _drop_closed(self) -> None:
        for number, client in list(self._clients.items()):
            if client.is_closed:
                del self._clients[number]
                client.connection.close()

    def close(self) -> None:
        """Close all connections and remove the socket."""
        for client in self._clients.values():
            client.connection.close()
        self.hide()


def remove_stale(folder: Path) -> None:
    """Remove the sockets of supervisors that were killed."""
    for path in folder.glob("*.sock"):
        keep_if_answered(path)
