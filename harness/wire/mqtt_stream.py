"""A stream of bytes in, control packets out.

Source: MQTT 3.1.1, section 2.2 (fixed header) and 4.2 (the network connection is a stream).
"""

from __future__ import annotations

from harness.wire.mqtt_decode import check_first, check_size, decode_packet
from harness.wire.mqtt_error import MalformedPacket
from harness.wire.mqtt_frame import MAX_REMAINING_BYTES
from harness.wire.mqtt_packet import Packet

#: The remaining length has at most this many bytes (2.2.3).
MAX_LENGTH_BYTES = 4

#: What a packet may have after its fixed header unless somebody says otherwise: 1 MiB.
LIMIT_BYTES = 1 << 20


class PacketStream:
    """Decodes one direction of one connection, strictly.

    If `receive` raises anything but `MalformedPacket`, that is a bug here. Memory is taken for what
    came, never for what a length field announces.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        """Begin before the first byte.

        Args:
            limit_bytes: The longest remaining length that is accepted, at most 268,435,455.
        """
        self._limit_bytes = min(limit_bytes, MAX_REMAINING_BYTES)
        self._buffer = bytearray()
        self._error: MalformedPacket | None = None

    @property
    def pending(self) -> bytes:
        """What has come of a packet that is not complete yet."""
        return bytes(self._buffer)

    @property
    def is_broken(self) -> bool:
        """Whether a malformed packet has come, after which nothing can be told from the bytes."""
        return self._error is not None

    def receive(self, data: bytes) -> list[Packet]:
        """Take bytes, split anywhere.

        Args:
            data: What came.

        Returns:
            The packets that are complete now, in order. Another split of the same bytes gives the
            same packets.

        Raises:
            MalformedPacket: The bytes break a rule, now or in an earlier call. `before` holds the
                packets of this call that came before them.
        """
        if self._error is not None:
            self._error.before = ()
            raise self._error
        self._buffer += data
        packets: list[Packet] = []
        try:
            while (packet := self._next()) is not None:
                packets.append(packet)
        except MalformedPacket as error:
            error.before = tuple(packets)
            self._error = error
            raise
        return packets

    def _next(self) -> Packet | None:
        """Take one packet off the buffer; None when it is not complete."""
        buffer = self._buffer
        if not buffer:
            return None
        kind = check_first(buffer[0])
        size = 0
        for place in range(1, MAX_LENGTH_BYTES + 1):
            if place == len(buffer):
                return None
            size |= (buffer[place] & 0x7F) << 7 * (place - 1)
            if buffer[place] < 0x80:  # noqa: PLR2004 - the continuation bit
                break
        else:
            raise self._malformed("its remaining length goes on after four bytes", kind)
        # A length said in more bytes than it takes is not forbidden before MQTT 5.
        check_size(kind, size)
        if size > self._limit_bytes:
            raise self._malformed(
                f"it announces {size} bytes", kind, f"at most {self._limit_bytes}, the limit here"
            )
        end = place + 1 + size
        if len(buffer) < end:
            return None
        body = bytes(buffer[place + 1 : end])
        first = buffer[0]
        packet = decode_packet(first, body)
        del buffer[:end]
        return packet

    def _malformed(self, text: str, kind: str, expected: str = "1 to 4 bytes") -> MalformedPacket:
        return MalformedPacket(
            text,
            statement="section 2.2.3",
            kind=kind,
            received=bytes(self._buffer[:80]),
            expected=expected,
        )
