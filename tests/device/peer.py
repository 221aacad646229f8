"""The broker's side of a test, played by the test itself, byte for byte, over TCP."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress

import pytest

#: No step of a test takes longer.
STEP_S = 8.0

CONNECT = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01c"
CONNACK = b"\x20\x02\x00\x00"
CONNACK_PRESENT = b"\x20\x02\x01\x00"
PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"
DISCONNECT = b"\xe0\x00"


def string(text: str | bytes) -> bytes:
    """Return an MQTT string: two bytes of length, then UTF-8."""
    data = text.encode() if isinstance(text, str) else text
    return len(data).to_bytes(2, "big") + data


def packet(kind: int, body: bytes = b"") -> bytes:
    """Return a control packet with its remaining length."""
    size, length = len(body), bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    length.append(size)
    return bytes((kind, *length)) + body


def publish(
    topic: str | bytes, message: str | bytes, qos: int = 0, number: int = 0, flags: int = 0
) -> bytes:
    """Return a PUBLISH; `flags` are those of DUP (8) and RETAIN (1)."""
    data = message.encode() if isinstance(message, str) else message
    id_ = number.to_bytes(2, "big") if qos else b""
    return packet(0x30 | qos << 1 | flags, string(topic) + id_ + data)


def answer(kind: int, number: int, code: bytes = b"") -> bytes:
    """Return an acknowledgement: PUBACK 0x40, PUBREC 0x50, PUBREL 0x62, PUBCOMP 0x70, SUBACK ..."""
    return packet(kind, number.to_bytes(2, "big") + code)


class Peer:
    """The broker's side of one TCP connection after another, played by the test."""

    def __init__(self) -> None:
        """Listen on a free port of the loopback."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(STEP_S)
        self.port: int = self._listener.getsockname()[1]
        self._connection: socket.socket | None = None

    def accept(self) -> None:
        """Wait for the client's next connection."""
        self.hang_up()
        self._connection, _ = self._listener.accept()
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.settimeout(STEP_S)

    def greet(self, reply: bytes = CONNACK) -> bytes:
        """Accept a connection, take its CONNECT and reply; return the CONNECT."""
        self.accept()
        connect = self.take()
        assert connect[0] == 0x10
        self.send(reply)
        return connect

    @property
    def _open(self) -> socket.socket:
        assert self._connection is not None
        return self._connection

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._open.sendall(data)

    def read(self, size: int) -> bytes:
        """Read exactly so many bytes, or what comes before the end of the connection."""
        data = b""
        while len(data) < size:
            piece = self._open.recv(size - len(data))
            if not piece:
                break
            data += piece
        return data

    def take(self) -> bytes:
        """Read one whole packet; empty at the end of the connection."""
        head = self.read(2)
        if len(head) < 2:
            return head
        size, shift, last = head[1] & 127, 7, head[1]
        while last > 127:
            head += self.read(1)
            last = head[-1]
            size |= (last & 127) << shift
            shift += 7
        return head + self.read(size)

    def expect(self, data: bytes) -> None:
        """Read as many bytes as `data` has, and hold them against it."""
        assert self.read(len(data)).hex(" ") == data.hex(" ")

    def expect_end(self) -> None:
        """Hold that the client closes without another byte."""
        # A reset: it closed with bytes of ours unread, which is an end as well.
        with suppress(ConnectionResetError):
            assert self._open.recv(64) == b""

    def expect_silence(self, seconds: float = 0.15) -> None:
        """Hold that nothing comes for a while."""
        self._open.settimeout(seconds)
        try:
            with pytest.raises(TimeoutError):
                self._open.recv(1)
        finally:
            self._open.settimeout(STEP_S)

    def hang_up(self, *, reset: bool = False) -> None:
        """End the connection with FIN, or with RST."""
        if self._connection is not None:
            if reset:
                linger = (1).to_bytes(4, sys.byteorder) + bytes(4)
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._connection.close()
            self._connection = None

    def shut(self) -> None:
        """Refuse connections from now on."""
        self._listener.close()

    def close(self) -> None:
        """Give all back."""
        self.hang_up()
        self.shut()
