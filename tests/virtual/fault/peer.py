"""What may be at the other end of a port that is no board, or one that misbehaves."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import tty
from collections.abc import Callable

Answer = Callable[[bytes], bytes]


def silence(_: bytes) -> bytes:
    """Take everything and say nothing."""
    return b""


def echo(data: bytes) -> bytes:
    """Say what was heard."""
    return data


class Peer:
    """A pseudo-terminal whose other end a thread of the test plays.

    Attributes:
        path: The port.
    """

    def __init__(self, answer: Answer, unasked: bytes = b"") -> None:
        """Open it.

        Args:
            answer: What it says to what it hears.
            unasked: What it says for ever, as fast as it can.
        """
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._answer, self._unasked = answer, unasked
        self._ending, self._end = os.pipe()
        self._thread = threading.Thread(target=self._play, name="peer")
        self._thread.start()

    def close(self) -> None:
        """Give the port back."""
        os.close(self._end)
        self._thread.join()
        for number in (self._master, self._slave, self._ending):
            os.close(number)

    def _play(self) -> None:
        writers = [self._master] if self._unasked else []
        while True:
            readable, writable, _ = select.select([self._ending, self._master], writers, [])
            if self._ending in readable:
                return
            # A full pseudo-terminal takes nothing: what is said then is lost, as on a UART.
            with contextlib.suppress(BlockingIOError):
                if self._master in readable:
                    os.write(self._master, self._answer(os.read(self._master, 65536)))
                if writable:
                    os.write(self._master, self._unasked)


class Server:
    """A TCP port for one client, served by a thread until `close`."""

    def __init__(self) -> None:
        """Listen."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ending, self._end = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="server")
        self._thread.start()

    def hang_up(self) -> None:
        """End the conversation. May be called twice."""
        if self._thread.is_alive():
            os.write(self._end, b"!")
            self._thread.join()

    def close(self) -> None:
        """Hang up and stop to listen."""
        self.hang_up()
        self._listener.close()
        os.close(self._end)
        os.close(self._ending)

    def talk(self, client: socket.socket) -> None:
        """Talk to the client; `ready` returns nothing when it is time to hang up."""
        raise NotImplementedError

    def ready(self, *numbers: int) -> list[int]:
        """Wait for one of the descriptors; return nothing when the test is over."""
        ready, _, _ = select.select([self._ending, *numbers], [], [])
        return [] if self._ending in ready else ready

    def _serve(self) -> None:
        if self.ready(self._listener.fileno()):
            client, _ = self._listener.accept()
            with client:
                self.talk(client)


class Greeter(Server):
    """A broker's side that takes a client in, and says nothing more."""

    def talk(self, client: socket.socket) -> None:
        """Answer CONNECT with CONNACK (MQTT 3.1.1 section 3.2)."""
        if self.ready(client.fileno()):
            client.recv(1000)
            client.sendall(b"\x20\x02\x00\x00")
        while self.ready(client.fileno()) and client.recv(1000):
            pass


class Relay(Server):
    """A TCP port that leads to a serial one, as a lab's serial server offers it."""

    def __init__(self, path: str) -> None:
        """Open the serial port and listen."""
        self._port = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._port)
        super().__init__()
        self.spec = f"socket://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Hang up, and give the serial port back."""
        super().close()
        os.close(self._port)

    def talk(self, client: socket.socket) -> None:
        """Carry bytes both ways until the contact breaks."""
        while ready := self.ready(client.fileno(), self._port):
            if self._port in ready:
                client.sendall(os.read(self._port, 65536))
            if client.fileno() in ready:
                data = client.recv(65536)
                if not data:
                    return
                os.write(self._port, data)
                if self.breaks_at(data):
                    return

    def breaks_at(self, _data: bytes) -> bool:
        """Return whether the contact breaks, now that the client has said this too."""
        return False
