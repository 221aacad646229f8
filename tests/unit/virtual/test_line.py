"""The line's arithmetic, with a clock that the test moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.virtual.line import DOWN_BUFFER_BYTES, Lane, Line

BYTE_S = 10 / 115200


class Ends:
    """What has arrived at the two ends of a line, each piece with its moment."""

    def __init__(self, baud: int = 115200, latency_s: float = 0.001) -> None:
        self.now_s = 100.0
        self.at_board: list[tuple[float, bytes]] = []
        self.at_client: list[tuple[float, bytes]] = []
        self.line = Line(
            baud,
            latency_s,
            16,
            to_board=lambda data: self.at_board.append((self.now_s, data)),
            to_client=lambda data: self.at_client.append((self.now_s, data)),
        )

    def run(self) -> None:
        """Let the time pass, moment by moment, until nothing is under way."""
        while (due_s := self.line.due_s) is not None:
            self.now_s = max(self.now_s, due_s)
            self.line.advance(self.now_s)


def test_bytes_take_ten_bits_each_and_one_latency() -> None:
    ends = Ends()
    ends.line.send_down(bytes(range(40)), ends.now_s)
    ends.run()
    assert b"".join(data for _, data in ends.at_board) == bytes(range(40))
    assert [len(data) for _, data in ends.at_board] == [16, 16, 8]
    moments = [at_s - 100.0 for at_s, _ in ends.at_board]
    expected = [16 * BYTE_S + 0.001, 32 * BYTE_S + 0.001, 40 * BYTE_S + 0.001]
    assert moments == pytest.approx(expected)


def test_directions_do_not_wait_for_each_other() -> None:
    ends = Ends()
    ends.line.send_down(bytes(1600), ends.now_s)
    ends.line.send_up(b"x", ends.now_s)
    ends.run()
    ((at_s, data),) = ends.at_client
    assert at_s == pytest.approx(100.0 + BYTE_S + 0.001)
    assert data == b"x"


def test_loop_that_comes_late_does_not_slow_the_line() -> None:
    ends = Ends()
    ends.line.send_down(bytes(160), ends.now_s)
    ends.now_s += 0.013
    ends.line.advance(ends.now_s)
    assert sum(len(data) for _, data in ends.at_board) == 128
    ends.run()
    assert ends.now_s == pytest.approx(100.0 + 160 * BYTE_S + 0.001)


def test_line_without_rate_and_latency_passes_at_once() -> None:
    ends = Ends(baud=0, latency_s=0.0)
    ends.line.send_down(b"a" * 100, ends.now_s)
    ends.line.send_up(b"b" * 100, ends.now_s)
    assert (ends.at_board, ends.at_client) == ([(100.0, b"a" * 100)], [(100.0, b"b" * 100)])
    assert ends.line.due_s is None


def test_lane_holds_a_client_that_sends_faster() -> None:
    lane = Lane(BYTE_S, 0.001, 16, 64)
    lane.put(bytes(64), 0.0)
    before = lane.has_room
    lane.take(0.001 + 16 * BYTE_S)
    assert (before, lane.has_room) == (False, True)
    assert Lane(0.0, 0.0, 16, DOWN_BUFFER_BYTES).has_room


def test_sender_without_supply_leaves_what_was_sent_under_way() -> None:
    lane = Lane(BYTE_S, 0.001, 16, 4096)
    lane.put(bytes(160), 0.0)
    lane.cut(20 * BYTE_S)
    assert len(lane.take(1.0)) == 32
    lane.put(b"x", 1.0)
    assert lane.due_s == pytest.approx(1.0 + BYTE_S + 0.001)


def test_traffic_counts_exchanges_that_are_waited_for() -> None:
    ends = Ends()
    for _ in range(3):
        ends.line.send_down(b"ask", ends.now_s)
        ends.run()
        ends.line.send_up(b"answer", ends.now_s)
        ends.line.send_up(b" in two", ends.now_s)
        ends.run()
    # Flow control in a stream: more is on its way down when the board speaks.
    ends.line.send_down(bytes(64), ends.now_s)
    ends.line.advance(ends.now_s + 20 * BYTE_S + 0.001)
    ends.line.send_up(b"\x01", ends.now_s)
    ends.run()
    seen = ends.line.report(forget=True)
    assert (seen["turns"], seen["down_bytes"], seen["up_bytes"]) == (3, 9 + 64, 40)
    assert seen["first_s"] == 100.0
    assert seen["last_s"] == ends.now_s
    assert ends.line.report(forget=False)["down_bytes"] == 0


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=50), max_size=20),
    gaps=st.lists(st.floats(0, 0.01), min_size=20, max_size=20),
    packet=st.integers(1, 64),
)
def test_lane_keeps_every_byte_and_its_order(
    pieces: list[bytes], gaps: list[float], packet: int
) -> None:
    lane = Lane(BYTE_S, 0.001, packet, 4096)
    now_s, arrived = 0.0, b""
    for piece, gap_s in zip(pieces, gaps, strict=False):
        lane.put(piece, now_s)
        now_s += gap_s
        arrived += lane.take(now_s)
    arrived += lane.take(1e9)
    assert arrived == b"".join(pieces)
    assert not lane.is_busy
