"""The serial line with its USB adapter: how long each byte takes, both ways, and what has crossed.

    client --USB--> [ adapter ] --UART, so many bits a second--> board, and back

A piece of n bytes that is put on the line at t begins when what went before it has left the UART,
takes n times ten bits, and is there one latency later. It is handed on whole, `packet_bytes` at a
time: so the end of every packet is where a real line has it, and the bytes before it are late by at
most one packet. Moments are counted from one another and not from when the loop came round, so a
busy machine delays a packet and never slows the line. With neither a rate nor a latency bytes pass
at once, and only the traffic is kept.

Source of the defaults: an adapter on USB 2.0 answers once a frame, which is 1 ms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass

#: A start bit, eight of data, a stop bit.
BITS_A_BYTE = 10
#: What an adapter and its driver take from a client that sends faster than the line.
DOWN_BUFFER_BYTES = 4096
#: What a UART takes from a program that prints faster than the line.
UP_BUFFER_BYTES = 256


class Lane:
    """One direction of the line: a queue of packets, each with the moment of its arrival."""

    def __init__(
        self, byte_s: float, latency_s: float, packet_bytes: int, buffer_bytes: int
    ) -> None:
        """Begin empty.

        Args:
            byte_s: How long one byte occupies the line, in seconds; 0 for no time at all.
            latency_s: How long a byte is under way besides, in seconds.
            packet_bytes: At most so many bytes arrive together.
            buffer_bytes: How much may wait in it before `has_room` is false.
        """
        self._byte_s = byte_s
        self._latency_s = latency_s
        self._packet_bytes = packet_bytes
        self._buffer_bytes = buffer_bytes
        self._free_s = 0.0
        self._packets: deque[tuple[float, bytes]] = deque()
        self._size = 0

    @property
    def has_room(self) -> bool:
        """Whether more should be put on it now."""
        return self._size < self._buffer_bytes

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way on it."""
        return bool(self._packets)

    @property
    def due_s(self) -> float | None:
        """When the next packet arrives; None while nothing is under way."""
        return self._packets[0][0] if self._packets else None

    def put(self, data: bytes, now_s: float) -> None:
        """Send bytes off."""
        for start in range(0, len(data), self._packet_bytes):
            packet = data[start : start + self._packet_bytes]
            self._free_s = max(self._free_s, now_s) + len(packet) * self._byte_s
            self._packets.append((self._free_s + self._latency_s, packet))
            self._size += len(packet)

    def take(self, now_s: float) -> bytes:
        """Return what has arrived by now."""
        arrived = bytearray()
        while self._packets and self._packets[0][0] <= now_s:
            arrived += self._packets.popleft()[1]
        self._size -= len(arrived)
        return bytes(arrived)

    def clear(self) -> None:
        """Lose what is under way: the adapter has gone."""
        self._packets.clear()
        self._size = 0
        self._free_s = 0.0

    def cut(self, now_s: float) -> None:
        """Lose what the sender has not sent yet: it was reset or has no supply."""
        while self._packets:
            at_s, packet = self._packets[-1]
            if at_s - self._latency_s - len(packet) * self._byte_s <= now_s:
                break
            self._packets.pop()
            self._size -= len(packet)
        self._free_s = self._packets[-1][0] - self._latency_s if self._packets else now_s


@dataclass
class Traffic:
    """What has crossed the line since it was last asked to forget.

    Attributes:
        down_bytes: From the client to the board.
        up_bytes: From the board to the client.
        turns: How often the board answered with nothing more on the way to it: the exchanges that
            somebody had to wait for. Flow control in the middle of a stream is none.
        first_s: When the first byte was put on the line, in seconds of the monotonic clock.
        last_s: When the last byte arrived.
    """

    down_bytes: int = 0
    up_bytes: int = 0
    turns: int = 0
    first_s: float = 0.0
    last_s: float = 0.0


class Line:
    """Both directions.

    Attributes:
        down: From the client to the board.
        up: From the board to the client.
        traffic: What has crossed it.
    """

    def __init__(
        self,
        baud: int,
        latency_s: float,
        packet_bytes: int,
        *,
        to_board: Callable[[bytes], None],
        to_client: Callable[[bytes], None],
    ) -> None:
        """Begin silent.

        Args:
            baud: Bits a second, both ways; 0 for a line that takes no time.
            latency_s: Each way, in seconds.
            packet_bytes: At most so many bytes arrive together.
            to_board: Takes what arrives at the board.
            to_client: Takes what arrives at the client.
        """
        byte_s = BITS_A_BYTE / baud if baud else 0.0
        self._passes = not baud and not latency_s
        self._to_board = to_board
        self._to_client = to_client
        self._is_asked = False
        self.down = Lane(byte_s, latency_s, packet_bytes, DOWN_BUFFER_BYTES)
        self.up = Lane(byte_s, latency_s, packet_bytes, UP_BUFFER_BYTES)
        self.traffic = Traffic()

    @property
    def due_s(self) -> float | None:
        """When `advance` has something to do; None for not before more is sent."""
        moments = (self.down.due_s, self.up.due_s)
        return min((moment for moment in moments if moment is not None), default=None)

    def send_down(self, data: bytes, now_s: float) -> None:
        """Take what the client sends."""
        self._is_asked = True
        self._begin(now_s)
        if self._passes:
            self._arrive_down(data, now_s)
        else:
            self.down.put(data, now_s)

    def send_up(self, data: bytes, now_s: float) -> None:
        """Take what the board sends."""
        if self._is_asked and not self.down.is_busy:
            self._is_asked = False
            self.traffic.turns += 1
        self._begin(now_s)
        if self._passes:
            self._arrive_up(data, now_s)
        else:
            self.up.put(data, now_s)

    def advance(self, now_s: float) -> None:
        """Hand on what has arrived."""
        if data := self.up.take(now_s):
            self._arrive_up(data, now_s)
        if data := self.down.take(now_s):
            self._arrive_down(data, now_s)

    def report(self, *, forget: bool) -> dict[str, float]:
        """Return the traffic as JSON values, and begin anew if it is to be forgotten."""
        seen = {**asdict(self.traffic), "is_busy": self.down.is_busy or self.up.is_busy}
        if forget:
            self.traffic = Traffic()
            self._is_asked = False
        return seen

    def _begin(self, now_s: float) -> None:
        if not self.traffic.first_s:
            self.traffic.first_s = now_s

    def _arrive_down(self, data: bytes, now_s: float) -> None:
        self.traffic.down_bytes += len(data)
        self.traffic.last_s = now_s
        self._to_board(data)

    def _arrive_up(self, data: bytes, now_s: float) -> None:
        self.traffic.up_bytes += len(data)
        self.traffic.last_s = now_s
        self._to_client(data)
