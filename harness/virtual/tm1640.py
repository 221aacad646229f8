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
_BYTE = 8

_RISING_ADDRESS = 0x40
_FIXED_ADDRESS = 0x44

# The rules of the bus that can be seen from the order of the edges.
NO_STOP = "a transfer began before the one before it had its stop"
NO_START = "a stop without a start"
CUT_BYTE = "a stop within a byte"
EMPTY = "a transfer without a byte"
UNKNOWN = "an unknown command"
NO_DATA_HERE = "data behind a command that takes none"
TOO_MUCH = "data for an address behind the last one"
NOT_ANNOUNCED = "data without a data command before them"
MANY_FIXED = "more than one byte for a fixed address"
#: What a program that was interrupted in the middle of a transfer leaves behind.
_OF_A_CUT = (NO_STOP, CUT_BYTE, EMPTY)


class Tm1640:
    """State machine; knows neither time nor pins.

    Attributes:
        memory: One byte a column; bit 7 is the top row.
        is_on: Whether the display is switched on.
        brightness: 0 to 7.
        in_transfer: Whether a transfer has begun and not yet ended.
        violations: The rules of the bus that were broken so far, as sentences, oldest first.
    """

    def __init__(self) -> None:
        """Power up: display off. The chip's memory is undefined then; here it is dark."""
        self.memory = bytearray(COLUMNS)
        self.is_on = False
        self.brightness = 0
        self.violations: list[str] = []
        self._wires = _CLOCK | _DATA
        self._mode: int | None = None
        self.in_transfer = False
        self._bits: list[int] = []
        self._address: int | None = None
        self._byte_count = 0
        self._may_be_cut = False

    @property
    def columns(self) -> bytes:
        """What is lit: 16 bytes, one a column from the left; zero while the display is off."""
        return bytes(self.memory) if self.is_on else bytes(COLUMNS)

    def release(self) -> None:
        """Let both wires go, as the pins do when their owner is reset: high, no transfer."""
        self._wires = _CLOCK | _DATA
        self.in_transfer = False
        self._bits.clear()
        self._may_be_cut = False

    def expect_cut(self) -> None:
        """Take note of a Ctrl-C: one transfer that it has cut short is not the driver's fault."""
        self._may_be_cut = True

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
                if len(self._bits) == _BYTE:
                    self._byte(sum(bit << place for place, bit in enumerate(self._bits)))
                    self._bits.clear()

    def _start(self) -> None:
        if self.in_transfer:
            self._object(NO_STOP)
        self.in_transfer = True
        self._bits.clear()
        self._byte_count = 0
        self._address = None

    def _stop(self) -> None:
        # The clock rises once more before a stop, with data low: one bit that belongs to no byte.
        if not self.in_transfer:
            self._object(NO_START)
        elif len(self._bits) > 1:
            self._object(CUT_BYTE)
        elif self._byte_count == 0:
            self._object(EMPTY)
        self.in_transfer = False

    def _byte(self, value: int) -> None:
        self._byte_count += 1
        if self._byte_count == 1:
            self._command(value)
        elif self._address is None:
            self._object(NO_DATA_HERE)
        elif self._address >= COLUMNS:
            self._object(TOO_MUCH)
        else:
            self._store(self._address, value)

    def _store(self, address: int, value: int) -> None:
        if self._mode is None:
            self._object(NOT_ANNOUNCED)
        self.memory[address] = value
        if self._mode != _FIXED_ADDRESS:
            self._address = address + 1
        elif self._byte_count > 2:  # noqa: PLR2004, command and data
            self._object(MANY_FIXED)

    def _command(self, value: int) -> None:
        if value in (_RISING_ADDRESS, _FIXED_ADDRESS):
            self._mode = value
        elif value & 0xF0 == 0xC0:  # noqa: PLR2004, the command
            self._address = value & 0x0F
        elif value & 0xF0 == 0x80:  # noqa: PLR2004, the command
            self.is_on = bool(value & 0x08)
            self.brightness = value & 0x07
        else:
            self._object(UNKNOWN)

    def _object(self, rule: str) -> None:
        if self._may_be_cut and rule in _OF_A_CUT:
            self._may_be_cut = False
            return
        self.violations.append(rule)
