"""`codey.button_a`, `button_b`, `button_c`. Source: docs/codey.md, "Pins".

Unverified on hardware.
"""

from machine import Pin

from codey.script import point


class Button:
    """A button at a pin that has the level `pressed` while it is pressed."""

    def __init__(self, pin, pressed):
        self._pressed = pressed
        # Towards the level of a released button, whatever the board itself has.
        self._level = Pin(pin, Pin.IN, Pin.PULL_DOWN if pressed else Pin.PULL_UP).value

    def is_pressed(self):
        """Return whether it is pressed now."""
        point()
        return self._level() == self._pressed


# The pins: docs/codey.md, "Pins".
button_a = Button(2, 1)
button_b = Button(12, 1)
button_c = Button(27, 0)
