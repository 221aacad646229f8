"""The frames that the Codey's factory firmware speaks on its serial line: just enough to know it.

``F3 | head | length, 2 bytes, low first | payload | sum | F4``. The head is the sum of F3 and the
length bytes, the sum that of the payload, both modulo 256. The payload's first byte says what it
is about. What the firmware prints as plain text comes between the frames.

Source: docs/codey.md, "Factory firmware". Unverified on hardware.
"""

from __future__ import annotations

from dataclasses import dataclass

START, END = 0xF3, 0xF4
HEAD_BYTES = 4
#: Sum and end.
TAIL_BYTES = 2

#: The firmware's own buffer holds 384 bytes; a longer length is no frame's.
MAX_PAYLOAD_BYTES = 384

FIRMWARE_VERSION = 0x06


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        protocol: What it is about: the payload's first byte.
        data: The rest of the payload.
    """

    protocol: int
    data: bytes = b""

    def encode(self) -> bytes:
        """Return the frame's bytes.

        Raises:
            ValueError: The payload is longer than the firmware takes.
        """
        payload = bytes((self.protocol,)) + self.data
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"{len(payload)} bytes of payload, at most {MAX_PAYLOAD_BYTES}")
        size = len(payload).to_bytes(2, "little")
        head = (START + sum(size)) & 0xFF
        return bytes((START, head)) + size + payload + bytes((sum(payload) & 0xFF, END))


#: ``f3 f4 01 00 06 06 f4``: asks for the firmware's version.
VERSION_QUERY = Frame(FIRMWARE_VERSION).encode()


class FrameStream:
    """Finds the frames in what a board says; any split of the input gives the same.

    Bytes that are no frame's are left out: text, noise, and frames with a wrong sum. If `receive`
    raises, that is a bug here.
    """

    def __init__(self) -> None:
        """Begin before the first byte."""
        self._buffer = bytearray()

    def receive(self, data: bytes) -> list[Frame]:
        """Take what came and return the frames that are complete now."""
        self._buffer += data
        frames: list[Frame] = []
        while (start := self._buffer.find(START)) >= 0:
            del self._buffer[:start]
            size = self._size()
            if size is None:
                # No frame begins here; perhaps one does at the next F3.
                del self._buffer[:1]
            elif len(self._buffer) < size:
                return frames
            else:
                frame = self._frame(size)
                if frame is not None:
                    frames.append(frame)
                del self._buffer[: size if frame is not None else 1]
        self._buffer.clear()
        return frames

    def _size(self) -> int | None:
        """Return how long the frame at the beginning is, as far as known; None when it is none."""
        buffer = self._buffer
        if len(buffer) < HEAD_BYTES:
            return HEAD_BYTES
        length = int.from_bytes(buffer[2:4], "little")
        is_head = buffer[1] == (START + buffer[2] + buffer[3]) & 0xFF
        if not is_head or not 1 <= length <= MAX_PAYLOAD_BYTES:
            return None
        return HEAD_BYTES + length + TAIL_BYTES

    def _frame(self, size: int) -> Frame | None:
        payload = self._buffer[HEAD_BYTES : size - TAIL_BYTES]
        total, end = self._buffer[size - TAIL_BYTES : size]
        if end != END or total != sum(payload) & 0xFF:
            return None
        return Frame(payload[0], bytes(payload[1:]))


def version_of(frame: Frame) -> str | None:
    """Return the firmware's version that a frame tells, such as ``23.01.012``; None for others.

    Only the printable characters count: what stands around the text is not documented.
    """
    if frame.protocol != FIRMWARE_VERSION:
        return None
    text = "".join(chr(byte) for byte in frame.data if 0x20 <= byte < 0x7F).strip()  # noqa: PLR2004
    return text or None
