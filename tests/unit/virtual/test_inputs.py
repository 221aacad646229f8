"""The block that the models read."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from harness.errors import ConfigError
from harness.virtual.inputs import InputBlock


@pytest.fixture
def block() -> Iterator[InputBlock]:
    """Return a fresh block."""
    made = InputBlock()
    yield made
    made.close()


def read(block: InputBlock) -> bytes:
    """Return the block as the interpreter reads it."""
    return os.pread(block.descriptor, 100, 0)


def test_fresh_block_has_buttons_released(block: InputBlock) -> None:
    data = read(block)
    assert [data[4 + pin] for pin in (2, 12, 27, 34)] == [0, 0, 1, 1]


def test_analogue_input_is_little_endian_at_its_pin(block: InputBlock) -> None:
    block.set("light", 1.0)
    block.set("adc32", 0.25)
    assert read(block)[44 + 6 : 44 + 8] == b"\xff\xff"
    assert read(block)[44:46] == (16384).to_bytes(2, "little")


def test_wifi_losses_wrap_at_a_byte(block: InputBlock) -> None:
    block.show_wifi(5, 257)
    assert read(block)[:2] == b"\x05\x01"


@pytest.mark.parametrize(
    ("name", "value"), [("adc31", 0), ("gpio٣", 1), ("battery", 1.01), ("", 1)]
)
def test_input_that_does_not_exist_is_refused(block: InputBlock, name: str, value: float) -> None:
    with pytest.raises(ConfigError):
        block.set(name, value)
