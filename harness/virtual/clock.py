"""The board's time as it passes: what its program has waited through faster is in it, ahead.

The models tell each change of its pace through a memory file, whose descriptor the interpreter
inherits: to look at the clock then disturbs no program. It goes on over all resets; the board's own
clock counts from the last hard reset.
"""

from __future__ import annotations

import mmap
import os
import time

_BYTES = 8
#: Set while a program waits, so that time passes at the board's scale.
_IS_WAITING = 1


class BoardClock:
    """The clock; `peripherals/_clock.py` writes it.

    Its 8 bytes are a signed number, little-endian: what is to be added to the host's microseconds
    (times the scale, while the program waits), doubled, with `_IS_WAITING` in the lowest bit. One
    number of one machine word, so that it is never seen half-written.
    """

    def __init__(self, scale: int) -> None:
        """Begin as the host's monotonic clock.

        Args:
            scale: How many times as fast it runs while the program waits.
        """
        self.descriptor = os.memfd_create("codey-clock", os.MFD_CLOEXEC)
        os.ftruncate(self.descriptor, _BYTES)
        self._memory = mmap.mmap(self.descriptor, _BYTES)
        self._scale = scale

    def now_us(self) -> int:
        """Return the time, in microseconds from the zero of the host's monotonic clock."""
        return self._at(_host_us())

    def end_wait(self) -> None:
        """Let it pass as the host's: the program that waited has been ended."""
        host_us = _host_us()
        ahead_us = self._at(host_us) - host_us
        self._memory[:_BYTES] = (ahead_us << 1).to_bytes(_BYTES, "little", signed=True)

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        os.close(self.descriptor)

    def _at(self, host_us: int) -> int:
        told = int.from_bytes(self._memory[:_BYTES], "little", signed=True)
        return host_us * (self._scale if told & _IS_WAITING else 1) + (told >> 1)


def _host_us() -> int:
    return time.monotonic_ns() // 1000
