"""Read text back from pictures of the panel: what stands on it, and what has scrolled over it.

For matchers that ask for a text at any place, and for messages that tell what was found. Limits: a
glyph must be whole or told apart by what is left of it at an edge; of the number font ``+`` is
dark and reads as nothing; dark columns at either end of a text, and a gap so wide that the panel is
dark meanwhile, cannot be counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby

from harness.board.snapshot import COLUMNS, LIT, ROWS, columns_from_rows
from harness.scenario.font import DIGIT_WIDTH, MARKS, TEXT_WIDTH, number_glyphs, text_glyphs

#: Stands for a glyph that is in neither font, or too little of it to tell.
UNKNOWN = "\ufffd"

#: A scroll is followed over so many columns from one picture to the next, those in between missing.
LONGEST_STEP = 6

#: With fewer steps two pictures that happen to overlap would be called a scroll.
FEWEST_STEPS = 3


def read_panel(rows: tuple[str, ...]) -> str | None:
    """Return the text that a picture shows, in either font, at any place.

    Args:
        rows: 8 strings of 16 ``#`` or ``.``.

    Returns:
        The text; empty for a dark panel; None when it shows something else.
    """
    columns = columns_from_rows(rows)
    if not any(columns):
        return ""
    for y in sorted(range(1 - ROWS, ROWS), key=abs):
        text = _read_number(columns, y) or _read_text(columns, y)
        if text is not None:
            return text
    return None


def describe_panel(rows: tuple[str, ...]) -> str:
    """Return what a picture shows, in words."""
    text = read_panel(rows)
    if text is None:
        return "a picture without text"
    return f"panel {text!r}" if text else "a dark panel"


def read_scrolls(pictures: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the texts that scroll to the left in a sequence of pictures, in the text font.

    Args:
        pictures: In order; those between two of them may be missing, up to `LONGEST_STEP` columns.
    """
    strips: list[bytearray] = []
    steps = 0
    before: tuple[str, ...] | None = None
    for rows, _ in groupby(pictures):
        columns = columns_from_rows(rows)
        step = 0 if before is None else step_between(before, rows, LONGEST_STEP)
        if step:
            strips[-1] += columns[COLUMNS - step :]
            steps += 1
        else:
            if before is not None and steps < FEWEST_STEPS:
                strips.pop()
            strips.append(bytearray(columns))
            steps = 0
        before = rows
    if steps < FEWEST_STEPS and strips:
        strips.pop()
    return [text for text in map(_read_strip, strips) if text]


def step_between(before: tuple[str, ...], after: tuple[str, ...], longest: int) -> int:
    """Return by how many columns a picture has moved to the left.

    Args:
        before: The picture.
        after: The next one.
        longest: How far to look.

    Returns:
        0 when it has not, or when there was nothing to move.
    """
    for step in range(1, longest + 1):
        if all(
            row[step:] == later[: COLUMNS - step] for row, later in zip(before, after, strict=True)
        ):
            is_left = any(LIT in row[step:] for row in before)
            is_gone = any(LIT in row for row in before) and not any(LIT in row for row in after)
            if is_left or is_gone:
                return step
    return 0


def _read_strip(strip: bytes | bytearray) -> str:
    """Return the text of a strip of columns; its first glyph may have been cut."""
    whole = _shifted("text", 0)

    def read(first: int) -> str:
        cells = [
            bytes(strip[at : at + TEXT_WIDTH]).ljust(TEXT_WIDTH, b"\0")
            for at in range(first, len(strip), TEXT_WIDTH)
        ]
        return "".join(whole.get(cell, UNKNOWN) for cell in cells)

    readings = [read(first) for first in range(TEXT_WIDTH)]
    return min(readings, key=lambda text: text.count(UNKNOWN)).rstrip()


@cache
def _shifted(font: str, y: int) -> dict[bytes, str]:
    """Return the character of each shape of a font that was moved down by `y` rows."""
    glyphs = text_glyphs() if font == "text" else number_glyphs()
    found: dict[bytes, str] = {}
    for character, columns in glyphs.items():
        moved = bytes(byte >> y if y >= 0 else byte << -y & 0xFF for byte in columns)
        # What the edge has cut away may have been all that told two glyphs apart.
        found[moved] = UNKNOWN if moved in found else character
    return found


def _read_number(columns: bytes, y: int) -> str | None:
    glyphs = {
        shape: character
        for shape, character in _shifted("number", y).items()
        if any(shape) and character != UNKNOWN
    }
    marks = {(mark >> y if y >= 0 else mark << -y & 0xFF): sign for sign, mark in MARKS.items()}
    for first in range(COLUMNS):
        if any(columns[:first]):
            return None
        text = _number_from(columns[first:], glyphs, marks)
        if text:
            return text
    return None


def _number_from(columns: bytes, glyphs: dict[bytes, str], marks: dict[int, str]) -> str:
    """Return the number that begins in the first column and is all that there is, or nothing."""
    text, at = "", 0
    while any(columns[at:]):
        character = glyphs.get(columns[at : at + DIGIT_WIDTH])
        if character is None:
            return ""
        text += character
        at += DIGIT_WIDTH
        gap = columns[at] if at < len(columns) else 0
        if gap:
            if gap not in marks:
                return ""
            text += marks[gap]
            at += 1
        at += 1
    return text


def _read_text(columns: bytes, y: int) -> str | None:
    for first in _places(columns):
        text = "".join(_cells(columns, first, y))
        if text.strip() and UNKNOWN not in text:
            return text.strip()
    return None


def _places(columns: bytes) -> Iterator[int]:
    """Yield where the first glyph may begin, those on the panel before those that are cut."""
    lit = next(x for x, byte in enumerate(columns) if byte)
    yield from range(max(0, lit - TEXT_WIDTH + 1), lit + 1)
    yield from range(-1, -TEXT_WIDTH, -1)


def _cells(columns: bytes, first: int, y: int) -> Iterator[str]:
    """Yield the character of each cell of the text font, `UNKNOWN` where none or several fit."""
    glyphs = _shifted("text", y)
    for left in range(first, COLUMNS, TEXT_WIDTH):
        begin, end = max(0, left), min(COLUMNS, left + TEXT_WIDTH)
        seen = columns[begin:end]
        if not any(seen):
            yield " "
            continue
        fitting = {
            character
            for shape, character in glyphs.items()
            if shape[begin - left : end - left] == seen
        }
        yield fitting.pop() if len(fitting) == 1 else UNKNOWN
