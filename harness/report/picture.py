"""PNG pictures of the 16 x 8 panel and the LED, written by hand.

A PNG without filters is a header, the zlib stream of its rows and an end mark; that is less code
than the call of an imaging library, and keeps one out of the base install.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.entry import PANEL_COLUMNS, PANEL_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.report.record import Colour

#: Colours of the drawn board; the page's style sheet uses the same.
PAPER: Colour = (255, 255, 255)
PANEL: Colour = (16, 22, 34)
DARK: Colour = (38, 48, 66)
LIT: Colour = (190, 230, 255)
MISSING: Colour = (255, 120, 40)
SURPLUS: Colour = (235, 60, 120)

#: Pixels of the picture for one pixel of the panel; the last of them is the gap.
CELL = 8
_BORDER = 6
_LED_WIDTH = 24


@dataclass(frozen=True)
class Picture:
    """A picture as rows of packed red, green, blue bytes."""

    width: int
    rows: tuple[bytes, ...]


def png(picture: Picture) -> bytes:
    """Return a picture as a PNG file (8 bits, RGB).

    Source: PNG specification, sections 5 (chunks) and 11.2 (IHDR, IDAT, IEND).
    """

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", picture.width, len(picture.rows), 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in picture.rows), 6)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def panel(columns: bytes, led: Colour | None = None, expected: bytes | None = None) -> Picture:
    """Draw the panel with the LED at its right.

    Args:
        columns: 16 columns, bit 7 the top row.
        led: The LED's colour; None when it is not known, then there is no LED.
        expected: The columns that should have been there: pixels that differ get their own colours.

    Returns:
        A picture of 140 x 75 pixels, wider by 30 with an LED.
    """
    should = columns if expected is None else expected
    body = [
        row
        for y in range(PANEL_ROWS)
        for row in _cells([_pixel(columns[x], should[x], 0x80 >> y) for x in range(PANEL_COLUMNS)])
    ]
    if led is not None:
        lamp = bytes(led) * _LED_WIDTH
        body = [row + bytes(PANEL) * _BORDER + lamp for row in body]
    side = bytes(PANEL) * _BORDER
    width = len(body[0]) // 3 + 2 * _BORDER
    edge = [bytes(PANEL) * width] * _BORDER
    return Picture(width, (*edge, *(side + row + side for row in body), *edge))


def _pixel(column: int, expected: int, bit: int) -> Colour:
    if column & bit == expected & bit:
        return LIT if column & bit else DARK
    return SURPLUS if column & bit else MISSING


def _cells(colours: list[Colour]) -> list[bytes]:
    """Return the picture's rows for one row of the panel: cells with a gap right and below."""
    gap = bytes(PANEL)
    line = b"".join(bytes(colour) * (CELL - 1) + gap for colour in colours)
    return [line] * (CELL - 1) + [gap * (CELL * len(colours))]


def blank(like: Picture) -> Picture:
    """Return empty paper of a picture's size."""
    return Picture(like.width, (bytes(PAPER) * like.width,) * len(like.rows))


def strip(pictures: Sequence[Picture], across: int = 4) -> Picture:
    """Put pictures of one size side by side, `across` in a row, in reading order."""
    gap = bytes(PAPER) * _BORDER
    width = pictures[0].width
    across = min(across, len(pictures))
    total = across * width + (across - 1) * _BORDER
    rows: list[bytes] = []
    for first in range(0, len(pictures), across):
        line = list(pictures[first : first + across])
        line += [blank(pictures[0])] * (across - len(line))
        if rows:
            rows += [bytes(PAPER) * total] * _BORDER
        rows += [gap.join(parts) for parts in zip(*(one.rows for one in line), strict=True)]
    return Picture(total, tuple(rows))
