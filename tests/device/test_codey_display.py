"""`codey.display` over its pins: what the panel shows is decoded from the two wires."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.device.panel import frames
from tests.device.program import run_board

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden" / "panel.toml"
DARK = "00" * 16
FACE = "00003c7e7e3c000000003c7e7e3c0000"
D = "from codey import display as d\nimport time\n"


def shown(source: str) -> str:
    """Return what the panel shows after a program."""
    return frames(run_board(D + source))[-1][1]


def test_golden_frames_are_shown_and_are_in_the_buffer() -> None:
    golden = tomllib.loads(GOLDEN.read_text(encoding="utf-8"))["frame"]
    calls = "".join(
        f"d.{each['call']}\nprint(''.join('%02x' % b for b in d.buffer))\nd.clear()\n"
        for each in golden
    )
    seen = run_board(D + calls)
    expected = [each["px"] for each in golden]
    assert seen.lines[: len(golden)] == expected
    assert [picture for _, picture in frames(seen) if picture != DARK] == expected
    assert sum(each["source"] == "spec" for each in golden) == 10


def test_import_makes_the_panel_dark_and_switches_it_on() -> None:
    seen = run_board("import codey")
    assert frames(seen) == [(0, DARK)]


def test_a_frame_takes_477_pin_operations() -> None:
    before = run_board("import codey").operations
    seen = run_board(D + "d.show(38)")
    assert seen.operations - before == 477


@pytest.mark.parametrize(
    ("value", "same_as"),
    [
        ("2147783648", "2147"),
        ("-2147783649", "-21477"),
        ("2147783647", "2147"),
        ("0.0", "'number:0.0'"),
        ("3.14159", "3.142"),
        ("2.5000", "2.5"),
        ("1234.5", "1234"),
        ("-3.14", "-3.14"),
        ("-7.0", "-7.0"),
        ("0.5", "0.5"),
        ("0.0004", "'number:0.000'"),
        ("0.00004", "'number:0.00'"),
        ("-0.005", "'number:-0.00'"),
        ("-0.00", "'number:0.0'"),
    ],
)
def test_show_number_is_cut_and_rounded_as_the_board_does(value: str, same_as: str) -> None:
    if same_as.startswith("'number:"):
        text = same_as[8:-1]
        expected = shown(
            f"from codey.font import number_columns\n"
            f"d.show_image(list(number_columns({text!r}, 16)))"
        )
    else:
        expected = shown(f"d.show({same_as})")
    assert shown(f"d.show({value})") == expected


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("12:28", "12:28"),
        ("9:05", "9:05"),
        ("12:28:30", "12:28"),
        ("1:2", "1:2"),
        ("12:5x", "12:5"),
    ],
)
def test_show_time_is_static_and_only_the_matched_part(text: str, time: str) -> None:
    seen = run_board(D + f"d.show({text!r})\nd.clear()\nd.show({time!r})")
    pictures = [picture for _, picture in frames(seen) if picture != DARK]
    assert len(pictures) == 2
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("text", ["12.28", "123:4", ":12", "a:12", "1:"])
def test_show_text_that_is_no_time_is_text(text: str) -> None:
    seen = run_board(D + f"d.show({text!r})")
    # Two characters stand, three and more scroll and end dark.
    assert len(frames(seen)) > 10 or len(text) < 3


@pytest.mark.parametrize("text", ["hello", "abc", "x" * 20])
def test_show_text_scrolls_one_column_each_100_ms_and_ends_dark(text: str) -> None:
    seen = run_board(
        D + "from codey.font import text_columns\n"
        f"print(''.join('%02x' % b for b in text_columns({text!r})))\n"
        f"t = time.ticks_ms()\nd.show({text!r})\nprint(time.ticks_ms() - t)"
    )
    columns = seen.lines[0]
    assert int(seen.lines[1]) == (6 * len(text) + 1) * 100
    pictures = [(0, DARK)]
    for step in range(6 * len(text) + 1):
        picture = (columns[2 * step :] + DARK)[:32]
        if picture != pictures[-1][1]:
            pictures.append((100 * step, picture))
    assert frames(seen) == pictures


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("True", "true"),
        ("False", "false"),
        ("b'38'", "b'38'"),
        ("None", "None"),
        ("[1]", "[1]"),
        ("{}", "{}"),
        ("'\u4e09\u5341\u516b'", "@@@"),
        ("'a_[&'", "a@@@"),
    ],
)
def test_show_other_value_is_its_text(value: str, text: str) -> None:
    assert frames(run_board(D + f"d.show({value})")) == frames(run_board(D + f"d.show({text!r})"))


def test_show_empty_text_clears() -> None:
    assert shown("d.show(38)\nd.show('')") == DARK


def test_show_text_is_cut_at_128_bytes() -> None:
    seen = run_board(
        D + "d._driver.write = lambda columns: None\n"  # the bus has 10 MB to tell otherwise
        "d.show('x' * 300)\nprint(time.ticks_ms())\nd.show('\u6e29' * 300)\n"
        "print(time.ticks_ms())"
    )
    first, both = map(int, seen.lines[:2])
    assert first == (6 * 128 + 1) * 100
    assert both - first == (6 * 42 + 1) * 100


def test_show_without_waiting_scrolls_in_the_background() -> None:
    seen = run_board(
        D + "d.show('hello', wait=False)\nprint(time.ticks_ms())\ntime.sleep(5)\n"
        "import time as t\nprint(len(t.timers))"
    )
    assert seen.lines[:2] == ["0", "0"]
    assert frames(seen) == frames(run_board(D + "d.show('hello')"))


@pytest.mark.parametrize(
    "call",
    [
        "show(38)",
        "show('ok')",
        "show_image('e00d')",
        "clear()",
        "show('abc', 0, 0)",
        "show('new', wait=False)",
    ],
)
def test_interrupt_rule_a_call_ends_the_scroll_and_draws(call: str) -> None:
    seen = run_board(
        D + f"d.show('hello', wait=False)\ntime.sleep_ms(1050)\nd.{call}\n"
        f"print(len(time.timers))\ntime.sleep(9)\n"
    )
    alone = [picture for _, picture in frames(run_board(D + f"d.{call}\ntime.sleep(9)"))[1:]] or [
        DARK
    ]
    after = [picture for at, picture in frames(seen) if at >= 1050]
    assert after == alone
    assert seen.lines[0] == ("1" if "wait" in call else "0")


@pytest.mark.parametrize("call", ["set_pixel(0, 7, True)", "toggle_pixel(0, 7)"])
def test_interrupt_rule_a_pixel_changes_the_half_scrolled_text(call: str) -> None:
    seen = run_board(
        D + f"d.show('hello', wait=False)\ntime.sleep_ms(1050)\nd.{call}\ntime.sleep(9)"
    )
    *_, before, (at, last) = frames(seen)
    assert (at, last) == (1050, f"{int(before[1][:2], 16) | 1:02x}{before[1][2:]}")


def test_get_pixel_does_not_end_the_scroll() -> None:
    seen = run_board(
        D + "d.show('hello', wait=False)\ntime.sleep_ms(1050)\nd.get_pixel(0, 0)\ntime.sleep(9)"
    )
    assert frames(seen) == frames(run_board(D + "d.show('hello')"))


def test_callback_that_was_due_when_its_scroll_was_stopped_changes_nothing() -> None:
    source = "d.show('hello', wait=False)\nlate = time.timers[0].callback\nd.show(38)\nlate(None)\n"
    assert shown(source) == shown("d.show(38)")


def test_show_from_a_timer_callback_in_the_middle_of_a_byte_wins() -> None:
    # A callback runs between two bytecodes, so also between two edges of the bus.
    seen = run_board(
        D + "real = d._driver._data\ncount = 0\n"
        "def data(level):\n"
        "    global count\n"
        "    count += 1\n"
        "    if count == 40:\n"
        "        d.show(38)\n"
        "    real(level)\n"
        "d._driver._data = data\nd.show(0)\n"
    )
    assert frames(seen)[-1][1] == shown("d.show(38)")


def test_show_at_a_position_never_scrolls() -> None:
    assert shown("d.show('hello', 0, 0)") == shown(
        "from codey.font import text_columns\nd.show_image(list(text_columns('hel'))[:16])"
    )
    assert shown("d.show(38, 1)") == "00" + shown("d.show('38')")[:30]
    assert shown("d.show(True, 0)") == shown("d.show('Tru', 0)")
    assert shown("d.show('ok', pos_y=1)") == shown(
        "d.show_image('" + "00060909060000" + "7f040a09', 0, 0)"
    )


@pytest.mark.parametrize(
    ("arguments", "picture"),
    [
        ("'e0', 1, 0", "00e0" + DARK[4:]),
        ("'e0', 15, 0", DARK[:30] + "e0"),
        ("'00e0', -1, 0", "e0" + DARK[2:]),
        ("'e0', 0, 1", "70" + DARK[2:]),
        ("'ff', 0, 7", "01" + DARK[2:]),
        ("'ff', 0, -7", "80" + DARK[2:]),
        ("'e0', 1.9, 0", "00e0" + DARK[4:]),
        ("'e0', 16, 0", DARK),
        ("'e0', 0, 8", DARK),
        ("'e0', -16, -8", DARK),
        ("'e0' * 20", "e0" * 16),
        ("'e'", "e0" + DARK[2:]),
        ("''", DARK),
        ("[224, 13]", "e00d" + DARK[4:]),
        ("'E00D'", "e00d" + DARK[4:]),
    ],
)
def test_show_image_replaces_the_whole_picture(arguments: str, picture: str) -> None:
    assert shown(f"d.show_image({FACE!r})\nd.show_image({arguments})") == picture


@pytest.mark.parametrize(
    "call",
    [
        "show_image(38)",
        "show_image(None)",
        "show_image(b'e00d')",
        "show_image(('e0',))",
        "show_image(['e0'])",
        "show_image([True])",
        "show_image('e0', '1', 0)",
        "show_image('e0', True, 0)",
        "show_image('e0', 0, None)",
        "show_image('e0', 0, 0, 'x')",
        "show_image('e0', 0, 0, 0)",
        "show_image('e0', 0, 0, -1)",
        "show_image('e0', 0, 0, True)",
        "show('x', 'y')",
        "show('x', 0, [])",
        "set_pixel(16, 0, True)",
        "set_pixel(-1, 0, True)",
        "set_pixel(0, 8, True)",
        "set_pixel('0', 0, True)",
        "set_pixel(True, 0, True)",
        "set_pixel(None, None, None)",
        "set_pixel(float('nan'), 0, True)",
        "set_pixel(float('inf'), 0, True)",
        "toggle_pixel(16, 0)",
        "toggle_pixel('a', 0)",
        "get_pixel(16, 0)",
        "get_pixel('a', True)",
    ],
)
def test_argument_policy_wrong_type_or_range_does_nothing(call: str) -> None:
    seen = run_board(D + f"d.show_image({FACE!r})\nprint(d.{call})\nprint(time.ticks_ms())")
    assert [picture for _, picture in frames(seen)] == [DARK, FACE]
    assert seen.lines[0] == ("False" if "get_" in call else "None")
    assert seen.lines[1] == "0"


def test_show_image_that_is_no_hex_raises() -> None:
    seen = run_board(D + "try:\n    d.show_image('xyz')\nexcept ValueError:\n    print('raised')")
    assert seen.lines[0] == "raised"


def test_show_image_for_a_time_blocks_and_then_clears() -> None:
    seen = run_board(D + f"d.show_image({FACE!r}, time_s=1.5)\nprint(time.ticks_ms())")
    assert frames(seen) == [(0, DARK), (0, FACE), (1500, DARK)]
    assert seen.lines[0] == "1500"


def test_show_image_for_a_time_that_is_shown_already_returns_at_once_and_stays() -> None:
    seen = run_board(
        D + f"d.show_image({FACE!r})\nd.show_image({FACE!r}, 0, 0, 2)\nprint(time.ticks_ms())"
    )
    assert seen.lines[0] == "0"
    assert frames(seen)[-1] == (0, FACE)


def test_pixels_are_set_read_and_toggled_one_by_one() -> None:
    seen = run_board(
        D + f"d.show_image({FACE!r})\nprint(d.get_pixel(2, 2), d.get_pixel(0, 0))\n"
        "d.set_pixel(0, 0, True)\nd.set_pixel(15.9, 7, 1)\nd.set_pixel(2, 2, False)\n"
        "d.toggle_pixel(2, 3)\n"
        "d.toggle_pixel(1, 1)\nprint(d.get_pixel(0, 0), d.get_pixel(15, 7), d.get_pixel(2, 2))"
    )
    assert seen.lines[:2] == ["True False", "True True False"]
    assert frames(seen)[-1][1] == "80400c7e7e3c000000003c7e7e3c0001"


def test_text_font_has_84_glyphs_all_different_and_a_block_for_all_else() -> None:
    characters = (
        ' 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.%!?-+/*:"#();~=|><@'
    )
    seen = run_board(
        "from codey.font import text_columns\n"
        f"for c in {characters!r} + '\\'_[&\u6e29':\n"
        f"    print(''.join('%02x' % b for b in text_columns(c)))"
    )
    glyphs = seen.lines[:89]
    assert len(set(glyphs[:84])) == 84
    assert all(len(glyph) == 12 for glyph in glyphs)
    assert glyphs[83:] == ["00ffffffff00"] * 6
    assert all(glyph.startswith("00") and glyph.endswith("00") for glyph in glyphs)
