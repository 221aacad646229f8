"""The TM1640 LED controller, from the levels of its two wires.

Two wires, no acknowledge: data falls while the clock is high to start, rises while it is high to
stop, and is taken over at the clock's rising edge, least significant bit first. The first byte of
a transfer says what the rest is: 0x40 data follow at rising addresses, 0x44 at one fixed address,
0xC0 + address with the data behind it, 0x88 + brightness on, 0x80 off.

Source: Titan Micro, TM1640 data sheet, sections 6 to 8; wiring from docs/codey.md, "Pins".
"""

from __future__ import annotations

#: Columns of the panel, one byte each.
COLUMNS = 16
_CLOCK = 2
_DATA = 1


class Tm1640:
    """State machine; knows neither time nor pins.

    Attributes:
        memory: One byte a column; bit 7 is the top row.
        is_on: Whether the display is switched on.
        brightness: 0 to 7.
        in_transfer: Whether a transfer has begun and not yet ended.
        protocol_errors: Transfers that broke the rules so far: a stop within a byte, an unknown
            command, data behind one that takes none, or more data than addresses.
    """

    def __init__(self) -> None:
        """Power up: display off. The chip's memory is undefined then; here it is dark."""
        self.memory = bytearray(COLUMNS)
        self.is_on = False
        self.brightness = 0
        self.protocol_errors = 0
        self._wires = _CLOCK | _DATA
        self._is_fixed = False
        self.in_transfer = False
        self._bits: list[int] = []
        self._address: int | None = None
        self._byte_count = 0

    @property
    def columns(self) -> bytes:
        """What is lit: 16 bytes, one a column from the left; zero while the display is off."""
        return bytes(self.memory) if self.is_on else bytes(COLUMNS)

    def release(self) -> None:
        """Let both wires go, as the pins do when their owner is reset: high, no transfer."""
        self._wires = _CLOCK | _DATA
        self.in_transfer = False
        self._bits.clear()

    def feed(self, changes: bytes) -> None:
        """Take over changes of the wires.

        Args:
            changes: The wires after each change, clock * 2 + data.
        """
        for wires in changes:
            before, self._wires = self._wires, wires & (_CLOCK | _DATA)
            if before & wires & _CLOCK:
                if before & _DATA and not wires & _DATA:
                    self._start()
                elif wires & _DATA and not before & _DATA:
                    self._stop()
            elif wires & _CLOCK and self.in_transfer:
                self._bits.append(wires & _DATA)
                if len(self._bits) == 8:  # noqa: PLR2004, a byte
                    self._byte(sum(bit << place for place, bit in enumerate(self._bits)))
                    self._bits.clear()

    def _start(self) -> None:
        if self.in_transfer:
            self.protocol_errors += 1
        self.in_transfer = True
        self._bits.clear()
        self._byte_count = 0
        self._address = None

    def _stop(self) -> None:
        # The clock rises once more before a stop, with data low: one bit that belongs to no byte.
        if not self.in_transfer or len(self._bits) > 1 or self._byte_count == 0:
            self.protocol_errors += 1
        self.in_transfer = False

    def _byte(self, value: int) -> None:
        self._byte_count += 1
        if self._byte_count == 1:
            self._command(value)
        elif self._address is None or self._address >= COLUMNS:
            self.protocol_errors += 1
        else:
            self.memory[self._address] = value
            if not self._is_fixed:
                self._address += 1

    def _command(self, value: int) -> None:
        if value in (0x40, 0x44):
            self._is_fixed = value == 0x44  # noqa: PLR2004, the command
        elif value & 0xF0 == 0xC0:  # noqa: PLR2004, the command
            self._address = value & 0x0F
        elif value & 0xF0 == 0x80:  # noqa: PLR2004, the command
            self.is_on = bool(value & 0x08)
            self.brightness = value & 0x07
        else:
            self.protocol_errors += 1
