"""`machine.ADC`: what lies at the pins, as far as the attenuation lets it be told apart."""

import _bench
from _gpio import Pin

#: Full scale of each attenuation in millivolts, rounded as ESP-IDF's manual has it; above it the
#: reading stays at its maximum. Nothing of a real converter's bend and noise.
_FULL_MV = (1100, 1500, 2200, 3300)


class ADC:
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12

    def __init__(self, pin, atten=0):
        self._pin = Pin(pin).id
        if not 32 <= self._pin <= 39:
            raise ValueError("invalid pin")
        self._bits = 12
        self.atten(atten)

    def atten(self, attenuation):
        if attenuation not in (0, 1, 2, 3):
            raise ValueError("invalid atten")
        self._full_mv = _FULL_MV[attenuation]

    def width(self, bits):
        if not 9 <= bits <= 12:
            raise ValueError("invalid bits")
        self._bits = bits

    def read_u16(self):
        block = _bench.refresh()
        place = _bench.READINGS + 2 * (self._pin - 32)
        return min(65535, (block[place] | block[place + 1] << 8) * 3300 // self._full_mv)

    def read(self):
        return self.read_u16() >> (16 - self._bits)

    def read_uv(self):
        return self.read_u16() * self._full_mv // 65535 * 1000
