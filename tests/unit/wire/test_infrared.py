"""Texts and keys as pulses, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.infrared import Code, decode, encode, message, pulses


def test_pulses_are_those_of_the_nec_code() -> None:
    assert pulses(b"\x01") == (9000, 4500, 562, 1687, *(562, 562) * 7, 562)
    # 32 bits, of which a code and its complements have 16 of each kind: 67.5 ms in all.
    whole = pulses(encode(Code(0x20, 0x08)))
    assert len(whole) == 67
    assert sum(whole) == 13500 + 16 * (562 + 562) + 16 * (562 + 1687) + 562


@given(st.text(max_size=8))
def test_text_comes_back(text: str) -> None:
    data = encode(text)
    assert message(pulses(data)) == data
    assert decode(data) == text


@given(st.integers(0, 255), st.integers(0, 255))
def test_key_comes_back(address: int, command: int) -> None:
    data = message(pulses(encode(Code(address, command))))
    assert data is not None
    assert decode(data) == Code(address, command)


@given(st.binary(max_size=6), st.lists(st.integers(-250, 250), min_size=200, max_size=200))
def test_pulses_that_are_a_little_off_say_the_same(data: bytes, errors: list[int]) -> None:
    exact = pulses(data)
    assert message([each + error for each, error in zip(exact, errors, strict=False)]) == data


@pytest.mark.parametrize(
    "durations_us",
    [
        pytest.param((), id="nothing"),
        pytest.param((9000, 4500), id="a lead alone"),
        pytest.param((562, 562, 562), id="no lead"),
        pytest.param(pulses(b"a")[:-2], id="seven bits"),
    ],
)
def test_other_pulses_are_no_message(durations_us: tuple[int, ...]) -> None:
    assert message(durations_us) is None


@pytest.mark.parametrize("data", [b"", b"abc", b"\x01\x02\x03\x04", b"\xff\xff\n"])
def test_other_bytes_are_neither_text_nor_key(data: bytes) -> None:
    assert decode(data) is None
