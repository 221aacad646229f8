"""What the panel and the LED showed, from what a program did to the pins."""

from __future__ import annotations

from harness.virtual.tm1640 import Tm1640
from tests.device.program import Seen

RED, GREEN, BLUE = 14, 21, 4


def frames(seen: Seen) -> list[tuple[int, str]]:
    """Return each picture that the panel showed and when, as 32 hex digits.

    The bus is decoded by the model of the virtual board, which knows nothing of the driver.
    """
    chip = Tm1640()
    shown: list[tuple[int, str]] = []
    before = 3
    for at_ms, wires in seen.edges:
        data_rose = wires == 3 and before == 2
        before = wires
        chip.feed(bytes((wires,)))
        # After a stop condition only: within a transfer the chip takes over byte by byte.
        picture = chip.columns.hex()
        if data_rose and chip.is_on and (not shown or shown[-1][1] != picture):
            shown.append((at_ms, picture))
    assert chip.violations == []
    return shown


def colours(seen: Seen) -> list[tuple[int, int, int]]:
    """Return the colour after each setting of a channel: duty of 10 bit, red inverted."""
    parts = {RED: 0, GREEN: 0, BLUE: 0}
    colour = []
    for _, pin, duty in seen.duties:
        parts[pin] = (1023 - duty if pin == RED else duty) // 4
        colour.append((parts[RED], parts[GREEN], parts[BLUE]))
    return colour
