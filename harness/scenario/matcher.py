"""What a panel or an LED should look like, and a readable difference when it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.board.snapshot import COLUMNS, DARK, LIT, ROWS, Snapshot, rows_from_columns
from harness.scenario.film import side_by_side
from harness.scenario.font import render_number, render_text
from harness.scenario.reading import describe_panel, read_panel

Rows = tuple[str, ...]

#: How far each part of a colour may be off, see `led_is`.
LED_TOLERANCE = 1


@dataclass(frozen=True)
class Matcher:
    """One expectation about what a board shows.

    Attributes:
        says: What is expected, in words.
        holds: Whether a snapshot meets it.
        panels: The pictures that would meet it; empty when it is not about the panel.
        led: The colour that would meet it; None when it is not about the LED.
    """

    says: str
    holds: Callable[[Snapshot], bool]
    panels: tuple[Rows, ...] = ()
    led: tuple[int, int, int] | None = None

    @property
    def is_led(self) -> bool:
        """Whether it is about the LED; otherwise about the panel."""
        return self.led is not None

    def describe(self, found: Snapshot) -> str:
        """Return what was found, in words."""
        return f"LED {found.led}" if self.is_led else describe_panel(found.pixels)

    def explain(self, found: Snapshot) -> str:
        """Return what was found, a picture beside the expected one."""
        if self.is_led:
            return self.describe(found)
        pictures = side_by_side(self.panels[0], found.pixels) if self.panels else None
        return f"{self.describe(found)}\n{pictures or chr(10).join(found.pixels)}"


def shows(text: str) -> Matcher:
    """The panel shows a static text, in whichever font `codey.display.show` draws it.

    Args:
        text: A number such as ``38`` or ``3.14``, a time such as ``12:28``, or 1 or 2 characters.
    """
    panels = tuple(
        rows_from_columns(columns)
        for columns in (render_number(text), render_text(text))
        if columns is not None
    )
    if not panels:
        raise ValueError(
            f"{text!r} does not fit on the panel as a static text: it scrolls and ends dark"
        )
    return Matcher(f"panel {text!r}", lambda found: found.pixels in panels, panels)


def reads(text: str) -> Matcher:
    """The panel shows a text in either font, at any place.

    Args:
        text: Without dark columns at its ends; see `reading.read_panel` for the limits.
    """
    return Matcher(f"text {text!r}", lambda found: read_panel(found.pixels) == text)


def frame_is(rows: Rows | str | bytes) -> Matcher:
    """The panel shows exactly this picture.

    Args:
        rows: 8 strings of 16 ``#`` or ``.``; or one string of them, a line each; or 16 bytes as
            for `show_image`, where missing ones are dark.

    Raises:
        ValueError: It is no such picture.
    """
    if isinstance(rows, str):
        rows = tuple(line.strip() for line in rows.strip().splitlines())
    if isinstance(rows, bytes):
        is_picture = len(rows) <= COLUMNS
        rows = rows_from_columns(rows)
    else:
        is_picture = len(rows) == ROWS and all(
            len(row) == COLUMNS and set(row) <= {LIT, DARK} for row in rows
        )
    if not is_picture:
        raise ValueError("a picture has 8 rows of 16 columns, each # or . (or 16 bytes)")
    picture = rows
    return Matcher("this picture", lambda found: found.pixels == picture, (picture,))


def is_dark() -> Matcher:
    """No pixel of the panel is lit."""
    return Matcher(
        "a dark panel",
        lambda found: all(set(row) == {DARK} for row in found.pixels),
        ((DARK * 16,) * ROWS,),
    )


def led_is(red: int, green: int, blue: int, *, tolerance: int = LED_TOLERANCE) -> Matcher:
    """The LED shows this colour.

    Args:
        red: 0..255.
        green: 0..255.
        blue: 0..255.
        tolerance: How far each part may be off: the PWM has 10 bits for 256 levels, so the
            observer's value may differ by one; a light sensor needs more.
    """
    colour = (red, green, blue)
    return Matcher(
        f"LED {colour}",
        lambda found: all(abs(a - b) <= tolerance for a, b in zip(found.led, colour, strict=True)),
        led=colour,
    )


def panel_matcher(what: Matcher | Rows | str | bytes) -> Matcher:
    """Return what a test means by a text, a picture, or a matcher.

    Args:
        what: A text as for `shows`; a picture as for `frame_is` (as a string: of 8 lines).
    """
    if isinstance(what, Matcher):
        return what
    if isinstance(what, str) and "\n" not in what.strip():
        return shows(what) if what else is_dark()
    return frame_is(what)


def led_matcher(what: Matcher | tuple[int, int, int]) -> Matcher:
    """Return what a test means by a colour or a matcher."""
    return what if isinstance(what, Matcher) else led_is(*what)
