"""The loopback link keeps the promises of `Link`, and its script notices who departs from it."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.deadline import Deadline
from harness.errors import LinkLost, LinkTimeout, LocalProtocolError
from harness.link.loopback import Echo, Flood, Loopback, Script, Silence


def now() -> Deadline:
    """Return a deadline that has passed: only what is there counts."""
    return Deadline.after(0)


@given(
    st.lists(st.binary(min_size=1, max_size=5), max_size=8), st.integers(1, 6), st.integers(1, 6)
)
def test_echo_comes_back_whole(chunks: list[bytes], piece_bytes: int, max_bytes: int) -> None:
    link = Loopback(Echo(), piece_bytes=piece_bytes)
    for chunk in chunks:
        link.write(chunk, now())
    sent, came = b"".join(chunks), b""
    while len(came) < len(sent):
        data = link.read(max_bytes, now())
        assert 1 <= len(data) <= min(piece_bytes, max_bytes)
        came += data
    assert came == sent
    with pytest.raises(LinkTimeout):
        link.read(1, now())


def test_silence_is_waited_for_and_a_flood_never_is() -> None:
    with pytest.raises(LinkTimeout, match=r"within 0\.02 s"):
        Loopback(Silence()).read(9, Deadline.after(0.02))
    flood = Loopback(Flood(b"ab"))
    assert [flood.read(9, now()) for _ in range(3)] == [b"ab"] * 3


@given(st.lists(st.integers(1, 3), min_size=9, max_size=9))
def test_script_answers_whatever_the_split(sizes: list[int]) -> None:
    script = Script([(b"abc", b"1"), (b"d", b"2"), (b"efg", b"3")])
    link = Loopback(script)
    rest = b"abcdefg"
    for size in sizes:
        if rest[:size]:
            link.write(rest[:size], now())
        rest = rest[size:]
    assert link.read(9, now()) == b"123"
    assert script.is_finished
    assert script.heard == b"abcdefg"


@pytest.mark.parametrize(
    ("said", "expected", "got"),
    [(b"abX", "b'abc'", "b'abX'"), (b"abcd", "nothing more", "b'd'"), (b"X", "b'abc'", "b'X'")],
)
def test_script_goes_red_for_anything_else(said: bytes, expected: str, got: str) -> None:
    with pytest.raises(LocalProtocolError, match="does not keep to the script") as caught:
        Loopback(Script([(b"abc", b"1")])).write(said, now())
    assert (caught.value.expected, caught.value.got) == (expected, got)


def test_script_that_expects_anything_takes_what_comes() -> None:
    link = Loopback(Script([(b"", b"first"), (b"x", b"second")]))
    link.write(b"whatever", now())
    link.write(b"x", now())
    assert link.read(99, now()) == b"firstsecond"


def test_fed_bytes_wake_a_reader() -> None:
    link = Loopback(Silence())
    timer = threading.Timer(0.05, link.feed, [b"late"])
    timer.start()
    deadline = Deadline.after(30.0)
    assert link.read(9, deadline) == b"late"
    assert deadline.remaining_s > 25
    timer.join()


def test_unplugged_peer_gives_what_came_and_then_is_lost() -> None:
    link = Loopback(Echo(), name="left")
    link.write(b"last", now())
    link.close()
    link.close()
    assert link.read(9, now()) == b"last"
    with pytest.raises(LinkLost) as caught:
        link.read(9, Deadline.after(30.0))
    assert caught.value.on == "left"
    with pytest.raises(LinkLost):
        link.write(b"x", now())


def test_peer_that_unplugs_itself_loses_the_link() -> None:
    class Unplugs(Silence):
        def answer(self, data: bytes) -> bytes:
            """Go."""
            raise LinkLost("unplugged")

    link = Loopback(Unplugs())
    with pytest.raises(LinkLost, match="unplugged"):
        link.write(b"x", now())
    with pytest.raises(LinkLost, match="gone"):
        link.read(1, Deadline.after(30.0))
