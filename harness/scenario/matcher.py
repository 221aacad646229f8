"""What a panel or an LED should look like, and a readable difference when it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.board.snapshot import COLUMNS, DARK, LIT, ROWS, Snapshot, rows_from_columns
from harness.scenario.font import render_number, render_text

Rows = tuple[str, ...]


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

    def explain(self, found: Snapshot) -> str:
        """Return what was found, a picture beside the expected one."""
        if self.panels:
            return "\n" + side_by_side(self.panels[0], found.pixels)
        return f"LED {found.led}"


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


def led_is(red: int, green: int, blue: int, *, tolerance: int = 1) -> Matcher:
    """The LED shows this colour.

    Args:
        red: 0..255.
        green: 0..255.
        blue: 0..255.
        tolerance: How far each part may be off: the PWM has 10 bits for 256 levels, so the
            observer's value may differ by one.
    """
    colour = (red, green, blue)
    return Matcher(
        f"LED {colour}",
        lambda found: all(abs(a - b) <= tolerance for a, b in zip(found.led, colour, strict=True)),
        led=colour,
    )


def side_by_side(expected: Rows, found: Rows) -> str:
    """Return two pictures as rows beside each other, the rows that differ marked."""
    lines = [f"{'expected':<18}  found"]
    for wanted, came in zip(expected, found, strict=True):
        lines.append(f"{wanted}  {'  ' if wanted == came else '! '}{came}")
    return "\n".join(lines)
