"""The two fonts of the panel, as the host expects them: from drawings, not from the board's code.

Source: vendor documentation and published firmware, restated; the shapes of the text font are ours.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from harness.board.snapshot import COLUMNS, LIT

TEXT_WIDTH = 6
DIGIT_WIDTH = 3
#: Row of the panel on which the digits begin.
DIGIT_TOP = 1
#: In the gap behind a digit: a point in row 5, a colon in the rows 1 and 5.
MARKS = {".": 0x04, ":": 0x44}
#: A mark further to the right is left out.
LAST_MARK = 12
#: A longer text scrolls.
LONGEST_STATIC = 2


@cache
def _glyphs(name: str, top: int) -> dict[str, bytes]:
    """Return the columns of each character of a file of `drawing/`."""
    text = (resources.files(__package__) / "drawing" / f"{name}.txt").read_text("utf-8")
    glyphs = {}
    for block in text.split("\n= ")[1:]:
        character, *rows = block.rstrip("\n").split("\n")
        width = len(rows[0])
        glyphs[" " if character == "space" else character] = bytes(
            sum(0x80 >> (top + y) for y, row in enumerate(rows) if row[x] == LIT)
            for x in range(width)
        )
    return glyphs


def number_glyphs() -> dict[str, bytes]:
    """Return the columns of each digit and sign of the number font, as they lie on the panel."""
    return _glyphs("number", DIGIT_TOP)


def text_glyphs() -> dict[str, bytes]:
    """Return the columns of each character of the text font."""
    return _glyphs("text", 0)


def render_number(text: str) -> bytes | None:
    """Return the panel for a number or a time in the three-column digits.

    Args:
        text: Digits, ``-``, ``+``, ``.`` and ``:``; what does not fit is cut.

    Returns:
        16 bytes, one a column; None when a character is not in this font.
    """
    glyphs = number_glyphs()
    if not text or any(character not in glyphs and character not in MARKS for character in text):
        return None
    columns = bytearray(COLUMNS)
    x = 0
    for character in text:
        if character in MARKS:
            if 0 < x <= LAST_MARK + 1:
                columns[x - 1] = MARKS[character]
                x += 1
            continue
        if x + DIGIT_WIDTH > COLUMNS:
            break
        columns[x : x + DIGIT_WIDTH] = glyphs[character]
        x += DIGIT_WIDTH + 1
    return bytes(columns)


def render_text(text: str) -> bytes | None:
    """Return the panel for one or two characters in the six-column font; None for a longer text."""
    if not 1 <= len(text) <= LONGEST_STATIC:
        return None
    return strip_of(text)[:COLUMNS].ljust(COLUMNS, b"\0")


def strip_of(text: str) -> bytes:
    """Return all columns of a text in the six-column font, as a scroll passes them by."""
    glyphs = text_glyphs()
    return b"".join(glyphs.get(character, glyphs["@"]) for character in text)
