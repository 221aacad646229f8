"""The sender of a push against a receiver that keeps the books: windows, escapes, splits."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RemoteProtocolError
from harness.wire.device_value import encode_value
from harness.wire.push_stream import (
    CHUNK_BYTES,
    ESCAPE,
    WINDOWS,
    PushStream,
    chunks_of,
    payload_of,
)

#: Mostly bytes that mean something, so that pairs fall on every place of a chunk.
TELLING = st.lists(st.sampled_from(b"\x03\x1b01\x04\x06a"), max_size=700).map(bytes)


def split(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Cut bytes at places given modulo their length."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


class Receiver:
    """The board's side: reads chunks of one size, grants a window for each, holds two."""

    def __init__(self, size_bytes: int) -> None:
        self.left = size_bytes
        self.waiting = b""
        self.chunks: list[bytes] = []
        self.fullest = 0

    def take(self, data: bytes) -> bytes:
        """Take what came; return what it prints."""
        self.waiting += data
        self.fullest = max(self.fullest, len(self.waiting))
        printed = b""
        while self.left and len(self.waiting) >= min(CHUNK_BYTES, self.left):
            size = min(CHUNK_BYTES, self.left)
            self.chunks.append(self.waiting[:size])
            self.waiting = self.waiting[size:]
            self.left -= size
            printed += b"\x06"
        return printed


@given(st.one_of(st.binary(max_size=700), TELLING), st.integers(2, 200))
def test_chunks_carry_every_payload_and_no_ctrl_c(payload: bytes, chunk_bytes: int) -> None:
    chunks = chunks_of(payload, chunk_bytes)
    assert payload_of(chunks) == payload
    assert b"\x03" not in b"".join(chunks)
    assert all(len(chunk) == chunk_bytes for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= chunk_bytes for chunk in chunks)
    assert not chunks or not chunks[-1].endswith(ESCAPE)


@given(st.one_of(st.binary(max_size=3000), TELLING), st.lists(st.integers(0, 5000), max_size=10))
def test_receiver_gets_all_and_never_more_than_its_windows(payload: bytes, cuts: list[int]) -> None:
    chunks = chunks_of(payload)
    receiver, stream = Receiver(sum(map(len, chunks))), PushStream()
    stream.put(chunks)
    printed = b"\x06" * WINDOWS
    while printed:
        sent = b""
        for piece in split(printed, cuts):
            stream.receive(piece)
            sent += stream.data_to_send()
        printed = b"".join(receiver.take(piece) for piece in split(sent, cuts))
    assert stream.is_sent
    assert payload_of(receiver.chunks) == payload
    assert receiver.fullest <= WINDOWS * CHUNK_BYTES


@given(
    st.lists(st.integers(0, 400), max_size=10),
    st.lists(st.sampled_from([b"\x07", b"\x08", b"noise", encode_value((1, "a\n"))])),
)
def test_any_split_of_what_the_board_prints_means_the_same(
    cuts: list[int], said: list[bytes]
) -> None:
    whole, parts = PushStream(), PushStream()
    whole.receive(b"".join(said))
    for piece in split(b"".join(said), cuts):
        parts.receive(piece)
    assert parts.done == whole.done == [each == b"\x07" for each in said if each in b"\x07\x08"]
    assert parts.values == whole.values
    assert parts.noise == whole.noise


def test_nothing_is_sent_before_it_is_granted() -> None:
    stream = PushStream()
    stream.put([b"one", b"two", b"three"])
    assert stream.data_to_send() == b""
    stream.receive(b"\x06")
    assert (stream.data_to_send(), stream.data_to_send()) == (b"one", b"")
    stream.receive(b"\x06\x06")
    assert stream.data_to_send() == b"twothree"
    assert stream.is_sent


def test_windows_that_are_not_used_are_kept_for_what_is_put_later() -> None:
    stream = PushStream()
    stream.receive(b"\x06\x06")
    assert stream.data_to_send() == b""
    stream.put([b"late"])
    assert stream.data_to_send() == b"late"


def test_grant_of_what_cannot_have_been_read_is_the_boards_error() -> None:
    stream = PushStream()
    stream.put([b"one", b"two", b"three", b"four", b"five"])
    with pytest.raises(RemoteProtocolError, match="more than it can have read"):
        stream.receive(b"\x06" * (WINDOWS + 1))
