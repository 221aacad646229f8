"""What a board shows: the panel as rows of characters, the LED, and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

COLUMNS = 16
ROWS = 8
LIT, DARK = "#", "."

#: Where a snapshot comes from; docs/interface.md, "Evidence sources".
SOURCES = ("commanded", "device", "bench")


def rows_from_columns(columns: bytes) -> tuple[str, ...]:
    """Return a panel's picture as rows.

    Args:
        columns: 16 bytes, one a column from the left, bit 7 the top row.

    Returns:
        8 strings of 16 characters, `LIT` or `DARK`, top row first.

    Source: vendor documentation of `show_image`.
    """
    padded = columns[:COLUMNS].ljust(COLUMNS, b"\0")
    return tuple(
        "".join(LIT if column & (0x80 >> row) else DARK for column in padded) for row in range(ROWS)
    )


def columns_from_rows(rows: tuple[str, ...]) -> bytes:
    """Return the 16 bytes of a picture that is given as rows; inverse of `rows_from_columns`."""
    return bytes(
        sum(0x80 >> row for row in range(ROWS) if rows[row][column] == LIT)
        for column in range(COLUMNS)
    )


@dataclass(frozen=True)
class Snapshot:
    """One observer's view of a board at one moment.

    Attributes:
        source: ``commanded`` (the API was told so), ``device`` (the board's own buffer) or
            ``bench`` (an observer outside the program under test).
        pixels: 8 strings of 16 characters, ``#`` lit and ``.`` dark, top row first.
        text: The text that was asked for, where the source knows it.
        led: Red, green, blue in 0..255.
        ticks_ms: The source's clock in milliseconds: the board's for ``commanded`` and
            ``device``, the host's monotonic one for ``bench``.
        is_led_known: False where the source cannot tell the colour: nothing may be concluded from
            `led` then, and JSON has null for it.
    """

    source: str
    pixels: tuple[str, ...]
    text: str | None
    led: tuple[int, int, int]
    ticks_ms: int
    is_led_known: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return the JSON shape of ``hil snapshot --json``."""
        return {
            "source": self.source,
            "pixels": list(self.pixels),
            "text": self.text,
            "led": list(self.led) if self.is_led_known else None,
            "ticks_ms": self.ticks_ms,
        }
