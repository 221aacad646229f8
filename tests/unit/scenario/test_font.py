"""The host's drawings of the fonts, held against the board's code and against the golden frames."""

from __future__ import annotations

import ast
import importlib.util
import sys
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import shipped
from harness.board.snapshot import rows_from_columns
from harness.scenario.font import render_number, render_text, strip_of
from harness.scenario.matcher import shows

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NUMBER_CHARACTERS = "0123456789-+.:"


@cache
def device_font() -> ModuleType:
    """Return the board's font module, which is plain Python."""
    path = shipped.device_src() / "codey" / "font.py"
    spec = importlib.util.spec_from_file_location("device_font", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def golden() -> list[dict[str, Any]]:
    table = tomllib.loads((shipped.fixtures() / "golden" / "panel.toml").read_text("utf-8"))
    frames: list[dict[str, Any]] = table["frame"]
    return frames


def test_text_font_is_the_boards_glyph_by_glyph() -> None:
    characters = device_font()._CHARACTERS
    assert len(characters) > 80
    different = [
        character
        for character in characters
        if strip_of(character) != bytes(device_font().text_columns(character))
    ]
    assert different == []


def test_number_font_is_the_boards_glyph_by_glyph() -> None:
    different = [
        character
        for character in "0123456789-+"
        if render_number(character) != bytes(device_font().number_columns(character, 16))
    ]
    assert different == []


@given(st.text(max_size=6))
def test_any_text_is_drawn_as_on_the_board(text: str) -> None:
    assert strip_of(text) == bytes(device_font().text_columns(text))


@given(st.text(st.sampled_from(NUMBER_CHARACTERS), min_size=1, max_size=10))
def test_any_number_is_drawn_as_on_the_board(text: str) -> None:
    assert render_number(text) == bytes(device_font().number_columns(text, 16))


@pytest.mark.parametrize("text", ["", "1a", " 1", "½"])
def test_what_is_not_in_the_number_font_is_no_number(text: str) -> None:
    assert render_number(text) is None


@pytest.mark.parametrize("text", ["", "abc", "12345"])
def test_text_that_does_not_fit_scrolls(text: str) -> None:
    assert render_text(text) is None


def test_character_without_a_drawing_is_a_block() -> None:
    assert strip_of("é") == strip_of("@") == bytes.fromhex("00ffffffff00")


@pytest.mark.parametrize("frame", golden(), ids=lambda frame: frame["call"])
def test_golden_frame_is_what_the_host_expects(frame: dict[str, Any]) -> None:
    call = ast.parse(frame["call"], mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    value = ast.literal_eval(call.args[0])
    columns = bytes.fromhex(frame["px"])
    if call.func.id == "show_image":
        assert bytes.fromhex(value).ljust(16, b"\0") == columns
        return
    is_number = not isinstance(value, str) or ":" in value
    drawn = render_number(str(value)) if is_number else render_text(value)
    assert drawn == columns
    assert rows_from_columns(columns) in shows(str(value)).panels
