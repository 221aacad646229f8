"""Text that is read back from pictures: each font, at any place, at rest and on its way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.board.snapshot import COLUMNS, rows_from_columns
from harness.scenario.font import render_number, render_text, strip_of, text_glyphs
from harness.scenario.reading import UNKNOWN, describe_panel, read_panel, read_scrolls

CHARACTERS = sorted(set(text_glyphs()) - {" "})


def panel(columns: bytes | None) -> tuple[str, ...]:
    assert columns is not None
    return rows_from_columns(columns)


def moved(columns: bytes, x: int, y: int) -> tuple[str, ...]:
    shifted = [byte >> y if y >= 0 else byte << -y & 0xFF for byte in columns]
    return rows_from_columns(bytes([0] * x + shifted)[:COLUMNS])


def passing(text: str, step: int = 1) -> list[tuple[str, ...]]:
    strip = strip_of(text)
    return [rows_from_columns(strip[at : at + COLUMNS]) for at in range(0, len(strip) + 1, step)]


@given(st.integers(-999, 9999).map(str) | st.sampled_from(["3.14", "100.0", "12:28", "9:05"]))
def test_number_font_is_read_back(text: str) -> None:
    assert read_panel(panel(render_number(text))) == text


@given(st.text(CHARACTERS, min_size=1, max_size=2))
def test_text_font_is_read_back(text: str) -> None:
    assert read_panel(panel(render_text(text))) == text


@given(st.text("0123456789abcxyz", min_size=1, max_size=2), st.integers(0, 4))
def test_text_is_read_at_any_place(text: str, x: int) -> None:
    assert read_panel(moved(strip_of(text), x, 0)) == text


@pytest.mark.parametrize("y", [-1, 1, 2])
def test_text_is_read_above_and_below_its_place(y: int) -> None:
    assert read_panel(moved(render_number("38") or b"", 3, y)) == "38"
    assert read_panel(moved(strip_of("no"), 2, 1)) == "no"


def test_dark_panel_reads_as_nothing_and_a_drawing_as_none() -> None:
    assert read_panel(rows_from_columns(bytes(16))) == ""
    face = rows_from_columns(bytes.fromhex("00003c7e7e3c000000003c7e7e3c0000"))
    assert read_panel(face) is None
    assert describe_panel(face) == "a picture without text"
    assert describe_panel(panel(render_number("39"))) == "panel '39'"
    assert describe_panel(rows_from_columns(bytes(16))) == "a dark panel"


@pytest.mark.parametrize("place", range(128))
def test_one_pixel_more_or_less_is_another_reading(place: int) -> None:
    columns = bytearray(render_number("38") or b"")
    columns[place // 8] ^= 1 << place % 8
    assert read_panel(rows_from_columns(bytes(columns))) != "38"


@pytest.mark.parametrize("text", ["hello", "a b", "21.5 C", "38:47", "The quick brown fox"])
@pytest.mark.parametrize("step", [1, 2, 3, 6])
def test_scrolling_text_is_read_from_its_pictures(text: str, step: int) -> None:
    assert read_scrolls(passing(text, step)) == [text]


def test_scrolls_one_after_the_other_are_told_apart_from_what_stands() -> None:
    stood = panel(render_number("38"))
    pictures = [stood, *passing("abc"), stood, *passing("xyz"), stood]
    assert read_scrolls(pictures) == ["abc", "xyz"]
    assert read_scrolls([stood, panel(render_number("39")), stood]) == []
    assert read_scrolls([]) == []


def test_what_is_cut_or_unknown_is_not_made_up() -> None:
    assert read_scrolls(passing("hello")[3:]) == ["ello"]
    drawn = bytes([1, 2, 4, 8, 16, 32, 64, 128] * 3)
    pictures = [rows_from_columns(drawn[at : at + COLUMNS]) for at in range(len(drawn) + 1)]
    assert all(UNKNOWN in text for text in read_scrolls(pictures))
