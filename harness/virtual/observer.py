"""What stands beside the board and looks at it, from the models' reports.

It sees panel, LED, speaker and infrared transmitter, and knows the Wi-Fi link's state.
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass

from harness.virtual.infrared import Message, Transmitter
from harness.virtual.tm1640 import COLUMNS, Tm1640

#: Settings that belong together are made one after the other, tens of microseconds apart: the LED's
#: three channels, a tone's frequency and duty. What is seen and heard is what has stood for this
#: long; no eye, ear or sensor would notice less.
SETTLE_S = 0.001

#: Pin of each colour and whether the LED is lit while the pin is low.
LED_PINS = {14: (0, True), 21: (1, False), 4: (2, False)}
SPEAKER_PIN = 25
INFRARED_PIN = 26
_PERIOD = 65536
_LEVELS = 255

_REPORT = struct.Struct("<BHBIQ")

DARK = (0, 0, 0)
SILENT = (0, 0.0)


@dataclass(frozen=True)
class Seen:
    """A change; its fields are those of `harness.link.rig.BenchEvent`."""

    at_s: float
    what: str
    columns: bytes = b""
    brightness: int = 0
    led: tuple[int, int, int] = DARK
    text: str = ""
    frequency_hz: int = 0
    duty: float = 0.0
    durations_us: tuple[int, ...] = ()
    board_us: int = 0

    def to_json(self) -> dict[str, object]:
        """Return the event as the control socket carries it."""
        return {**asdict(self), "columns": self.columns.hex()}


@dataclass(frozen=True)
class Drive:
    """What drives a pin.

    Attributes:
        duty_u16: How long it is high, of 65536; None when nothing drives it.
        frequency_hz: Of its square wave; 0 for a steady level.
        board_us: Since when, in the board's time.
    """

    duty_u16: int | None = None
    frequency_hz: int = 0
    board_us: int = 0

    @property
    def tone(self) -> tuple[int, float]:
        """What a speaker at the pin makes of it: frequency, and the part of each period high."""
        if not self.duty_u16 or not self.frequency_hz:
            return SILENT
        return self.frequency_hz, round(self.duty_u16 / _PERIOD, 4)


def drive_of(report: bytes, epoch_us: int) -> tuple[int, Drive]:
    """Return the pin and what drives it.

    Args:
        report: As the models send it (`peripherals/_gpio.py`).
        epoch_us: The board's time at its last hard reset.
    """
    pin, duty_u16, is_driven, frequency_hz, up_us = _REPORT.unpack(report)
    return pin, Drive(duty_u16 if is_driven else None, frequency_hz, epoch_us + up_us)


def led_level(duty_u16: int, is_inverted: bool) -> int:
    """Return how bright a colour is.

    Args:
        duty_u16: How long the pin is high, of 65536.
        is_inverted: Whether the colour is lit while the pin is low.

    Returns:
        0 to 255, where four of 1024 duty steps make one.

    Source: 10 bit, duty = min(1024, value * 4), red inverted (docs/codey.md, "LED").
    """
    # In 16 bits, so that duty(4 * v), duty(1023 - 4 * v) and duty_u16(257 * v) all come out as v.
    lit = _PERIOD - duty_u16 if is_inverted else duty_u16
    return min(_LEVELS, lit * (_LEVELS + 1) // _PERIOD)


class Observer:
    """Turns reports into changes.

    Attributes:
        panel: The panel's controller.
        led: What the LED shows.
        tone: What the speaker gives: frequency and duty.
        wifi: Name of the link's state.
        violations: What the board has done to the panel's bus against its rules.
    """

    def __init__(self) -> None:
        """Begin with a board that has no supply."""
        self.panel = Tm1640()
        self.led: tuple[int, int, int] = DARK
        self.tone = SILENT
        self.wifi = "off"
        self.violations: list[str] = []
        self._transmitter = Transmitter()
        self._shown = (bytes(COLUMNS), 0)
        self._drives: dict[int, Drive] = {}
        #: When a drive has changed last, on the host's clock and in the board's time.
        self._changed: tuple[float, int] | None = None

    def power_down(self, now_s: float, board_us: int) -> list[Seen]:
        """Take the supply away from the parts."""
        self.panel = Tm1640()
        released = self.release_pins(now_s, board_us)
        dark = self._look_at_panel(now_s, board_us)
        return [*released, *dark, *self.settle(now_s, force=True)]

    def release_pins(self, now_s: float, board_us: int) -> list[Seen]:
        """Let all pins go, as a reset does: the panel's controller keeps what it shows."""
        self.panel.release()
        self._drives.clear()
        self._changed = now_s, board_us
        message = self._transmitter.advance(now_s + 1.0)
        self._transmitter = Transmitter()
        return [] if message is None else [_infrared(message, now_s)]

    def wires(self, changes: bytes, now_s: float, board_us: int) -> list[Seen]:
        """Take over changes of the panel's wires; see `Tm1640.feed`.

        A picture is seen when its transfer has ended: what shows for half a millisecond before that
        is neither the old nor the new one.
        """
        self.panel.feed(changes)
        found = [Seen(now_s, "violation", text=rule) for rule in self.panel.violations]
        self.violations += self.panel.violations
        self.panel.violations.clear()
        return found if self.panel.in_transfer else [*found, *self._look_at_panel(now_s, board_us)]

    def drive(self, pin: int, drive: Drive, now_s: float) -> list[Seen]:
        """Take over what drives a pin of the LED, the speaker or the infrared transmitter."""
        if pin == INFRARED_PIN:
            is_lit = bool(drive.duty_u16)
            message = self._transmitter.drive(
                drive.frequency_hz if is_lit else None, drive.board_us, now_s
            )
            return [] if message is None else [_infrared(message, now_s)]
        self._drives[pin] = drive
        self._changed = now_s, drive.board_us
        return []

    def link(self, name: str, now_s: float) -> list[Seen]:
        """Take over the state of the Wi-Fi link."""
        if name == self.wifi:
            return []
        self.wifi = name
        return [Seen(now_s, "wifi", text=name)]

    @property
    def due_s(self) -> float | None:
        """When `settle` will have something to say; None for not before a report."""
        moments = [self._transmitter.due_s]
        if self._changed is not None:
            moments.append(self._changed[0] + SETTLE_S)
        return min((moment for moment in moments if moment is not None), default=None)

    def settle(self, now_s: float, *, force: bool = False) -> list[Seen]:
        """Return what has stood long enough; LED and speaker at once with `force`."""
        message = self._transmitter.advance(now_s)
        found = [] if message is None else [_infrared(message, now_s)]
        if self._changed is None or (not force and now_s < self._changed[0] + SETTLE_S):
            return found
        (at_s, board_us), self._changed = self._changed, None
        return [*found, *self._look_at_led(at_s, board_us), *self._listen(at_s, board_us)]

    def _look_at_led(self, at_s: float, board_us: int) -> list[Seen]:
        led = [0, 0, 0]
        for pin, (place, is_inverted) in LED_PINS.items():
            duty = self._drives.get(pin, Drive()).duty_u16
            if duty is not None:
                led[place] = led_level(duty, is_inverted)
        colour = (led[0], led[1], led[2])
        if colour == self.led:
            return []
        self.led = colour
        return [Seen(at_s, "led", led=colour, board_us=board_us)]

    def _listen(self, at_s: float, board_us: int) -> list[Seen]:
        drive = self._drives.get(SPEAKER_PIN, Drive(board_us=board_us))
        if drive.tone == self.tone:
            return []
        self.tone = drive.tone
        frequency_hz, duty = drive.tone
        return [
            Seen(at_s, "tone", frequency_hz=frequency_hz, duty=duty, board_us=drive.board_us),
        ]

    def _look_at_panel(self, now_s: float, board_us: int) -> list[Seen]:
        columns = self.panel.columns
        # How bright nothing is cannot be seen.
        shown = (columns, self.panel.brightness if any(columns) else 0)
        if shown == self._shown:
            return []
        self._shown = shown
        return [
            Seen(now_s, "panel", columns=columns, brightness=shown[1], board_us=board_us),
        ]


def _infrared(message: Message, now_s: float) -> Seen:
    return Seen(
        now_s,
        "ir",
        frequency_hz=message.frequency_hz,
        durations_us=message.durations_us,
        board_us=message.began_us,
    )
