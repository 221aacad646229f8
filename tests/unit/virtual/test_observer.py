"""What the bench makes of reports."""

from __future__ import annotations

import struct
from dataclasses import fields

import pytest

from harness.link.rig import BenchEvent
from harness.virtual.observer import SETTLE_S, Drive, Observer, drive_of, led_level
from harness.virtual.tm1640 import UNKNOWN
from tests.unit.virtual.test_tm1640 import transfer

RED, GREEN, BLUE, SPEAKER = 14, 21, 4, 25


@pytest.mark.parametrize("value", range(256))
def test_led_level_of_all_ways_to_say_a_value_is_the_value(value: int) -> None:
    ten_bit = min(1023, value * 4) << 6
    assert led_level(ten_bit, False) == value  # noqa: FBT003, not inverted
    assert led_level(value * 257, False) == value  # noqa: FBT003, not inverted
    assert led_level((1023 - min(1023, value * 4)) << 6, True) == value  # noqa: FBT003, inverted
    assert led_level(65535 - value * 257, True) == value  # noqa: FBT003, inverted


def test_led_is_one_change_once_it_has_settled() -> None:
    observer = Observer()
    observer.drive(RED, Drive(0), 1.0)
    observer.drive(GREEN, Drive(65535, board_us=70), 1.0001)
    assert observer.settle(1.0005) == []
    assert observer.due_s == 1.0001 + SETTLE_S
    (seen,) = observer.settle(1.002)
    assert (seen.what, seen.led, seen.at_s) == ("led", (255, 255, 0), 1.0001)
    assert seen.board_us == 70
    assert observer.settle(2.0) == []


def test_led_that_nobody_drives_is_dark_even_red() -> None:
    observer = Observer()
    observer.drive(RED, Drive(0), 1.0)
    observer.settle(2.0)
    observer.release_pins(3.0, 0)
    (seen,) = observer.settle(3.0, force=True)
    assert seen.led == (0, 0, 0)


def test_panel_is_seen_when_its_transfer_has_ended() -> None:
    observer = Observer()
    wires = transfer(0x40) + transfer(0x88) + transfer(0xC0, 1, 2)
    assert observer.wires(wires[:-4], 1.0, 100) == []
    (seen,) = observer.wires(wires[-4:], 2.0, 300)
    assert (seen.what, seen.at_s, seen.columns) == ("panel", 2.0, b"\x01\x02" + bytes(14))
    assert seen.board_us == 300


def test_wifi_that_does_not_change_is_no_event() -> None:
    observer = Observer()
    assert [seen.text for seen in observer.link("idle", 1.0)] == ["idle"]
    assert observer.link("idle", 2.0) == []


def test_tone_is_one_change_once_it_has_settled_and_ends() -> None:
    observer = Observer()
    observer.drive(SPEAKER, Drive(0, 440, 10), 1.0)
    observer.drive(SPEAKER, Drive(0, 880, 20), 1.0001)
    observer.drive(SPEAKER, Drive(32768, 880, 30), 1.0002)
    assert observer.settle(1.0005) == []
    (seen,) = observer.settle(1.01)
    assert (seen.what, seen.frequency_hz, seen.duty, seen.board_us) == ("tone", 880, 0.5, 30)
    observer.drive(SPEAKER, Drive(None, 0, 90), 2.0)
    (seen,) = observer.settle(2.01)
    assert (seen.what, seen.frequency_hz, seen.duty, seen.board_us) == ("tone", 0, 0.0, 90)


def test_tone_that_a_reset_has_ended_was_over_with_it() -> None:
    observer = Observer()
    observer.drive(SPEAKER, Drive(32768, 880, 30), 1.0)
    observer.settle(1.5)
    observer.release_pins(2.0, 1000)
    (seen,) = observer.settle(2.5)
    assert (seen.what, seen.frequency_hz, seen.board_us) == ("tone", 0, 1000)


def test_steady_level_at_the_speaker_is_no_tone() -> None:
    observer = Observer()
    observer.drive(SPEAKER, Drive(65535, 0, 5), 1.0)
    assert observer.settle(2.0) == []


def test_broken_rule_of_the_bus_is_an_event_and_stays_in_the_state() -> None:
    observer = Observer()
    seen = observer.wires(transfer(0x00), 1.0, 0)
    assert [(each.what, each.text) for each in seen] == [("violation", UNKNOWN)]
    assert observer.wires(transfer(0x40), 2.0, 0) == []
    assert observer.violations == [UNKNOWN]


def test_brightness_of_a_lit_panel_is_seen_and_of_a_dark_one_is_not() -> None:
    observer = Observer()
    assert observer.wires(transfer(0x40) + transfer(0x88), 1.0, 0) == []
    (first,) = observer.wires(transfer(0xC0, 1), 2.0, 0)
    (second,) = observer.wires(transfer(0x8F), 3.0, 0)
    assert (first.brightness, second.brightness) == (0, 7)
    assert first.columns == second.columns


def test_report_of_a_pin_is_taken_apart() -> None:
    report = struct.pack("<BHBIQ", 26, 21760, 1, 38000, 1 << 40)
    assert drive_of(report, 5) == (26, Drive(21760, 38000, (1 << 40) + 5))
    assert drive_of(struct.pack("<BHBIQ", 4, 0, 0, 0, 7), 0) == (4, Drive(None, 0, 7))


def test_event_as_json_has_all_that_the_client_reads() -> None:
    observer = Observer()
    observer.drive(BLUE, Drive(65535), 1.0)
    (seen,) = observer.settle(2.0)
    assert seen.to_json() == {
        "at_s": 1.0,
        "what": "led",
        "columns": "",
        "brightness": 0,
        "led": (0, 0, 255),
        "text": "",
        "frequency_hz": 0,
        "duty": 0.0,
        "durations_us": (),
        "board_us": 0,
    }
    assert {field.name for field in fields(BenchEvent)} == set(seen.to_json())
