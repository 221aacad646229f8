"""The fixed header of an MQTT packet.

Source: MQTT 3.1.1, section 2.2.
"""

from __future__ import annotations

from harness.errors import LocalProtocolError

#: What four bytes of remaining length can say (2.2.3, table 2.4).
MAX_REMAINING_BYTES = 268_435_455


def encode_length(size: int) -> bytes:
    """Return a remaining length in as few bytes as it takes (2.2.3).

    Raises:
        LocalProtocolError: It takes more than four bytes.
    """
    if not 0 <= size <= MAX_REMAINING_BYTES:
        raise LocalProtocolError(
            "a packet's remaining length cannot be said in four bytes",
            on="MQTT 3.1.1, 2.2.3",
            expected=f"0 to {MAX_REMAINING_BYTES} bytes",
            got=str(size),
        )
    data = bytearray()
    while True:
        size, digit = divmod(size, 128)
        data.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(data)


def frame(first: int, body: bytes = b"") -> bytes:
    """Return a control packet from its first byte and what follows the remaining length.

    Args:
        first: Type in the upper four bits, flags in the lower four (2.2.1, 2.2.2).
        body: Variable header and payload.
    """
    return bytes((first,)) + encode_length(len(body)) + body
