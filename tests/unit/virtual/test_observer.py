"""What the bench makes of reports."""

from __future__ import annotations

import pytest

from harness.virtual.observer import LED_SETTLE_S, Observer, led_level
from tests.unit.virtual.test_tm1640 import transfer

RED, GREEN, BLUE = 14, 21, 4


@pytest.mark.parametrize("value", range(256))
def test_led_level_of_all_ways_to_say_a_value_is_the_value(value: int) -> None:
    ten_bit = min(1023, value * 4) << 6
    assert led_level(ten_bit, False) == value  # noqa: FBT003, not inverted
    assert led_level(value * 257, False) == value  # noqa: FBT003, not inverted
    assert led_level((1023 - min(1023, value * 4)) << 6, True) == value  # noqa: FBT003, inverted
    assert led_level(65535 - value * 257, True) == value  # noqa: FBT003, inverted


def test_led_is_one_change_once_it_has_settled() -> None:
    observer = Observer()
    observer.duty(RED, 0, 1.0)
    observer.duty(GREEN, 65535, 1.0001)
    assert observer.settle(1.0005) == []
    assert observer.due_s == 1.0001 + LED_SETTLE_S
    (seen,) = observer.settle(1.002)
    assert (seen.what, seen.led, seen.at_s) == ("led", (255, 255, 0), 1.0001)
    assert observer.settle(2.0) == []


def test_led_that_nobody_drives_is_dark_even_red() -> None:
    observer = Observer()
    observer.duty(RED, 0, 1.0)
    observer.settle(2.0)
    observer.release_pins(3.0)
    (seen,) = observer.settle(3.0, force=True)
    assert seen.led == (0, 0, 0)


def test_panel_is_seen_when_its_transfer_has_ended() -> None:
    observer = Observer()
    wires = transfer(0x40) + transfer(0x88) + transfer(0xC0, 1, 2)
    assert observer.wires(wires[:-4], 1.0) == []
    (seen,) = observer.wires(wires[-4:], 2.0)
    assert (seen.what, seen.at_s, seen.columns) == ("panel", 2.0, b"\x01\x02" + bytes(14))


def test_wifi_that_does_not_change_is_no_event() -> None:
    observer = Observer()
    assert [seen.text for seen in observer.link("idle", 1.0)] == ["idle"]
    assert observer.link("idle", 2.0) == []


def test_event_as_json_has_all_that_the_client_reads() -> None:
    observer = Observer()
    observer.duty(BLUE, 65535, 1.0)
    (seen,) = observer.settle(2.0)
    assert seen.to_json() == {
        "at_s": 1.0,
        "what": "led",
        "columns": "",
        "led": [0, 0, 255],
        "text": "",
    }
