"""What panel and LED show over time, told from what was seen, not from how it ended."""

from __future__ import annotations

import pytest

from harness.pytest_plugin.fixture import Display, Led
from harness.scenario.dut import BoardUnderTest
from harness.scenario.font import strip_of

TICK = "import codey, time\nfrom time import ticks_diff, ticks_ms\n"


@pytest.mark.requirement("CODEY-DISPLAY-03")
def test_blocking_text_is_read_from_its_pictures_and_ends_dark(
    board: BoardUnderTest, display: Display
) -> None:
    took_ms = board.exec(
        TICK + "began = ticks_ms()\ncodey.display.show('hello')\n"
        "print(ticks_diff(ticks_ms(), began))"
    )
    # 6 x 5 + 1 steps of 100 ms of the board's clock; a loaded host makes it longer, never shorter.
    assert int(took_ms) >= 3095
    display.scrolls("hello")
    display.is_dark()


@pytest.mark.requirement("CODEY-DISPLAY-03")
def test_text_is_read_that_begins_with_what_is_on_the_panel_already(
    board: BoardUnderTest, display: Display
) -> None:
    board.exec(f"import codey\ncodey.display.show_image({strip_of('hello')[:16].hex()!r})")
    # As if a test before had left it.
    board.begin(board.sources)
    board.exec("codey.display.show('hello')")
    display.scrolls("hello")


@pytest.mark.requirement("CODEY-DISPLAY-03")
def test_text_of_a_running_program_is_read_each_time_that_it_passes(
    board: BoardUnderTest, display: Display
) -> None:
    board.start("import codey\nfor text in ('abc', 'abd', 'abc'):\n    codey.display.show(text)\n")
    display.scrolls("abc")
    display.scrolls("abd")
    display.scrolls("abc")


@pytest.mark.requirement("CODEY-DISPLAY-04")
def test_pictures_of_an_animation_come_in_order_and_last_their_time(
    board: BoardUnderTest, display: Display
) -> None:
    board.start(
        "import codey\n"
        "for image in ('01', '02', '04'):\n"
        "    codey.display.show_image(image, 0, 0, 0.4)\n"
        "codey.display.show(3)\n"
    )
    parts = [(bytes([column]), 0.4) for column in (1, 2, 4)]
    # A loaded host lets a picture stand longer.
    display.sequence([*parts, "3"], tolerance_s=0.3)
    display.settles("3", quiet_s=0.3)
    display.stays("3", for_s=0.2)
    display.never("4", for_s=0.2)


@pytest.mark.requirement("CODEY-LED-01")
def test_colours_come_in_order(board: BoardUnderTest, led: Led) -> None:
    board.start(
        "import codey, time\n"
        "for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)):\n"
        "    codey.led.show(*colour)\n"
        "    time.sleep(0.1)\n"
    )
    led.eventually((255, 0, 0))
    led.sequence([(255, 0, 0), (0, 255, 0), (0, 0, 255)], strict=True)
    led.settles((0, 0, 255), quiet_s=0.3)
    led.never((255, 0, 0), for_s=0.1)
