from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from harness.report.evidence import frames_png
from harness.report.frames import frames, sampled
from harness.report.picture import (
    CELL,
    DARK,
    LIT,
    MISSING,
    PANEL,
    PAPER,
    SURPLUS,
    Picture,
    panel,
    png,
    strip,
)

if TYPE_CHECKING:
    from harness.report.record import Run

Pixels = list[list[tuple[int, ...]]]
BORDER = 6


def decoded(data: bytes) -> Pixels:
    """Read an RGB PNG without filters, checking every checksum."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, []
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        (checksum,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert zlib.crc32(name + body) == checksum
        chunks.append((name, body))
        at += 12 + size
    assert [name for name, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (depth, colour, rest) == (8, 2, [0, 0, 0])
    raw = zlib.decompress(chunks[1][1])
    assert len(raw) == height * (1 + 3 * width)
    rows: Pixels = []
    for y in range(height):
        line = raw[y * (1 + 3 * width) :][: 1 + 3 * width]
        assert line[0] == 0
        rows.append([tuple(line[1 + 3 * x : 4 + 3 * x]) for x in range(width)])
    return rows


def cell(pixels: Pixels, x: int, y: int) -> tuple[int, ...]:
    """Return the colour in the middle of a pixel of the panel."""
    return pixels[BORDER + y * CELL + CELL // 2][BORDER + x * CELL + CELL // 2]


def test_panel_lights_the_pixels_that_are_lit() -> None:
    columns = bytes([0x80] + [0] * 14 + [0x03])
    pixels = decoded(png(panel(columns)))
    lit = [(x, y) for x in range(16) for y in range(8) if cell(pixels, x, y) == LIT]
    dark = [(x, y) for x in range(16) for y in range(8) if cell(pixels, x, y) == DARK]
    assert lit == [(0, 0), (15, 6), (15, 7)]
    assert len(dark) == 125
    assert pixels[0][0] == PANEL


def test_panel_shows_the_led_beside_it() -> None:
    pixels = decoded(png(panel(bytes(16), (1, 2, 250))))
    assert pixels[len(pixels) // 2][-BORDER - 2] == (1, 2, 250)
    assert len(pixels[0]) == len(decoded(png(panel(bytes(16))))[0]) + 30


def test_panel_marks_what_differs_from_the_expected() -> None:
    pixels = decoded(png(panel(b"\x80\x80" + bytes(14), expected=b"\x80\x40" + bytes(14))))
    assert cell(pixels, 0, 0) == LIT
    assert cell(pixels, 1, 0) == SURPLUS
    assert cell(pixels, 1, 1) == MISSING


def test_strip_puts_pictures_in_reading_order() -> None:
    dots = [Picture(1, (bytes((value, 0, 0)),)) for value in (10, 20, 30)]
    pixels = decoded(png(strip(dots, across=2)))
    assert (len(pixels[0]), len(pixels)) == (2 + BORDER, 2 + BORDER)
    assert pixels[0][0] == (10, 0, 0)
    assert pixels[0][-1] == (20, 0, 0)
    assert pixels[-1][0] == (30, 0, 0)
    assert pixels[-1][-1] == PAPER


def test_frames_join_panel_and_led_as_the_observer_saw_them(run: Run) -> None:
    test = next(test for test in run.tests if "round_0" in test.test)
    seen = frames(test)
    assert {frame.source for frame in seen} == {"bench"}
    assert [any(frame.columns) for frame in seen] == [False, True]
    assert seen[-1].led == (0, 0, 255)
    assert frames_png(test) is not None


def test_sampled_keeps_first_and_last(run: Run) -> None:
    test = next(test for test in run.tests if "round_0" in test.test)
    many = [frames(test)[0]] + [frames(test)[1]] * 50
    few = sampled(many, 8)
    assert len(few) == 8
    assert (few[0], few[-1]) == (many[0], many[-1])
