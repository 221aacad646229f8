"""Values from the board, and files that it prints: whole or not at all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RemoteProtocolError
from harness.wire.device_value import ValueStream, decode_literal, encode_value, find_value
from harness.wire.file_output import decode_file, encode_file
from harness.wire.probe_record import Record, RecordStream, encode

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_value_comes_back_as_it_was(value: object) -> None:
    frame = encode_value(value)
    assert find_value(frame) == (value,)
    assert b"\x04" not in frame


@given(VALUES, st.binary(max_size=30), st.binary(max_size=30), st.integers(0, 200))
def test_value_is_found_among_anything_in_any_split(
    value: object, before: bytes, after: bytes, cut: int
) -> None:
    # A frame may not begin in what came before it without a line end: its start would be taken.
    printed = before + b"\n" + encode_value(value) + after
    stream = ValueStream()
    found = stream.receive(printed[:cut]) + stream.receive(printed[cut:])
    assert [item for item in found if isinstance(item, tuple)] == [(value,)]


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("inf", math.inf),
        ("[-inf, 1]", [-math.inf, 1]),
        ("bytearray(b'ab')", b"ab"),
        ("{1, 2}", {1, 2}),
        ("set()", set()),
    ],
)
def test_forms_that_are_no_python_literals_are_read(literal: str, value: object) -> None:
    assert decode_literal(literal) == value


def test_not_a_number_is_read() -> None:
    value = decode_literal("nan")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("literal", ["<WLAN>", "f(1)", "", "1 +", "(" * 300, "a"])
def test_what_is_no_literal_is_refused(literal: str) -> None:
    with pytest.raises(RemoteProtocolError, match="not one that can be sent"):
        decode_literal(literal)


def test_record_of_the_probe_is_no_value() -> None:
    printed = encode("led", 1, rgb=[1, 2, 3]) + encode_value(38) + encode("mark", 2, name="end")
    assert find_value(printed) == (38,)
    items = RecordStream().receive(printed)
    assert [item.kind for item in items if isinstance(item, Record)] == ["led", "mark"]


@pytest.mark.parametrize("place", range(1, 8))
def test_frame_with_a_changed_byte_is_no_value(place: int) -> None:
    frame = bytearray(encode_value("text"))
    frame[place] ^= 1
    assert find_value(bytes(frame)) is None


@given(st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(b"\x04\x1b012")).map(bytes)))
def test_file_comes_back_and_ends_no_output(data: bytes) -> None:
    printed = encode_file(data)
    assert decode_file(printed) == data
    assert b"\x04" not in printed


@given(st.binary(min_size=1, max_size=100), st.integers(0, 10_000))
def test_file_that_lost_a_byte_is_an_error(data: bytes, place: int) -> None:
    printed = encode_file(data)
    place %= len(printed)
    lost = printed[:place] + printed[place + 1 :]
    with pytest.raises(RemoteProtocolError, match="not come whole"):
        decode_file(lost)


@given(VALUES)
def test_value_that_the_board_could_not_hold_as_one_text_comes_without_a_sum(value: object) -> None:
    assert find_value(b"\x1e=" + repr((value,)).encode() + b"\x1f-\r\n") == (value,)


@pytest.mark.parametrize("literal", [b"1", b"(1)", b"[1,]", b""])
def test_frame_without_a_sum_holds_a_tuple_of_one(literal: bytes) -> None:
    assert find_value(b"\x1e=" + literal + b"\x1f-\r\n") is None
