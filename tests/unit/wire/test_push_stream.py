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
    """The board's side: grants a chunk before it reads it, and keeps the books of what waits."""

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
            printed += self.grant()
        return printed

    def grant(self) -> bytes:
        """Return what it prints before it reads; nothing when it has all."""
        return b"\x06" if self.left else b""


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
    printed = receiver.grant()
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


def test_first_grant_is_for_all_windows_and_each_other_for_one() -> None:
    stream = PushStream()
    stream.put([b"1", b"2", b"3", b"4", b"5", b"6"])
    assert stream.data_to_send() == b""
    stream.receive(b"\x06")
    assert (stream.data_to_send(), stream.data_to_send()) == (b"1234", b"")
    stream.receive(b"\x06\x06")
    assert stream.data_to_send() == b"56"
    assert stream.is_sent


def test_batch_waits_until_the_board_reads_it() -> None:
    stream = PushStream()
    stream.put([b"program", b"its end"])
    stream.put([b"payload", b"its end"])
    stream.receive(b"\x06")
    assert stream.data_to_send() == b"programits end"
    # The board reads the end of the program: two windows are free, and it may fail to run it.
    stream.receive(b"\x06")
    assert stream.data_to_send() == b""
    stream.receive(b"\x06")
    assert stream.data_to_send() == b"payloadits end"


def test_batch_that_is_put_late_goes_at_once_when_the_board_reads_already() -> None:
    stream = PushStream()
    stream.receive(b"\x06")
    assert stream.data_to_send() == b""
    stream.put([b"late"])
    assert stream.data_to_send() == b"late"


def test_grant_of_what_cannot_have_been_read_is_the_boards_error() -> None:
    stream = PushStream()
    stream.put([b"one", b"two", b"three", b"four", b"five"])
    with pytest.raises(RemoteProtocolError, match="more than it can have read"):
        stream.receive(b"\x06\x06")
