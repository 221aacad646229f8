"""What a test may claim of the panel and the LED; the fixtures ``display`` and ``led`` are these.

Each check asks every source that there is, of those that the test takes: see `observation` for what
is shown now, `watching` for what happens over time.

What has no time in it (`shows`, `reads`, `is_frame`, `is_dark`) is met by what is shown now, or
comes while a program runs. `eventually`, `sequence` and `scrolls` look back too: to where the last
check was met, or to the test's start; so a program may be faster than its test. `stays`, `never`
and `settles` look from now on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar, cast

from harness.scenario.claim import eventually, never, settles, stays
from harness.scenario.dut import BoardUnderTest
from harness.scenario.evidence import Evidence
from harness.scenario.font import strip_of
from harness.scenario.matcher import (
    LED_TOLERANCE,
    Matcher,
    Rows,
    frame_is,
    is_dark,
    led_is,
    led_matcher,
    panel_matcher,
    reads,
    shows,
)
from harness.scenario.observation import expect
from harness.scenario.scroll import STEP_S, scrolls
from harness.scenario.sequence import TOLERANCE_S, Part, sequence
from harness.scenario.watching import watch

WITHIN_S = 2.0

#: What a scroll may take beyond its own time.
SCROLL_SPARE_S = 3.0

#: A part of a sequence with its seconds.
PAIR = 2

Picture = Matcher | Rows | str | bytes
Colour = Matcher | tuple[int, int, int]
What = TypeVar("What")


class _Watched(Generic[What]):
    """The claims that panel and LED have in common."""

    def __init__(self, dut: BoardUnderTest, evidence: Evidence) -> None:
        """Made by the fixture."""
        self._dut = dut
        self._evidence = evidence

    def eventually(self, what: What, within_s: float = WITHIN_S) -> None:
        """Check that it has been seen since the last check was met, or will be in time."""
        watch(self._dut, eventually(self._matcher(what), within_s), self._evidence)

    def stays(self, what: What, for_s: float) -> None:
        """Check that it is seen now, and for a time."""
        watch(self._dut, stays(self._matcher(what), for_s), self._evidence)

    def never(self, what: What, for_s: float) -> None:
        """Check that it is not seen now, nor within a time."""
        watch(self._dut, never(self._matcher(what), for_s), self._evidence)

    def settles(self, what: What, quiet_s: float, within_s: float = 10.0) -> None:
        """Check that it is what is left when nothing has changed for `quiet_s` seconds."""
        watch(self._dut, settles(self._matcher(what), quiet_s, within_s), self._evidence)

    def sequence(
        self,
        parts: Sequence[What | tuple[What, float]],
        within_s: float = 10.0,
        *,
        strict: bool = False,
        tolerance_s: float = TOLERANCE_S,
    ) -> None:
        """Check that states are seen in this order; see `sequence.sequence`.

        Args:
            parts: Each state, or a pair of it and the seconds that it lasts.
            within_s: How long the rest of it may take.
            strict: Whether nothing else may be seen between the first and the last of them.
            tolerance_s: How far the seconds of a part may be off.
        """
        made = [self._part(part) for part in parts]
        claim = sequence(made, within_s, is_strict=strict, tolerance_s=tolerance_s)
        watch(self._dut, claim, self._evidence)

    def _part(self, part: What | tuple[What, float]) -> Part:
        if isinstance(part, tuple) and len(part) == PAIR:
            what, for_s = cast("tuple[What, float]", part)
            return Part(self._matcher(what), for_s)
        return Part(self._matcher(cast("What", part)))

    def _matcher(self, what: What) -> Matcher:
        raise NotImplementedError

    def _expect(self, matcher: Matcher, within_s: float) -> None:
        expect(self._dut, matcher, within_s, self._evidence)


class Display(_Watched[Picture]):
    """What the board's panel shows, by every source that can tell.

    A check takes a text as `codey.display.show` draws it (``"38"``), a picture (8 rows of ``#`` and
    ``.``, the same as one string, or 16 bytes), or a matcher of `harness.scenario.matcher`.
    """

    def shows(self, text: str, within_s: float = WITHIN_S) -> None:
        """Check that it shows a static text in either font."""
        self._expect(shows(text), within_s)

    def reads(self, text: str, within_s: float = WITHIN_S) -> None:
        """Check that it shows a static text in either font, at any place."""
        self._expect(reads(text), within_s)

    def is_frame(self, rows: Rows | str | bytes, within_s: float = WITHIN_S) -> None:
        """Check that it shows exactly this picture; see `matcher.frame_is`."""
        self._expect(frame_is(rows), within_s)

    def is_dark(self, within_s: float = WITHIN_S) -> None:
        """Check that no pixel is lit."""
        self._expect(is_dark(), within_s)

    def scrolls(self, text: str, within_s: float | None = None, *, missed_steps: int = 0) -> None:
        """Check that a text moves over it and leaves it dark; see `scroll.scrolls`.

        Args:
            text: The whole text.
            within_s: How long that may take from now; None for the text's own time, 0.1 s for each
                of 6 columns a character, and `SCROLL_SPARE_S` more.
            missed_steps: How many steps in a row the observer may miss.
        """
        if within_s is None:
            within_s = len(strip_of(text)) * STEP_S + SCROLL_SPARE_S
        claim = scrolls(text, within_s, missed_steps=missed_steps)
        watch(self._dut, claim, self._evidence)

    def _matcher(self, what: Picture) -> Matcher:
        return panel_matcher(what)


class Led(_Watched[Colour]):
    """What the board's LED shows, by every source that can tell.

    A check takes a colour, three parts in 0..255 of which each may be off by 1, or a matcher:
    ``led_is(0, 0, 255, tolerance=8)``.
    """

    def shows(
        self,
        red: int,
        green: int,
        blue: int,
        within_s: float = WITHIN_S,
        *,
        tolerance: int = LED_TOLERANCE,
    ) -> None:
        """Check its colour, each part in 0..255 and off by `tolerance` at most."""
        self._expect(led_is(red, green, blue, tolerance=tolerance), within_s)

    def _matcher(self, what: Colour) -> Matcher:
        return led_matcher(what)
