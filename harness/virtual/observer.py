"""What stands beside the board and looks at it: panel, LED and Wi-Fi, from the models' reports."""

from __future__ import annotations

from dataclasses import dataclass

from harness.virtual.tm1640 import COLUMNS, Tm1640

#: The LED's channels are set one after the other, tens of microseconds apart. What is seen is what
#: has stood for this long; no eye, camera or light sensor would see less.
LED_SETTLE_S = 0.001

#: Pin of each colour and whether the LED is lit while the pin is low.
LED_PINS = {14: (0, True), 21: (1, False), 4: (2, False)}
_PERIOD = 65536
_LEVELS = 255

DARK = (0, 0, 0)


@dataclass(frozen=True)
class Seen:
    """A change; as `harness.link.rig.BenchEvent`.

    Attributes:
        at_s: When, on the monotonic clock.
        what: ``panel``, ``led`` or ``wifi``.
        columns: For ``panel``.
        led: For ``led``.
        text: For ``wifi``.
    """

    at_s: float
    what: str
    columns: bytes = b""
    led: tuple[int, int, int] = DARK
    text: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the event as the control socket carries it."""
        return {
            "at_s": self.at_s,
            "what": self.what,
            "columns": self.columns.hex(),
            "led": list(self.led),
            "text": self.text,
        }


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
        wifi: Name of the link's state.
    """

    def __init__(self) -> None:
        """Begin with a board that has no supply."""
        self.panel = Tm1640()
        self.led: tuple[int, int, int] = DARK
        self.wifi = "off"
        self._columns = bytes(COLUMNS)
        self._duties: dict[int, int | None] = dict.fromkeys(LED_PINS)
        self._led_at_s: float | None = None

    def power_down(self, now_s: float) -> list[Seen]:
        """Take the supply away from panel and LED."""
        self.panel = Tm1640()
        self.release_pins(now_s)
        return self._look_at_panel(now_s) + self.settle(now_s, force=True)

    def release_pins(self, now_s: float) -> None:
        """Let all pins go, as a reset does: the panel's controller keeps what it shows."""
        self.panel.release()
        self._duties = dict.fromkeys(LED_PINS)
        self._led_at_s = now_s

    def wires(self, changes: bytes, now_s: float) -> list[Seen]:
        """Take over changes of the panel's wires; see `Tm1640.feed`.

        A picture is seen when its transfer has ended: what shows for half a millisecond before that
        is neither the old nor the new one.
        """
        self.panel.feed(changes)
        return [] if self.panel.in_transfer else self._look_at_panel(now_s)

    def duty(self, pin: int, duty_u16: int | None, now_s: float) -> None:
        """Take over what drives a pin of the LED; None for nothing."""
        self._duties[pin] = duty_u16
        self._led_at_s = now_s

    def link(self, name: str, now_s: float) -> list[Seen]:
        """Take over the state of the Wi-Fi link."""
        if name == self.wifi:
            return []
        self.wifi = name
        return [Seen(now_s, "wifi", text=name)]

    @property
    def due_s(self) -> float | None:
        """When `settle` will have something to say; None for not before a report."""
        return None if self._led_at_s is None else self._led_at_s + LED_SETTLE_S

    def settle(self, now_s: float, *, force: bool = False) -> list[Seen]:
        """Return the LED's change when it has stood long enough, or at once with `force`."""
        if self._led_at_s is None or (not force and now_s < self._led_at_s + LED_SETTLE_S):
            return []
        at_s, self._led_at_s = self._led_at_s, None
        led = [0, 0, 0]
        for pin, (place, is_inverted) in LED_PINS.items():
            duty = self._duties[pin]
            if duty is not None:
                led[place] = led_level(duty, is_inverted)
        colour = (led[0], led[1], led[2])
        if colour == self.led:
            return []
        self.led = colour
        return [Seen(at_s, "led", led=colour)]

    def _look_at_panel(self, now_s: float) -> list[Seen]:
        if self.panel.columns == self._columns:
            return []
        self._columns = self.panel.columns
        return [Seen(now_s, "panel", columns=self._columns)]
