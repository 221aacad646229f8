"""Each matcher green and red, and the words that a person reads when it is red."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.board.snapshot import Snapshot, rows_from_columns
from harness.scenario.film import side_by_side
from harness.scenario.font import render_number, render_text
from harness.scenario.matcher import Matcher, frame_is, is_dark, led_is, shows

DARK = bytes(16)


def seen(columns: bytes | None = DARK, led: tuple[int, int, int] = (0, 0, 0)) -> Snapshot:
    assert columns is not None
    return Snapshot("bench", rows_from_columns(columns), None, led, 0)


@pytest.mark.parametrize("text", ["38", "3.14", "12:28", "-5", "ok", "x"])
def test_shows_is_green_for_either_font_and_red_for_another_text(text: str) -> None:
    matcher = shows(text)
    drawn = [columns for columns in (render_number(text), render_text(text)) if columns]
    assert all(matcher.holds(seen(columns)) for columns in drawn)
    assert not matcher.holds(seen(render_number("77")))
    assert not matcher.holds(seen(DARK))


def test_shows_is_red_for_one_pixel() -> None:
    columns = bytearray(render_number("38") or b"")
    for place in range(128):
        columns[place // 8] ^= 1 << place % 8
        assert not shows("38").holds(seen(bytes(columns)))
        columns[place // 8] ^= 1 << place % 8
    assert shows("38").holds(seen(bytes(columns)))


@pytest.mark.parametrize("text", ["abc", "hello", "", "12 28", "²³x"])
def test_shows_refuses_what_scrolls(text: str) -> None:
    with pytest.raises(ValueError, match="scrolls and ends dark"):
        shows(text)


PICTURE = rows_from_columns(bytes.fromhex("e00d0000000000000000000000000000"))


@pytest.mark.parametrize(
    "given_as",
    [
        PICTURE,
        "\n".join(PICTURE),
        "\n   " + "\n   ".join(PICTURE) + "\n",
        bytes.fromhex("e00d").ljust(16, b"\0"),
        bytes.fromhex("e00d"),
    ],
    ids=["rows", "text", "indented", "bytes", "short"],
)
def test_frame_is_takes_every_form(given_as: tuple[str, ...] | str | bytes) -> None:
    matcher = frame_is(given_as)
    assert matcher.panels == (PICTURE,)
    assert matcher.holds(seen(bytes.fromhex("e00d") + bytes(14)))
    assert not matcher.holds(seen(bytes.fromhex("e00c") + bytes(14)))
    assert not matcher.holds(seen(bytes.fromhex("e00d") + bytes(13) + b"\x01"))


@pytest.mark.parametrize(
    "rows",
    [
        PICTURE[:7],
        (*PICTURE, PICTURE[0]),
        ("#" * 15, *PICTURE[1:]),
        ("#" * 17, *PICTURE[1:]),
        ("x" * 16, *PICTURE[1:]),
        (),
        "",
        "#",
    ],
    ids=["7-rows", "9-rows", "15-columns", "17-columns", "letters", "none", "empty", "one"],
)
def test_frame_is_refuses_what_is_no_picture(rows: tuple[str, ...] | str) -> None:
    with pytest.raises(ValueError, match="8 rows of 16"):
        frame_is(rows)


@pytest.mark.parametrize("size", [17, 40])
def test_frame_is_refuses_too_many_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="8 rows of 16"):
        frame_is(bytes(size))


@given(st.binary(min_size=16, max_size=16))
def test_is_dark_is_green_for_a_dark_panel_alone(columns: bytes) -> None:
    assert is_dark().holds(seen(columns)) == (columns == DARK)


@given(st.tuples(*[st.integers(0, 255)] * 3), st.tuples(*[st.integers(0, 255)] * 3))
def test_led_is_green_within_its_tolerance_alone(
    colour: tuple[int, int, int], found: tuple[int, int, int]
) -> None:
    off = max(abs(a - b) for a, b in zip(colour, found, strict=True))
    assert led_is(*colour).holds(seen(led=found)) == (off <= 1)
    assert led_is(*colour, tolerance=0).holds(seen(led=found)) == (off == 0)
    assert led_is(*colour, tolerance=off).holds(seen(led=found))


@pytest.mark.parametrize("found", [(0, 255, 0), (255, 0, 0), (0, 0, 253), (2, 0, 255)])
def test_led_is_red_for_swapped_or_dimmed_colours(found: tuple[int, int, int]) -> None:
    assert led_is(0, 0, 255).holds(seen(led=(0, 1, 254)))
    assert not led_is(0, 0, 255).holds(seen(led=found))


def test_pictures_stand_side_by_side_with_the_rows_that_differ_marked() -> None:
    expected = rows_from_columns(render_number("38") or b"")
    found = rows_from_columns(render_number("39") or b"")
    assert side_by_side(expected, found).splitlines() == [
        "expected            found",
        "................    ................",
        "###.###.........    ###.###.........",
        "..#.#.#.........    ..#.#.#.........",
        "###.###.........    ###.###.........",
        "..#.#.#.........  ! ..#...#.........",
        "###.###.........    ###.###.........",
        "................    ................",
        "................    ................",
    ]


@pytest.mark.parametrize(
    ("matcher", "says", "explained"),
    [
        (led_is(0, 0, 255), "LED (0, 0, 255)", "LED (1, 2, 3)"),
        (shows("38"), "panel '38'", "expected            found"),
        (is_dark(), "a dark panel", "expected            found"),
        (frame_is(PICTURE), "this picture", "expected            found"),
    ],
    ids=["led", "shows", "dark", "frame"],
)
def test_matcher_says_what_it_expects_and_explains_what_it_found(
    matcher: Matcher, says: str, explained: str
) -> None:
    assert matcher.says == says
    assert explained in matcher.explain(seen(led=(1, 2, 3)))
