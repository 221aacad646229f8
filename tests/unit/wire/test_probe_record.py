"""Records of the probe between a program's own output."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.wire.probe_record import (
    MAX_RECORD_BYTES,
    Record,
    RecordStream,
    Text,
    encode,
)

LED = encode("led", 12, rgb=[0, 0, 255])


def joined(items: list[Text | Record]) -> list[Text | Record]:
    result: list[Text | Record] = []
    for item in items:
        if isinstance(item, Text) and result and isinstance(last := result[-1], Text):
            result[-1] = Text(last.data + item.data)
        else:
            result.append(item)
    return result


def read(data: bytes, size: int = 10_000) -> list[Text | Record]:
    stream = RecordStream()
    items: list[Text | Record] = []
    for start in range(0, len(data), size):
        items += stream.receive(data[start : start + size])
    return joined(items + stream.flush())


def test_record_between_text_is_taken_out() -> None:
    assert read(b"one\r\n" + LED + b"two") == [
        Text(b"one\r\n"),
        Record("led", 12, {"rgb": [0, 0, 255]}),
        Text(b"two"),
    ]


def test_record_after_text_without_line_end_is_found() -> None:
    assert read(b"waiting..." + LED)[1] == Record("led", 12, {"rgb": [0, 0, 255]})


def test_wrong_checksum_is_text() -> None:
    broken = LED.replace(b"255", b"254")
    assert read(broken) == [Text(broken)]


def test_record_that_an_interrupt_cut_is_text_and_the_next_is_found() -> None:
    assert read(LED[:9] + LED) == [Text(LED[:9]), Record("led", 12, {"rgb": [0, 0, 255]})]


def test_line_that_never_ends_is_given_up() -> None:
    data = b"\x1e" + b"x" * (MAX_RECORD_BYTES + 10)
    stream = RecordStream()
    assert sum(len(item.data) for item in stream.receive(data) if isinstance(item, Text)) == len(
        data
    )


@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(1, 9))
def test_binary_output_is_never_lost_and_any_split_is_the_same(
    before: bytes, after: bytes, size: int
) -> None:
    data = before + b"\n" + LED + after
    whole = read(data)
    assert read(data, size) == whole
    records = [item for item in whole if isinstance(item, Record)]
    assert Record("led", 12, {"rgb": [0, 0, 255]}) in records
    text = b"".join(item.data for item in whole if isinstance(item, Text))
    assert len(text) + len(LED) * len(records) == len(data)


@given(st.binary(max_size=300))
def test_any_input_is_given_back(data: bytes) -> None:
    items = read(data)
    if not any(isinstance(item, Record) for item in items):
        assert b"".join(item.data for item in items if isinstance(item, Text)) == data
