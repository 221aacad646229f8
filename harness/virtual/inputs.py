"""The board's inputs: a block of bytes that the models read and the supervisor writes.

It is a memory file whose descriptor the interpreter inherits, so it outlives every reset.
"""

from __future__ import annotations

import mmap
import os

from harness.errors import ConfigError

# Layout; `peripherals/_bench.py` reads it.
_WIFI_STATE = 0
_WIFI_LOSSES = 1
_ANSWERED = 2
_LEVELS = 4
_READINGS = 44
_SIZE = 60

PIN_COUNT = 40
FIRST_ADC_PIN = 32
_FULL_SCALE = 65535

#: Button to pin and the level that it has when pressed.
BUTTONS = {"button_a": (2, 1), "button_b": (12, 1), "button_c": (27, 0), "power_key": (34, 0)}
#: Analogue inputs, as a fraction of full scale.
ANALOGUE = {"light": 35, "sound": 36, "potentiometer": 39, "battery": 33}


class InputBlock:
    """The block, and the named inputs in it."""

    def __init__(self) -> None:
        """Make it: buttons released, analogue inputs at zero, no Wi-Fi."""
        self.descriptor = os.memfd_create("codey-inputs", os.MFD_CLOEXEC)
        os.ftruncate(self.descriptor, _SIZE)
        self._block = mmap.mmap(self.descriptor, _SIZE)
        for name in BUTTONS:
            self.set(name, False)  # noqa: FBT003, a released button

    def set(self, name: str, value: float | bool) -> None:
        """Set one input.

        Args:
            name: A button of `BUTTONS` (pressed or not), an analogue input of `ANALOGUE` (0 to 1),
                ``gpioN`` (level) or ``adcN`` (0 to 1).
            value: As the name demands.

        Raises:
            ConfigError: There is no such input, or the value is not one for it.
        """
        if name in BUTTONS:
            pin, pressed = BUTTONS[name]
            self._block[_LEVELS + pin] = pressed if value else 1 - pressed
            return
        level_pin = self._pin(name, "gpio", 0)
        if level_pin is not None:
            self._block[_LEVELS + level_pin] = 1 if value else 0
            return
        adc_pin = ANALOGUE.get(name) or self._pin(name, "adc", FIRST_ADC_PIN)
        if adc_pin is None:
            raise ConfigError(
                "the virtual board has no such input",
                on=name,
                expected=", ".join(["wifi", *BUTTONS, *ANALOGUE, "gpio0..39", "adc32..39"]),
            )
        if not 0 <= value <= 1:
            raise ConfigError(
                "the value is not one for this input",
                on=name,
                expected="a fraction of full scale from 0 to 1",
                got=repr(value),
            )
        place = _READINGS + 2 * (adc_pin - FIRST_ADC_PIN)
        self._block[place : place + 2] = round(value * _FULL_SCALE).to_bytes(2, "little")

    @staticmethod
    def _pin(name: str, kind: str, first: int) -> int | None:
        number = name.removeprefix(kind)
        if name == number or not number.isascii() or not number.isdigit():
            return None
        return int(number) if first <= int(number) < PIN_COUNT else None

    def show_wifi(self, state: int, losses: int) -> None:
        """Tell the models the link's state and how often it was lost."""
        self._block[_WIFI_STATE] = state
        self._block[_WIFI_LOSSES] = losses & 0xFF

    def answer(self, number: int) -> None:
        """Tell the models that their request of that number is done."""
        self._block[_ANSWERED] = number

    def close(self) -> None:
        """Give the memory back."""
        self._block.close()
        os.close(self.descriptor)
