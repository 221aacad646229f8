"""What a board sounds and sends, from the bench's events: tones, and infrared messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.link.rig import BenchEvent
from harness.wire import infrared


@dataclass(frozen=True)
class Tone:
    """A tone.

    Attributes:
        at_s: When it began, in seconds of the host's monotonic clock.
        frequency_hz: Of the square wave.
        duty: Which part of a period the pin is high, 0 to 1.
        duration_ms: How long it lasted by the board's clock; None while it still sounds.
    """

    at_s: float
    frequency_hz: int
    duty: float
    duration_ms: float | None


@dataclass(frozen=True)
class InfraredMessage:
    """What was sent.

    Attributes:
        at_s: When it was over, in seconds of the host's monotonic clock.
        frequency_hz: Of the carrier, 0 for light without one.
        content: The text or the remote control's key; None for pulses that are neither.
        durations_us: The pulses: light and darkness in turn.
    """

    at_s: float
    frequency_hz: int
    content: str | infrared.Code | None
    durations_us: tuple[int, ...]


def tones(events: Iterable[BenchEvent]) -> list[Tone]:
    """Return the tones in the bench's events, oldest first; silence between them is left out."""
    changes = [event for event in events if event.what == "tone"]
    ends_us: list[int | None] = [event.board_us for event in changes[1:]]
    return [
        Tone(
            event.at_s,
            event.frequency_hz,
            event.duty,
            None if end_us is None else (end_us - event.board_us) / 1000,
        )
        for event, end_us in zip(changes, [*ends_us, None], strict=False)
        if event.frequency_hz
    ]


def infrared_text(event: BenchEvent) -> str:
    """Return what an infrared message says, for a person."""
    (sent,) = infrared_messages([event])
    if isinstance(sent.content, infrared.Code):
        return f"code {sent.content.address} {sent.content.command}"
    return f"{len(sent.durations_us)} pulses" if sent.content is None else repr(sent.content)


def infrared_messages(events: Iterable[BenchEvent]) -> list[InfraredMessage]:
    """Return the infrared messages in the bench's events, oldest first."""
    found = []
    for event in events:
        if event.what == "ir":
            data = infrared.message(event.durations_us)
            content = None if data is None else infrared.decode(data)
            found.append(
                InfraredMessage(event.at_s, event.frequency_hz, content, event.durations_us)
            )
    return found
