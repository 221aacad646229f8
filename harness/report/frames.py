"""What a board's panel and LED showed over the time of a test, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from harness.report.record import Colour, SnapshotRecord, TestRecord

T = TypeVar("T")

DARK_PANEL = bytes(16)
#: The sources of frames, strongest first: what an observer saw beats what the program says.
_STRONGEST_FIRST = ("bench", "device", "commanded")


@dataclass(frozen=True)
class Frame:
    """A state of panel and LED.

    Attributes:
        t: When it began, in seconds since the test's start.
        source: ``bench``, ``device`` or ``commanded``.
        led: None when nothing was told about it yet.
    """

    t: float
    board: str
    source: str
    columns: bytes
    led: Colour | None


def last_snapshot(test: TestRecord, board: str | None = None) -> SnapshotRecord | None:
    """Return the last snapshot of the strongest source, of one board if it is named."""
    for source in _STRONGEST_FIRST:
        for snapshot in reversed(test.snapshots):
            if snapshot.source == source and board in (None, snapshot.board):
                return snapshot
    return None


def frames(test: TestRecord) -> list[Frame]:
    """Return the frames of a test in the order of time.

    They are those of the observer if there was one, else what the device API was told; without
    either, the snapshots.
    """
    for source in ("bench", "commanded"):
        found = _frames_of_effects(test, source)
        if found:
            return found
    last = last_snapshot(test)
    return [
        Frame(shot.t - test.start_s, shot.board, shot.source, shot.columns, shot.led)
        for shot in test.snapshots
        if last is not None and shot.source == last.source
    ]


def _frames_of_effects(test: TestRecord, source: str) -> list[Frame]:
    """Join panel and LED of each board; a state that does not last a millisecond is left out."""
    found: list[Frame] = []
    now: dict[str, Frame] = {}
    for effect in test.effects:
        if effect.source != source or (effect.columns is None and effect.rgb is None):
            continue
        before = now.get(effect.board)
        frame = Frame(
            effect.t - test.start_s,
            effect.board,
            source,
            effect.columns or (before.columns if before else DARK_PANEL),
            effect.rgb or (before.led if before else None),
        )
        now[effect.board] = frame
        last = found[-1] if found else None
        if last and last.board == frame.board:
            if (last.columns, last.led) == (frame.columns, frame.led):
                continue
            if frame.t - last.t < 0.001:  # noqa: PLR2004 (one millisecond, see the docstring)
                found.pop()
        found.append(frame)
    return found


def sampled(frames_: list[T], most: int) -> list[T]:
    """Return at most `most` frames, the first and the last among them, evenly picked."""
    if len(frames_) <= most:
        return frames_
    step = (len(frames_) - 1) / (most - 1)
    return [frames_[round(index * step)] for index in range(most)]
