"""Driver of the TM1640, the two-wire controller of the 16 x 8 panel.

A transfer begins with DIN falling and ends with DIN rising while SCLK is high; within it DIN
changes only while SCLK is low, and a bit is taken at the rising edge, the lowest bit first.

Source: Titan Micro TM1640 data sheet; docs/codey.md, "Panel bus" and "Pins".
Unverified on hardware.
"""

from machine import Pin

_DATA = 0x40  # data follow, at rising addresses
_ADDRESS = 0xC0
_ON = 0x88  # with the brightness, 0 to 7, in the low bits


class TM1640:
    """The controller at two pins.

    A frame is 19 bytes in three transfers. Each byte takes 24 pin operations, each transfer 7 more:
    477 in all. At 3 to 5 us each, which is usual for MicroPython on an ESP32, that is about 2 ms.
    """

    def __init__(self, clock_pin, data_pin, brightness=7):
        self._clock = Pin(clock_pin, Pin.OUT, value=1).value
        self._data = Pin(data_pin, Pin.OUT, value=1).value
        self._on = bytes((_ON | brightness,))

    def write(self, columns):
        """Show 16 bytes, one a column from the left, the highest bit on top."""
        self._transfer((_DATA,))
        self._transfer((_ADDRESS,), columns)
        self._transfer(self._on)

    def _transfer(self, command, columns=b""):
        clock = self._clock
        data = self._data
        # Both are high already, but for a transfer that Ctrl-C has cut.
        data(1)
        clock(1)
        data(0)
        for part in (command, columns):
            for byte in part:
                for place in range(8):
                    clock(0)
                    data(byte >> place & 1)
                    clock(1)
        clock(0)
        data(0)
        clock(1)
        data(1)
