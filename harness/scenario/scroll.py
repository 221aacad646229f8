"""The claim that a text has scrolled over the panel, told from the sequence of pictures."""

from __future__ import annotations

from collections import deque

from harness.board.snapshot import COLUMNS, DARK, LIT, ROWS, rows_from_columns
from harness.scenario.claim import Changes, Claim, Ruling, met
from harness.scenario.film import Shot, side_by_side
from harness.scenario.font import strip_of
from harness.scenario.matcher import Rows
from harness.scenario.reading import describe_panel, read_scrolls, step_between

#: One column; docs/codey.md, "Show rules".
STEP_S = 0.1

#: So many pictures are looked through for the text that has scrolled, if it is not the right one.
KEPT_SHOTS = 256

#: A scroll that ends earlier than this part of its time has been stopped.
LEAST_OF_SCROLL = 0.9

_DARK: Rows = (DARK * COLUMNS,) * ROWS


def scrolls(text: str, within_s: float, *, missed_steps: int = 0) -> Claim:
    """A text moves over the panel to the left, a column a step, and leaves it dark.

    Told from the pictures: each is the text in the text font, one column further than the one
    before. A step that changes no pixel is no picture of its own. The device API's word is enough
    for `commanded`: it was asked to scroll this text, and said when that had ended.

    Args:
        text: The whole text.
        within_s: How long until its last column is gone.
        missed_steps: So many steps in a row may be missing between two pictures, for an observer
            that samples. At most 15: then each column has been seen.

    Raises:
        ValueError: There is nothing to see of the text, or too much may be missed.
    """
    if not any(strip_of(text)):
        raise ValueError(f"there is nothing to see of {text!r}")
    if not 0 <= missed_steps < COLUMNS:
        raise ValueError(f"from 0 to {COLUMNS - 1} steps can be missed")
    windows = scroll_of(text)
    return Claim(
        f"scrolling text {text!r}",
        f"scrolling text {text!r} was not seen by {{source}} within {within_s:g} s",
        is_led=False,
        within_s=within_s,
        from_now=False,
        judge=lambda _: _Scroll(text, windows, missed_steps),
        film=windows,
    )


def scroll_of(text: str) -> tuple[Rows, ...]:
    """Return the pictures of a text that scrolls, each different from the one before it."""
    strip = strip_of(text)
    pictures = [rows_from_columns(strip[at : at + COLUMNS]) for at in range(len(strip) + 1)]
    return tuple(
        picture for at, picture in enumerate(pictures) if at == 0 or picture != pictures[at - 1]
    )


class _Scroll:
    """Follows where in the text each picture can be."""

    def __init__(self, text: str, windows: tuple[Rows, ...], missed_steps: int) -> None:
        self._text = text
        self._windows = windows
        self._missed = missed_steps
        self._changes = Changes()
        self._places: set[int] = set()
        #: Whether part of a text has left the panel in the motion that goes on.
        self._has_lost = False
        self._best = -1
        self._asked: Shot | None = None
        self._requests: list[str] = []
        self._shots: deque[Shot] = deque(maxlen=KEPT_SHOTS)
        self._met: Shot | None = None

    def see(self, shot: Shot) -> None:
        if self._met is not None:
            return
        if self._is_end_of_request(shot):
            self._met = shot
        elif self._changes.is_new(shot):
            self._look(shot)

    def _is_end_of_request(self, shot: Shot) -> bool:
        """Take what the device API was asked for; return whether the whole text has passed."""
        asked, self._asked = self._asked, None
        if shot.how == "scroll":
            self._asked = shot
            self._requests.append(shot.seen.text or "")
        if asked is None or asked.seen.text != self._text or shot.seen.pixels != _DARK:
            return False
        return asked.until(shot) >= LEAST_OF_SCROLL * len(strip_of(self._text)) * STEP_S

    def _look(self, shot: Shot) -> None:
        rows = shot.seen.pixels
        reach = self._missed + 1
        if self._shots:
            before = self._shots[-1].seen.pixels
            step = step_between(before, rows, reach)
            left = any(LIT in row[:step] for row in before)
            self._has_lost = step > 0 and (self._has_lost or left)
        self._shots.append(shot)
        # The end of a longer text looks the same, but something has left the panel before.
        begun = self._places | (set() if self._has_lost else {-1})
        self._places = {
            place
            for place, window in enumerate(self._windows)
            if window == rows and any(0 < place - before <= reach for before in begun)
        }
        self._best = max([self._best, *self._places])
        if len(self._windows) - 1 in self._places:
            self._met = shot

    def ruling(self, now_s: float) -> Ruling:  # noqa: ARG002, the form is the protocol's
        if self._met is not None:
            return met(self._met.at_s, self._met.seen)
        last = self._changes.last
        if last is None:
            return Ruling(None, got="nothing was seen at all")
        expected = self._windows[min(self._best + 1, len(self._windows) - 1)]
        found = min(self._shots, key=lambda shot: _difference(shot.seen.pixels, expected)).seen
        read = read_scrolls([shot.seen.pixels for shot in self._shots]) or self._requests[-1:]
        said = [f"scrolling text {text!r}" for text in read] or [describe_panel(last.seen.pixels)]
        if self._best >= 0:
            count = f"{self._best + 1} of {len(self._windows)}"
            said.append(
                f"{count} pictures of {self._text!r} in order; the next one and the nearest:"
            )
        picture = side_by_side(expected, found.pixels)
        return Ruling(None, got="\n".join([*said, picture]), found=found, expected=expected)


def _difference(one: Rows, other: Rows) -> int:
    """Return how many pixels are not the same."""
    return sum(a != b for a, b in zip("".join(one), "".join(other), strict=True))
