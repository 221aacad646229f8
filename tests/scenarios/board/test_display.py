"""The panel through its documented calls, seen by every source."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness.deadline import Deadline
from harness.pytest_plugin.fixture import Display
from harness.scenario.dut import BoardUnderTest
from harness.scenario.font import strip_of


@pytest.mark.requirement("CODEY-DISPLAY-01")
@pytest.mark.parametrize(
    ("value", "frame"),
    [
        ("0", "7c447c" + "00" * 13),
        ("38", "54547c007c547c" + "00" * 9),
        ("3.14", "54547c0400007c000070107c" + "00" * 4),
        ("-5", "1010100074545c" + "00" * 9),
        ("12345", "007c00005c54740054547c0070107c00"),
        ("100.0", "007c00007c447c007c447c04007c447c"),
    ],
)
def test_number_is_drawn_as_on_the_board(
    codey: BoardUnderTest, display: Display, value: str, frame: str
) -> None:
    codey.exec(f"codey.display.show({value})")
    display.is_frame(bytes.fromhex(frame))


@pytest.mark.requirement("CODEY-DISPLAY-02")
@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("38", "004492926c00006c92926c" + "00" * 5),
        ("ok", "000c12120c0000fe081412" + "00" * 5),
    ],
)
def test_short_text_is_static(
    codey: BoardUnderTest, display: Display, text: str, frame: str
) -> None:
    codey.exec(f"codey.display.show({text!r})")
    display.is_frame(bytes.fromhex(frame))


@pytest.mark.requirement("CODEY-DISPLAY-03")
@pytest.mark.needs("bench")
def test_long_text_scrolls_column_by_column_and_ends_dark(
    codey: BoardUnderTest, display: Display
) -> None:
    bench = codey.board.rig.bench
    assert bench is not None
    bench.state(Deadline.after(5.0))  # what came before has been told by then
    bench.take()
    took_ms = codey.exec(
        "from time import ticks_diff, ticks_ms\n"
        "began = ticks_ms()\ncodey.display.show('abc')\nprint(ticks_diff(ticks_ms(), began))"
    )
    display.is_dark()
    strip = strip_of("abc")
    passing = [strip[start:].ljust(16, b"\0")[:16] for start in range(len(strip) + 1)]
    seen = [event.columns for event in bench.events() if event.what == "panel"]
    # A step that changes no pixel is no event.
    assert seen == [new for old, new in pairwise([bytes(16), *passing]) if new != old]
    # 6 x 3 + 1 steps of 100 ms.
    assert int(took_ms) >= 1850


@pytest.mark.requirement("CODEY-DISPLAY-04")
def test_image_is_drawn_column_by_column(codey: BoardUnderTest, display: Display) -> None:
    codey.exec("codey.display.show_image('00003c7e7e3c000000003c7e7e3c0000')")
    display.is_frame(
        """
        ................
        ...##......##...
        ..####....####..
        ..####....####..
        ..####....####..
        ..####....####..
        ...##......##...
        ................
        """
    )


@pytest.mark.requirement("CODEY-DISPLAY-04")
def test_image_is_shifted_and_the_rest_is_dark(codey: BoardUnderTest, display: Display) -> None:
    codey.exec("codey.display.show_image('ff' * 16)")
    codey.exec("codey.display.show_image('e00d', 14, 2)")
    display.is_frame(
        """
        ................
        ................
        ..............#.
        ..............#.
        ..............#.
        ................
        ...............#
        ...............#
        """
    )


@pytest.mark.requirement("CODEY-DISPLAY-05")
def test_pixels_change_one_at_a_time(codey: BoardUnderTest, display: Display) -> None:
    codey.exec(
        "d = codey.display\n"
        "d.set_pixel(0, 0, True); d.set_pixel(15, 7, True); d.toggle_pixel(3, 4)\n"
        "d.toggle_pixel(15, 7); d.set_pixel(16, 0, True); d.set_pixel(0, 8, True)\n"
    )
    assert codey.evaluate("[d.get_pixel(0, 0), d.get_pixel(15, 7), d.get_pixel(99, 0)]") == [
        True,
        False,
        False,
    ]
    display.is_frame(bytes([0x80, 0, 0, 0x08] + [0] * 12))


@pytest.mark.requirement("CODEY-DISPLAY-06")
@pytest.mark.parametrize("call", ["clear()", "show('')"])
def test_panel_is_made_dark(codey: BoardUnderTest, display: Display, call: str) -> None:
    codey.exec("codey.display.show(88)")
    codey.exec(f"codey.display.{call}")
    display.is_dark()


@pytest.mark.requirement("CODEY-DISPLAY-07")
@pytest.mark.parametrize(
    "call", ["set_pixel(True, 0, True)", "set_pixel('1', 0, True)", "show_image(7)"]
)
def test_wrong_type_does_nothing(codey: BoardUnderTest, display: Display, call: str) -> None:
    codey.exec("codey.display.show(38)")
    codey.exec(f"codey.display.{call}")
    display.shows("38")


@pytest.mark.requirement("CODEY-DISPLAY-08")
def test_time_is_drawn_with_a_colon(codey: BoardUnderTest, display: Display) -> None:
    codey.exec("codey.display.show('12:28')")
    display.shows("12:28")


@pytest.mark.requirement("CODEY-DISPLAY-03", "CODEY-DISPLAY-07")
@pytest.mark.parametrize(("value", "text"), [("True", "true"), ("b''", "b''")])
def test_what_is_no_number_and_no_text_scrolls_as_its_word(
    codey: BoardUnderTest, display: Display, value: str, text: str
) -> None:
    codey.exec(f"codey.display.show({value})")
    display.scrolls(text)
    display.is_dark()


@pytest.mark.requirement("CODEY-DISPLAY-02")
@pytest.mark.parametrize("character", ["'", "_", "[", "&", "\u6e29"])
def test_character_without_a_glyph_is_a_block(
    codey: BoardUnderTest, display: Display, character: str
) -> None:
    codey.exec("codey.display.show('@')")
    display.shows("@")
    codey.exec(f"codey.display.clear(); codey.display.show({character!r})")
    display.shows("@")


@pytest.mark.requirement("CODEY-DISPLAY-08")
@pytest.mark.parametrize(
    ("text", "shown"), [("1:2", "1:2"), ("12:28:59", "12:28"), ("7:05 pm", "7:05")]
)
def test_text_that_begins_as_a_time_is_that_time(
    codey: BoardUnderTest, display: Display, text: str, shown: str
) -> None:
    codey.exec(f"codey.display.show({text!r})")
    display.shows(shown)


@pytest.mark.requirement("CODEY-DISPLAY-01")
@pytest.mark.parametrize(
    ("value", "text"),
    [("2 ** 31", "2147"), ("2.50", "2.5"), ("3.14159", "3.142"), ("-3.0", "-3.0")],
)
def test_number_is_cut_to_what_the_panel_holds(
    codey: BoardUnderTest, display: Display, value: str, text: str
) -> None:
    codey.exec(f"codey.display.show({value})")
    display.shows(text)
    display.stays(text, for_s=0.2)


@pytest.mark.requirement("CODEY-DISPLAY-09")
def test_scroll_in_the_background_does_not_wait_and_is_the_same(
    codey: BoardUnderTest, display: Display
) -> None:
    # A call that waits would come back to a dark panel.
    said = codey.exec(
        "codey.display.show('hello', wait=False)\n"
        "print(any([codey.display.get_pixel(x, y) for x in range(16) for y in range(8)]))"
    )
    assert said == "True\n"
    display.scrolls("hello")
    display.is_dark()


@pytest.mark.requirement("CODEY-DISPLAY-09")
@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("show(38)", bytes.fromhex("54547c007c547c" + "00" * 9)),
        ("show_image('ff')", bytes([0xFF]).ljust(16, b"\0")),
        ("clear()", bytes(16)),
    ],
)
def test_next_call_that_draws_ends_the_scroll(
    codey: BoardUnderTest, display: Display, call: str, shown: bytes
) -> None:
    codey.exec(f"codey.display.show('hello', wait=False); time.sleep(0.5); codey.display.{call}")
    display.is_frame(shown)
    # Steps come each 100 ms.
    display.stays(shown, for_s=0.4)


@pytest.mark.requirement("CODEY-DISPLAY-09", "CODEY-DISPLAY-05")
def test_pixel_ends_the_scroll_and_leaves_what_it_has_drawn(
    codey: BoardUnderTest, display: Display
) -> None:
    codey.exec(
        "codey.display.show('hello', wait=False); time.sleep(0.5)\n"
        "codey.display.toggle_pixel(15, 7)"
    )
    left = codey.evaluate("bytes(codey.display.buffer)")
    assert isinstance(left, bytes)
    strip = strip_of("hello")
    without = bytes([*left[:15], left[15] ^ 1])
    assert without in [strip[at : at + 16] for at in range(1, len(strip))]
    display.stays(left, for_s=0.4)


@pytest.mark.requirement("CODEY-DISPLAY-10")
@pytest.mark.parametrize(
    ("arguments", "frame"),
    [
        # The glyphs of "38" and "ok" as in the golden frames, moved.
        ("38, 0, 0", "004492926c00006c92926c" + "00" * 5),
        ("38, 4", "00" * 4 + "004492926c00006c92926c" + "00"),
        ("'ok', -6, 0", "00fe081412" + "00" * 11),
        ("'ok', 3, 1", "00" * 3 + "0006090906" + "00" * 2 + "7f040a09" + "00" * 2),
        ("38, 16, 0", "00" * 16),
        ("38, 0, 8", "00" * 16),
    ],
)
def test_text_at_a_position_is_static_whatever_it_is(
    codey: BoardUnderTest, display: Display, arguments: str, frame: str
) -> None:
    codey.exec(f"codey.display.show({arguments})")
    display.is_frame(bytes.fromhex(frame))
    display.stays(bytes.fromhex(frame), for_s=0.2)


@pytest.mark.requirement("CODEY-DISPLAY-10")
def test_long_text_at_a_position_does_not_scroll(codey: BoardUnderTest, display: Display) -> None:
    codey.exec("codey.display.show('hello', 0, 0)")
    shown = strip_of("hello")[:16]
    display.is_frame(shown)
    display.stays(shown, for_s=0.3)


@pytest.mark.requirement("CODEY-DISPLAY-11")
def test_image_for_a_time_blocks_and_then_is_dark(codey: BoardUnderTest, display: Display) -> None:
    took_ms = codey.exec(
        "began = time.ticks_ms(); codey.display.show_image('3c', 0, 0, 0.3)\n"
        "print(time.ticks_diff(time.ticks_ms(), began))"
    )
    assert int(took_ms) >= 300
    display.eventually(bytes([0x3C]).ljust(16, b"\0"))
    display.is_dark()


@pytest.mark.requirement("CODEY-DISPLAY-11")
@pytest.mark.parametrize("time_s", ["0", "-1", "'1'", "True"])
def test_image_for_no_time_is_not_drawn(
    codey: BoardUnderTest, display: Display, time_s: str
) -> None:
    codey.exec(f"codey.display.show(38); codey.display.show_image('ff' * 16, 0, 0, {time_s})")
    display.shows("38")


@pytest.mark.requirement("CODEY-DISPLAY-11")
def test_image_that_is_there_already_stays(codey: BoardUnderTest, display: Display) -> None:
    codey.exec("codey.display.show_image('3c'); codey.display.show_image('3c', 0, 0, 30)")
    display.is_frame(bytes([0x3C]).ljust(16, b"\0"))


@pytest.mark.requirement("CODEY-DISPLAY-04")
@pytest.mark.parametrize(
    ("arguments", "frame"),
    [
        ("'f'", "f0" + "00" * 15),
        ("'', 0, 0", "00" * 16),
        ("'ff' * 20", "ff" * 16),
        ("[255, 1]", "ff01" + "00" * 14),
        ("'ff' * 16, -15, -7", "80" + "00" * 15),
        ("'ff' * 16, 16, 0", "00" * 16),
    ],
)
def test_image_is_filled_up_and_cut(
    codey: BoardUnderTest, display: Display, arguments: str, frame: str
) -> None:
    codey.exec(f"codey.display.show(38); codey.display.show_image({arguments})")
    display.is_frame(bytes.fromhex(frame))


@pytest.mark.requirement("CODEY-PACKAGE-01")
def test_import_clears_panel_and_led_and_begins_anew(
    board: BoardUnderTest, display: Display
) -> None:
    drawn: list[object] = []
    for _ in range(2):
        board.exec("import codey; codey.display.show(88); codey.led.show(9, 9, 9)")
        board.reset()
        board.exec("import codey, random")
        display.is_dark()
        # Seeded anew, and the timer begins.
        drawn.append(board.evaluate("[random.getrandbits(30) for _ in range(3)]"))
        assert board.exec("print(0 <= codey.get_timer() < 30)") == "True\n"
    assert drawn[0] != drawn[1]
