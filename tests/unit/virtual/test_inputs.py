"""The block that the models read."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

import pytest

from harness.errors import ConfigError
from harness.virtual.inputs import OPEN, InputBlock


@pytest.fixture
def block() -> Iterator[InputBlock]:
    """Return a fresh block."""
    made = InputBlock()
    yield made
    made.close()


def read(block: InputBlock) -> bytes:
    """Return the block as the interpreter reads it."""
    return os.pread(block.descriptor, 128, 0)


def test_fresh_block_has_buttons_released(block: InputBlock) -> None:
    data = read(block)
    assert [data[4 + pin] for pin in (2, 12, 27, 34)] == [0, 0, 1, 1]


def test_block_at_rest_is_a_fresh_one_whatever_was_set(block: InputBlock) -> None:
    fresh = read(block)
    assert not block.rest(0)
    for name, value in (
        *((button, True) for button in ("button_a", "button_c", "power_key")),
        *((level, 0.5) for level in ("light", "adc32")),
        *((pin, 1) for pin in ("gpio2", "gpio13", "gpio33")),
        *((vector, (0.5, -1, 2)) for vector in ("acceleration", "rotation")),
        ("imu_id", 0),
    ):
        block.set(name, value, 0)
        assert block.rest(0), name
        assert read(block) == fresh, name


def test_rest_touches_neither_the_wifi_nor_the_number_of_the_train(block: InputBlock) -> None:
    block.set("ir", [9000, 4500, 560], 77)
    block.show_wifi(3, 2)
    block.answer(9)
    before = read(block)
    assert not block.rest(77 + 14060)
    # It has ended, and is on no pin any more: no program sees it begin anew.
    assert read(block) == before[:85] + b"\xff" + before[86:]


def test_rest_ends_a_pulse_train(block: InputBlock) -> None:
    block.set("ir", [9000, 4500, 560], 77)
    assert read(block)[85] == 5
    assert block.rest(77 + 14059)
    assert read(block)[85] == 255
    assert not block.rest(77 + 14059)


def test_analogue_input_is_little_endian_at_its_pin(block: InputBlock) -> None:
    block.set("light", 1.0, 0)
    block.set("adc32", 0.25, 0)
    assert read(block)[44 + 6 : 44 + 8] == b"\xff\xff"
    assert read(block)[44:46] == (16384).to_bytes(2, "little")


def test_wifi_losses_wrap_at_a_byte(block: InputBlock) -> None:
    block.show_wifi(5, 257)
    assert read(block)[:2] == b"\x05\x01"


def test_pins_of_a_fresh_block_are_open_but_for_the_driven_ones(block: InputBlock) -> None:
    levels = read(block)[4:44]
    assert {pin for pin in range(40) if levels[pin] != OPEN} == {2, 5, 12, 27, 34}
    block.set("gpio13", 1, 0)
    assert read(block)[4 + 13] == 1
    block.set("gpio13", "open", 0)
    assert read(block)[4 + 13] == OPEN


def test_motion_is_in_millionths_of_g_and_thousandths_of_a_degree(block: InputBlock) -> None:
    assert struct.unpack_from("<6i", read(block), 60) == (0, 0, 1_000_000, 0, 0, 0)
    block.set("acceleration", (-0.5, 0.25, 16), 0)
    block.set("rotation", [1, -2.5, 0], 0)
    assert struct.unpack_from("<6i", read(block), 60) == (
        *(-500_000, 250_000, 16_000_000),
        *(1000, -2500, 0),
    )


def test_pulse_train_has_its_pin_its_start_and_a_new_number(block: InputBlock) -> None:
    assert struct.unpack_from("<BBHQ", read(block), 84) == (0, 255, 0, 0)
    block.set("ir", [9000, 4500, 560], 123456789)
    assert struct.unpack_from("<BBHQ3H", read(block), 84) == (1, 5, 3, 123456789, 9000, 4500, 560)
    block.set("gpio5", 1, 0)
    assert read(block)[85] == 255


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("adc31", 0),
        ("gpio٣", 1),
        ("gpio13", 2),
        ("battery", 1.01),
        ("battery", "full"),
        ("battery", float("nan")),
        ("acceleration", 1),
        ("acceleration", (1, 2)),
        ("acceleration", (1, 2, 1e9)),
        ("rotation", "abc"),
        ("imu_id", 256),
        ("ir", []),
        ("ir", [70000]),
        ("ir", [1] * 1025),
        ("", 1),
    ],
)
def test_input_that_does_not_exist_is_refused(block: InputBlock, name: str, value: object) -> None:
    with pytest.raises(ConfigError):
        block.set(name, value, 0)
