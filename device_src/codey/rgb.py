"""`codey.led`: the RGB LED on three PWM channels.

Source: docs/codey.md, "LED" and "Pins" (5 kHz, 10 bit, four steps of duty for one of colour,
red inverted). Unverified on hardware.
"""

from machine import PWM, Pin

from codey import observer
from codey.argument import clamped
from codey.script import whole

_FREQUENCY_HZ = 5000
_DUTY_STEP = 4
_FULL = 1023


class Led:
    """The LED; `rgb` is what it was told last."""

    def __init__(self, red_pin, green_pin, blue_pin):
        self.rgb = (0, 0, 0)
        self._red = PWM(Pin(red_pin), freq=_FREQUENCY_HZ, duty=_FULL)
        self._green = PWM(Pin(green_pin), freq=_FREQUENCY_HZ, duty=0)
        self._blue = PWM(Pin(blue_pin), freq=_FREQUENCY_HZ, duty=0)

    def show(self, r, g, b):
        """Set the colour, each part 0..255."""
        r, g, b = clamped(r, 0, 255), clamped(g, 0, 255), clamped(b, 0, 255)
        if r is None or g is None or b is None:
            return
        with whole:
            self.rgb = (r, g, b)
            self._red.duty(_FULL - r * _DUTY_STEP)
            self._green.duty(g * _DUTY_STEP)
            self._blue.duty(b * _DUTY_STEP)
            if observer.notify:
                observer.notify("led", self.rgb)

    def set_red(self, val):
        """Set the red part, and keep the others."""
        self.show(val, self.rgb[1], self.rgb[2])

    def set_green(self, val):
        """Set the green part, and keep the others."""
        self.show(self.rgb[0], val, self.rgb[2])

    def set_blue(self, val):
        """Set the blue part, and keep the others."""
        self.show(self.rgb[0], self.rgb[1], val)

    def off(self):
        """Switch it off."""
        self.show(0, 0, 0)
