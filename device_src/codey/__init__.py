"""The Codey's API on MicroPython for the ESP32.

Importing it clears the panel and the LED, seeds `random` and starts the timer.

Source: docs/codey.md, all sections. Written from facts; none of the vendor's code is in it. What
drives hardware is unverified on hardware.
"""

import gc
import random
from os import urandom

# Compiled one by one on a tidied heap: the compiler's leftovers would lie between what stays, and
# programs would fail for want of 640 bytes in one piece with 100 KB free (seen on a virtual board).
gc.collect()
from codey.font import text_columns  # noqa: E402, F401 - the largest table, before its user

gc.collect()
from codey.script import (  # noqa: E402, F401
    stop_all_scripts,
    stop_other_scripts,
    stop_this_script,
)

gc.collect()
from codey.panel import Display  # noqa: E402

gc.collect()
from codey.rgb import Led  # noqa: E402

gc.collect()
from codey.station import Wifi  # noqa: E402

gc.collect()
from codey.tm1640 import TM1640  # noqa: E402

gc.collect()
from codey.later import Later, LaterSpeaker  # noqa: E402

gc.collect()
from codey.message import broadcast  # noqa: E402, F401
from codey.timer import get_timer, reset_timer  # noqa: E402, F401

gc.collect()

__version__ = "1.0.0"

# The pins: docs/codey.md, "Pins"; those of the others are in their modules.
display = Display(TM1640(23, 22))
led = Led(14, 21, 4)
wifi = Wifi()
speaker = LaterSpeaker("tone", "speaker")
button_a = Later("button", "button_a")
button_b = Later("button", "button_b")
button_c = Later("button", "button_c")
light_sensor = Later("sensor", "light_sensor")
sound_sensor = Later("sensor", "sound_sensor")
potentiometer = Later("sensor", "potentiometer")
battery = Later("sensor", "battery")
motion_sensor = Later("motion", "motion_sensor")
ir = Later("infrared", "ir")

random.seed(int.from_bytes(urandom(4), "big"))
reset_timer()
