"""The analogue sensors. Source: docs/codey.md, "Sensors" and "Pins".

Unverified on hardware.
"""

from machine import ADC, Pin

from codey.script import point

_FULL_SCALE = 4095


class _Analogue:
    """A voltage at a pin of the converter, 0 to 3.3 V in 12 bits."""

    def __init__(self, pin):
        self._adc = ADC(Pin(pin))
        self._adc.atten(ADC.ATTN_11DB)

    def _percent(self):
        point()
        return self._adc.read() * 100 / _FULL_SCALE


class Potentiometer(_Analogue):
    """`codey.potentiometer`."""

    def get_value(self):
        """Return 0 to 100, an int."""
        return round(self._percent())


class LightSensor(_Analogue):
    """`codey.light_sensor`."""

    def get_value(self):
        """Return 0 to 100, with one decimal."""
        return round(self._percent(), 1)


class SoundSensor(_Analogue):
    """`codey.sound_sensor`."""

    def get_loudness(self):
        """Return 0 to 100, with one decimal."""
        return round(max(0.0, min(100.0, self._percent() * 1.34 - 3)), 1)


class Battery(_Analogue):
    """`codey.battery`, behind a divider by two. The board switches itself off at `_EMPTY_V`."""

    _EMPTY_V = 3.4
    _FULL_V = 4.2

    def get_voltage(self):
        """Return the volts, with two decimals."""
        return round(self._percent() * 2 * 3.3 / 100, 2)

    def get_percentage(self):
        """Return 0 to 100, an int."""
        charge = (self.get_voltage() - self._EMPTY_V) / (self._FULL_V - self._EMPTY_V)
        return round(max(0, min(1, charge)) * 100)


# The pins: docs/codey.md, "Pins".
light_sensor = LightSensor(35)
sound_sensor = SoundSensor(36)
potentiometer = Potentiometer(39)
battery = Battery(33)
