"""Messages over infrared light: bytes as pulses of a carrier, in the times of the NEC code.

A message is a lead of 9 ms light and 4.5 ms darkness, its bytes with their lowest bit first, and a
closing light. A bit is 562 us of light and 562 (0) or 1687 us (1) of darkness. A remote control's
key is four bytes: address, its complement, command, its complement. A text is its bytes in UTF-8
and a newline.

Source: NEC, infrared remote control transmission format (as in the uPD6121 data sheet); the form of
a text is ours (docs/codey.md, "Infrared").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LEAD_US = (9000, 4500)
_LIGHT_US = 562
_DARK_US = (562, 1687)
#: Half-way between the darknesses of the two bits, and well below the lead's light.
_IS_ONE_US = 1100
_IS_LEAD_US = 6000
_BITS = 8
_CODE_BYTES = 4


@dataclass(frozen=True)
class Code:
    """A key of a remote control: address and command, a byte each."""

    address: int
    command: int


def pulses(data: bytes) -> tuple[int, ...]:
    """Return bytes as pulses.

    Args:
        data: The message.

    Returns:
        Light and darkness in turn, in microseconds; the first and the last is light.
    """
    found = [*_LEAD_US]
    for byte in data:
        for place in range(_BITS):
            found += [_LIGHT_US, _DARK_US[byte >> place & 1]]
    return (*found, _LIGHT_US)


def message(durations_us: Sequence[int]) -> bytes | None:
    """Return the bytes of a message, None when the pulses are none.

    Args:
        durations_us: As `pulses` returns them, as exact as an ESP32 is.
    """
    head = len(_LEAD_US)
    bits = [int(dark >= _IS_ONE_US) for dark in durations_us[head + 1 :: 2]]
    if len(durations_us) <= head or durations_us[0] < _IS_LEAD_US or len(bits) % _BITS:
        return None
    return bytes(
        sum(bit << place for place, bit in enumerate(bits[at : at + _BITS]))
        for at in range(0, len(bits), _BITS)
    )


def encode(content: str | Code) -> bytes:
    """Return a text or a key as a message's bytes."""
    if isinstance(content, Code):
        return bytes(
            (content.address, content.address ^ 0xFF, content.command, content.command ^ 0xFF)
        )
    return content.encode() + b"\n"


def decode(data: bytes) -> str | Code | None:
    """Return the text or the key that a message's bytes are, None when they are neither."""
    if len(data) == _CODE_BYTES and data[0] ^ data[1] == data[2] ^ data[3] == 0xFF:  # noqa: PLR2004
        return Code(data[0], data[2])
    if not data.endswith(b"\n"):
        return None
    try:
        return data[:-1].decode()
    except UnicodeDecodeError:
        return None
