"""The factory firmware's frames: known bytes, any split, any noise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.stock_frame import (
    FIRMWARE_VERSION,
    MAX_PAYLOAD_BYTES,
    VERSION_QUERY,
    Frame,
    FrameStream,
    version_of,
)

frames = st.builds(Frame, st.integers(0, 255), st.binary(max_size=MAX_PAYLOAD_BYTES - 1))
#: Text between frames cannot be mistaken for the beginning of one.
quiet = st.binary(max_size=20).map(lambda data: data.replace(b"\xf3", b""))


def receive(pieces: list[bytes]) -> list[Frame]:
    stream = FrameStream()
    return [frame for piece in pieces for frame in stream.receive(piece)]


def test_version_query_is_the_documented_one() -> None:
    assert bytes.fromhex("f3f401000606f4") == VERSION_QUERY
    assert Frame(0x0D, b"\x00\x00").encode() == bytes.fromhex("f3f603000d00000df4")


@given(st.lists(st.tuples(quiet, frames), max_size=5), st.data())
def test_frames_between_text_are_found_at_every_split(
    parts: list[tuple[bytes, Frame]], data: st.DataObject
) -> None:
    said = b"".join(text + frame.encode() for text, frame in parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(said)), max_size=6)))
    pieces = [said[a:b] for a, b in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    assert receive(pieces) == [frame for _, frame in parts]
    assert receive([said[i : i + 1] for i in range(len(said))]) == receive([said])


@given(st.binary(max_size=200), st.data())
def test_any_bytes_give_the_same_frames_at_every_split(noise: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(noise)))
    assert receive([noise[:cut], noise[cut:]]) == receive([noise])


@given(frames, st.integers(0, 255), st.data())
def test_one_wrong_byte_is_no_frame_or_another_one(
    frame: Frame, byte: int, data: st.DataObject
) -> None:
    said = bytearray(frame.encode())
    at = data.draw(st.integers(0, len(said) - 1))
    if said[at] == byte:
        return
    said[at] = byte
    assert receive([bytes(said)]) != [frame]


def test_frame_behind_a_false_start_is_found() -> None:
    wanted = Frame(6, b"23.01.012")
    # What looks like a head may announce more than comes: the next frame is not swallowed for ever.
    assert receive([b"\xf3\xf3" + wanted.encode()]) == [wanted]
    broken = bytearray(Frame(9, b"abc").encode())
    broken[-2] ^= 1
    assert receive([bytes(broken) + wanted.encode()]) == [wanted]


def test_payload_that_is_too_long_is_refused_and_never_waited_for() -> None:
    with pytest.raises(ValueError, match="385 bytes"):
        Frame(1, bytes(MAX_PAYLOAD_BYTES)).encode()
    size = (MAX_PAYLOAD_BYTES + 1).to_bytes(2, "little")
    head = bytes((0xF3, (0xF3 + sum(size)) & 0xFF)) + size
    assert receive([head, VERSION_QUERY]) == [Frame(FIRMWARE_VERSION)]


@pytest.mark.parametrize(
    ("frame", "version"),
    [
        (Frame(6, b"23.01.012"), "23.01.012"),
        (Frame(6, b"\x0923.01.012\x00"), "23.01.012"),
        (Frame(6), None),
        (Frame(6, b"\x00\x01"), None),
        (Frame(5, b"23.01.012"), None),
    ],
)
def test_version_is_the_text_of_a_version_frame(frame: Frame, version: str | None) -> None:
    assert version_of(frame) == version
