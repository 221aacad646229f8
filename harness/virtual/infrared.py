"""The infrared transmitter as a receiver sees it: how long its carrier is on, and how long off."""

from __future__ import annotations

from dataclasses import dataclass

#: A space as long as this ends a message. The longest one within the usual codes is 4.5 ms.
GAP_US = 15_000
#: So long after the last edge a message is over, on the host's clock: a board that a busy host
#: holds up in the middle of one must not make two of it.
QUIET_S = 0.1
#: A program that blinks for ever must not fill the memory.
MAX_DURATIONS = 4096


@dataclass(frozen=True)
class Message:
    """What was sent.

    Attributes:
        began_us: When, on the board's clock.
        frequency_hz: Of its carrier; 0 for light without one.
        durations_us: Mark and space in turn; the first and the last is a mark.
    """

    began_us: int
    frequency_hz: int
    durations_us: tuple[int, ...]


class Transmitter:
    """State machine; the caller brings the times."""

    def __init__(self) -> None:
        """Begin dark."""
        self._is_lit = False
        self._began_us = 0
        self._frequency_hz = 0
        self._durations: list[int] = []
        self._edge_us = 0
        self._last_s = 0.0

    @property
    def due_s(self) -> float | None:
        """When `advance` ends the message that is under way; None when there is none."""
        return self._last_s + QUIET_S if self._durations and not self._is_lit else None

    def drive(self, frequency_hz: int | None, board_us: int, now_s: float) -> Message | None:
        """Take over what drives the transmitter.

        Args:
            frequency_hz: Of the carrier, 0 for steady light, None for dark.
            board_us: When, on the board's clock.
            now_s: When, on the host's.

        Returns:
            The message that has ended by that.
        """
        self._last_s = now_s
        if self._is_lit == (frequency_hz is not None):
            return None
        self._is_lit = frequency_hz is not None
        passed_us, self._edge_us = board_us - self._edge_us, board_us
        ended = None
        if not self._is_lit:
            self._durations.append(passed_us)
            return None
        if passed_us >= GAP_US or len(self._durations) >= MAX_DURATIONS:
            ended = self._finish()
        if self._durations:
            self._durations.append(passed_us)
        else:
            self._began_us = board_us
            self._frequency_hz = frequency_hz or 0
        return ended

    def advance(self, now_s: float) -> Message | None:
        """Return the message that is over by now."""
        return self._finish() if self.due_s is not None and now_s >= self.due_s else None

    def _finish(self) -> Message | None:
        if not self._durations:
            return None
        message = Message(self._began_us, self._frequency_hz, tuple(self._durations))
        self._durations.clear()
        return message
