"""The board's inputs: a block of bytes that the models read and the supervisor writes.

It is a memory file whose descriptor the interpreter inherits, so it outlives every reset.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Sequence

from harness.errors import ConfigError

# Layout; `peripherals/_bench.py` reads it.
_WIFI_STATE = 0
_WIFI_LOSSES = 1
_ANSWERED = 2
_IMU_ID = 3
_LEVELS = 4
_READINGS = 44
_MOTION = 60
_TRAIN_NUMBER = 84
_TRAIN = 85
_DURATIONS = 96
#: What is set from outside, without the number of the last train: a train does not begin anew.
_INPUTS = slice(_IMU_ID, _TRAIN_NUMBER)
#: Pin, count, start.
_TRAIN_HEAD = struct.Struct("<BHQ")

PIN_COUNT = 40
FIRST_ADC_PIN = 32
_FULL_SCALE = 65535
#: Level of a pin that nothing drives, so that its pull resistor decides.
OPEN = 2
NO_PIN = 255

#: Button to pin and the level that it has when pressed.
BUTTONS = {"button_a": (2, 1), "button_b": (12, 1), "button_c": (27, 0), "power_key": (34, 0)}
#: Analogue inputs, as a fraction of 3.3 V.
ANALOGUE = {"light": 35, "sound": 36, "potentiometer": 39, "battery": 33}
#: The infrared receiver's output: low while it sees a carrier.
INFRARED_PIN = 5
#: Vectors x, y, z along the motion sensor's axes: place in the block, what one is in its units, the
#: most of either sign. g and degrees per second; the chip's widest ranges end at 16 and 2000.
MOTION = {"acceleration": (_MOTION, 1_000_000, 100.0), "rotation": (_MOTION + 12, 1000, 10000.0)}
AXES = 3

#: The longest train: a text of some dozens of characters in any of the usual codes.
MAX_PULSES = 1024
MAX_PULSE_US = 65535
_SIZE = _DURATIONS + 2 * MAX_PULSES

#: What `InputBlock.set` takes, as names.
NAMES = (*BUTTONS, *ANALOGUE, *MOTION, "imu_id", "ir", "gpio0..39", "adc32..39")


class InputBlock:
    """The block, and the named inputs in it."""

    def __init__(self) -> None:
        """Make it: buttons released, analogue inputs at zero, the board flat, no Wi-Fi."""
        self.descriptor = os.memfd_create("codey-inputs", os.MFD_CLOEXEC)
        os.ftruncate(self.descriptor, _SIZE)
        self._block = mmap.mmap(self.descriptor, _SIZE)
        self._block[_LEVELS : _LEVELS + PIN_COUNT] = bytes((OPEN,)) * PIN_COUNT
        self._block[_LEVELS + INFRARED_PIN] = 1
        _TRAIN_HEAD.pack_into(self._block, _TRAIN, NO_PIN, 0, 0)
        for name in BUTTONS:
            self.set(name, False, 0)  # noqa: FBT003, a released button
        self.set("acceleration", (0.0, 0.0, 1.0), 0)
        # What a published port found on a real board; the original chip says 0x68.
        self.set("imu_id", 0x98, 0)
        self._at_rest = self._block[_INPUTS]

    def rest(self, now_us: int) -> bool:
        """Put all inputs back to what they were at first, and end a pulse train.

        Args:
            now_us: The monotonic clock.

        Returns:
            Whether any was not at rest.
        """
        was_at_rest = self._block[_INPUTS] == self._at_rest and not self._is_playing(now_us)
        self._block[_INPUTS] = self._at_rest
        self._block[_TRAIN] = NO_PIN
        return not was_at_rest

    def _is_playing(self, now_us: int) -> bool:
        pin, count, start_us = _TRAIN_HEAD.unpack_from(self._block, _TRAIN)
        duration_us = sum(struct.unpack_from(f"<{count}H", self._block, _DURATIONS))
        return bool(pin != NO_PIN and now_us < start_us + duration_us)

    def set(self, name: str, value: object, now_us: int) -> None:
        """Set one input.

        Args:
            name: A button of `BUTTONS` (pressed or not), an analogue input of `ANALOGUE` (0 to 1,
                of 3.3 V), a vector of `MOTION`, ``imu_id`` (what the chip says that it is; 0: it is
                not there), ``ir`` (durations in microseconds, mark and space in turn), ``gpioN``
                (level, or ``open``) or ``adcN`` (0 to 1).
            value: As the name demands.
            now_us: The monotonic clock, when a pulse train begins.

        Raises:
            ConfigError: There is no such input, or the value is not one for it.
        """
        if name in BUTTONS:
            pin, pressed = BUTTONS[name]
            is_pressed = _number(name, value, 0, 1, "True or False") != 0
            self._block[_LEVELS + pin] = pressed if is_pressed else 1 - pressed
        elif name in MOTION:
            self._set_vector(name, value)
        elif name == "imu_id":
            self._block[_IMU_ID] = int(_number(name, value, 0, 255, "a byte"))
        elif name == "ir":
            self._start_train(INFRARED_PIN, name, value, now_us)
        elif (pin_number := _pin(name, "gpio", 0)) is not None:
            level = OPEN if value == "open" else _number(name, value, 0, 1, "0, 1 or open")
            self._block[_LEVELS + pin_number] = int(level)
            if self._block[_TRAIN] == pin_number:
                self._block[_TRAIN] = NO_PIN
        elif (adc_pin := ANALOGUE.get(name) or _pin(name, "adc", FIRST_ADC_PIN)) is not None:
            fraction = _number(name, value, 0, 1, "a fraction of 3.3 V from 0 to 1")
            place = _READINGS + 2 * (adc_pin - FIRST_ADC_PIN)
            reading = round(fraction * _FULL_SCALE)
            self._block[place : place + 2] = reading.to_bytes(2, "little")
        else:
            raise ConfigError(
                "the virtual board has no such input", on=name, expected=", ".join(["wifi", *NAMES])
            )

    def _set_vector(self, name: str, value: object) -> None:
        place, unit, most = MOTION[name]
        expected = f"three numbers from -{most:g} to {most:g}"
        parts = _numbers(name, value, -most, most, expected)
        if len(parts) != AXES:
            raise _refusal(name, value, expected)
        struct.pack_into("<3i", self._block, place, *(round(part * unit) for part in parts))

    def _start_train(self, pin: int, name: str, value: object, now_us: int) -> None:
        expected = f"1 to {MAX_PULSES} durations of 1 to {MAX_PULSE_US} microseconds"
        durations = [int(each) for each in _numbers(name, value, 1, MAX_PULSE_US, expected)]
        if not 1 <= len(durations) <= MAX_PULSES:
            raise _refusal(name, value, expected)
        struct.pack_into(f"<{len(durations)}H", self._block, _DURATIONS, *durations)
        _TRAIN_HEAD.pack_into(self._block, _TRAIN, pin, len(durations), now_us)
        # Last: from now on the models take it.
        self._block[_TRAIN_NUMBER] = (self._block[_TRAIN_NUMBER] + 1) & 0xFF

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


def _pin(name: str, kind: str, first: int) -> int | None:
    number = name.removeprefix(kind)
    if name == number or not number.isascii() or not number.isdigit():
        return None
    return int(number) if first <= int(number) < PIN_COUNT else None


def _number(name: str, value: object, least: float, most: float, expected: str) -> float:
    if not isinstance(value, (bool, int, float)) or not least <= value <= most:
        raise _refusal(name, value, expected)
    return value


def _numbers(name: str, value: object, least: float, most: float, expected: str) -> list[float]:
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise _refusal(name, value, expected)
    return [_number(name, each, least, most, expected) for each in value]


def _refusal(name: str, value: object, expected: str) -> ConfigError:
    return ConfigError(
        "the value is not one for this input", on=name, expected=expected, got=repr(value)
    )
