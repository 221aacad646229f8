"""The Codey's API on MicroPython for the ESP32: `display`, `led`, `wifi` and the timer.

Importing it clears the panel and the LED, seeds `random` and starts the timer.

Source: docs/codey.md, all sections. Written from facts; none of the vendor's code is in it. What
drives hardware is unverified on hardware.
"""

import gc
import random
from os import urandom
from time import ticks_diff, ticks_ms

# Compiled one by one on a tidied heap: the compiler's leftovers would lie between what stays, and
# programs would fail for want of 640 bytes in one piece with 100 KB free (seen on a virtual board).
gc.collect()
from codey.font import text_columns  # noqa: E402, F401 - the largest table, before its user

gc.collect()
from codey.panel import Display  # noqa: E402

gc.collect()
from codey.rgb import Led  # noqa: E402

gc.collect()
from codey.station import Wifi  # noqa: E402
from codey.tm1640 import TM1640  # noqa: E402

gc.collect()

__version__ = "1.0.0"

display = Display(TM1640(23, 22))
led = Led(14, 21, 4)
wifi = Wifi()

_started_ms = 0


def get_timer():
    """Return the seconds since the program began or since reset_timer(), with one decimal."""
    return ticks_diff(ticks_ms(), _started_ms) // 100 / 10


def reset_timer():
    """Begin again at 0."""
    global _started_ms
    _started_ms = ticks_ms()


random.seed(int.from_bytes(urandom(4), "big"))
reset_timer()
