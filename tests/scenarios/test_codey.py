"""The board's display, LED and Wi-Fi through their documented calls, seen by every source."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness.pytest_plugin.fixture import Display, Led
from harness.scenario.dut import BoardUnderTest
from harness.scenario.font import strip_of
from harness.scenario.input import RigInputs


@pytest.fixture
def codey(board: BoardUnderTest) -> BoardUnderTest:
    board.exec("import codey; codey.display.clear(); codey.led.off()")
    return board


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
    bench.clear()
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


@pytest.mark.requirement("CODEY-LED-01")
@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("255, 0, 0", (255, 0, 0)),
        ("0, 255, 0", (0, 255, 0)),
        ("0, 0, 255", (0, 0, 255)),
        ("10, 20, 30", (10, 20, 30)),
        ("2555, -1, 7.9", (255, 0, 7)),
    ],
)
def test_led_shows_the_colour(
    codey: BoardUnderTest, led: Led, given: str, seen: tuple[int, int, int]
) -> None:
    codey.exec(f"codey.led.show({given})")
    led.shows(*seen)


@pytest.mark.requirement("CODEY-LED-02")
def test_led_parts_change_one_at_a_time(codey: BoardUnderTest, led: Led) -> None:
    codey.exec("codey.led.show(1, 2, 3); codey.led.set_green(200)")
    led.shows(1, 200, 3)
    codey.exec("codey.led.set_red(100); codey.led.set_blue(50)")
    led.shows(100, 200, 50)
    codey.exec("codey.led.off()")
    led.shows(0, 0, 0)


@pytest.mark.requirement("CODEY-WIFI-01")
@pytest.mark.needs("inputs")
def test_wifi_start_does_not_wait_for_the_network(board: BoardUnderTest, inputs: RigInputs) -> None:
    board.reset()
    inputs.wifi("down")
    printed = board.exec(
        "import codey\n"
        "before = codey.wifi.is_connected()\n"
        "codey.wifi.start('any', 'thing')\n"
        "print(before, codey.wifi.is_connected())",
        within_s=10.0,
    )
    assert printed == "False False\n"
    inputs.wifi("up")
    board.exec("while not codey.wifi.is_connected():\n    pass", within_s=30.0)


@pytest.mark.requirement("CODEY-WIFI-02")
@pytest.mark.needs("inputs")
def test_wifi_comes_back_by_itself(board: BoardUnderTest, inputs: RigInputs) -> None:
    board.reset()
    board.exec(
        "import codey\ncodey.wifi.start('any', 'thing')\n"
        "while not codey.wifi.is_connected():\n    pass",
        within_s=30.0,
    )
    inputs.wifi("down")
    board.exec("while codey.wifi.is_connected():\n    pass", within_s=10.0)
    inputs.wifi("up")
    board.exec("while not codey.wifi.is_connected():\n    pass", within_s=30.0)
