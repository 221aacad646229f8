r"""Bytes to a program on the board, as fast as the line and never faster than the board.

The board grants a window with each 06 that it prints; the sender sends a chunk of exactly one
window for each, so what is under way never exceeds what the board has said it can hold. The last
chunk is what is left. Before it reads a chunk the board grants one more; its first 06 is for all
`WINDOWS`, as nothing is under way then. So all but one of them stay granted from one batch of
chunks to the next, and the 06 before the first chunk of a batch tells that the board reads it.

Ctrl-C must stay what it is, so that a board whose host has died can be had back at any moment: a 03
in the payload is sent as 1B 31, a 1B as 1B 30. No pair lies across two chunks: a 1B that would be a
chunk's last byte is sent and then said again at the head of the next, and the board drops a 1B at
the end of a chunk. Random bytes grow by 0.8 %.

    board:  06 ................... 06 .... 06 .... 07 ...... 06 ....... 1E frame
    host:      chunk chunk chunk      chunk   chunk    (07: a file is in place, 08: it was)

A program that is to run there comes in chunks too, but has no 03 in it and so no escapes.

Source: harness/board/device_code/load.py, receive.py and store.py, the board's side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from harness.errors import RemoteProtocolError
from harness.wire.device_value import ValueStream

GRANT = 6
PLACED = 7
SKIPPED = 8
ESCAPE = b"\x1b"
#: Byte -> what it is sent as; the escape itself first.
PAIRS = ((b"\x1b", b"\x1b0"), (b"\x03", b"\x1b1"))
#: So many chunks of so many bytes may be granted and not yet read: 256 bytes, which MicroPython's
#: raw paste declares its standard input to hold on every port. It grants 128 at a time, and while a
#: grant is under way only 128 bytes (11 ms) keep the line busy; with 64 at a time 192 do (17 ms).
CHUNK_BYTES = 64
WINDOWS = 4


def chunks_of(payload: bytes, chunk_bytes: int = CHUNK_BYTES) -> list[bytes]:
    """Return the chunks that carry a payload; all but the last have `chunk_bytes` bytes."""
    for plain, pair in PAIRS:
        payload = payload.replace(plain, pair)
    chunks = []
    start = 0
    while start < len(payload):
        chunk = payload[start : start + chunk_bytes]
        chunks.append(chunk)
        start += len(chunk) - chunk.endswith(ESCAPE)
    return chunks


def payload_of(chunks: list[bytes]) -> bytes:
    """Return what the board makes of chunks; inverse of `chunks_of`."""
    payload = b"".join(chunk.rstrip(ESCAPE) for chunk in chunks)
    for plain, pair in reversed(PAIRS):
        payload = payload.replace(pair, plain)
    return payload


class PushStream:
    """The sender's side.

    Attributes:
        done: For each file that the board is done with, whether it had to be written.
        values: What the board has answered, each as a tuple of one.
        noise: What it printed besides.
    """

    def __init__(self) -> None:
        """Begin with nothing to send and no window granted."""
        self.done: list[bool] = []
        self.values: list[tuple[object]] = []
        self.noise = bytearray()
        #: Each with the number of windows that must be free for it.
        self._chunks: deque[tuple[int, bytes]] = deque()
        self._sent = 0
        self._granted = WINDOWS - 1
        self._stream = ValueStream()

    def put(self, batch: Iterable[bytes]) -> None:
        """Send these chunks too, none larger than `CHUNK_BYTES`; the board knows their sizes.

        The first of them goes once all windows are free: the board has begun to read them then. Any
        earlier it may still fail at what came before, and they would be code at its prompt.
        """
        for number, chunk in enumerate(batch):
            self._chunks.append((1 if number else WINDOWS, chunk))

    @property
    def is_sent(self) -> bool:
        """Whether all of it has been sent."""
        return not self._chunks

    def data_to_send(self) -> bytes:
        """Return the bytes that may be sent now; empty when the board has to speak first."""
        data = b""
        while self._chunks and self._granted - self._sent >= self._chunks[0][0]:
            data += self._chunks.popleft()[1]
            self._sent += 1
        return data

    def receive(self, printed: bytes) -> None:
        """Take what the program printed, split anywhere.

        Raises:
            RemoteProtocolError: It granted what it cannot have read yet: bytes would be lost.
        """
        for item in self._stream.receive(printed):
            if isinstance(item, tuple):
                self.values.append(item)
            else:
                self._take(item)

    def _take(self, data: bytes) -> None:
        for byte in data:
            if byte == GRANT:
                self._granted += 1
            elif byte in (PLACED, SKIPPED):
                self.done.append(byte == PLACED)
            else:
                self.noise.append(byte)
        if self._granted > self._sent + WINDOWS:
            raise RemoteProtocolError(
                "the board granted more than it can have read",
                received=data,
                expected=f"at most {WINDOWS} windows beyond what was sent",
            )
