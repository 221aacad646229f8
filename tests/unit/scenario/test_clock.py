"""When a record was made, in the board's time."""

from __future__ import annotations

import time

import pytest

from harness.deadline import Deadline
from harness.link.rig import BenchState
from harness.scenario.clock import BenchClock, Clock
from harness.wire.probe_record import Record
from tests.unit.scenario.conftest import HandBench, MakeHand

PERIOD_MS = 1 << 30


class ToldBench(HandBench):
    """An observer of a board whose time is what the test says."""

    board_us = 0
    up_us = 0
    looks = 0

    def state(self, deadline: Deadline) -> BenchState:
        """Return the time, and nothing seen."""
        self.looks += 1
        return BenchState(0.0, bytes(16), (0, 0, 0), board_us=self.board_us, up_us=self.up_us)


def made_s(clock: Clock, *ticks_ms: int) -> list[float]:
    """Let records come in one piece; return when they were made."""
    return [seen.made_s for seen in clock.stamped([Record("display", at, {}) for at in ticks_ms])]


@pytest.mark.parametrize(
    ("up_ms", "ticks_ms", "expected_s"),
    [
        (5_000, 4_000, 99.0),
        (5_000, 5_200, 100.0),
        (PERIOD_MS + 500, PERIOD_MS - 500, 99.0),
        (3 * PERIOD_MS + 5, 5, 100.0),
    ],
    ids=["before", "before a hard reset", "over the wrap", "after some wraps"],
)
def test_record_is_placed_by_its_ticks(up_ms: int, ticks_ms: int, expected_s: float) -> None:
    bench = ToldBench()
    bench.board_us, bench.up_us = 100_000_000, up_ms * 1000
    clock = BenchClock(bench)
    assert clock.now_s() == 100.0
    assert made_s(clock, ticks_ms) == [pytest.approx(expected_s)]


def test_record_stays_where_it_is_when_the_ticks_begin_anew() -> None:
    bench = ToldBench()
    clock = BenchClock(bench)
    bench.board_us, bench.up_us = 104_000_000, 4_100_000
    first = made_s(clock, 3_000, 4_000)
    # A hard reset, of which the last words of the board's life before are told afterwards.
    bench.board_us, bench.up_us = 105_000_000, 500_000
    second = made_s(clock, 4_050, 400)
    bench.board_us, bench.up_us = 105_200_000, 700_000
    third = made_s(clock, 650)
    assert first == pytest.approx([102.9, 103.9])
    assert second == pytest.approx([105.0, 105.0])
    assert third == pytest.approx([105.15])
    order = [*first, *second, *third]
    assert order == sorted(set(order))


def test_bench_is_asked_once_for_all_that_comes_in_one_piece() -> None:
    bench = ToldBench()
    clock = BenchClock(bench)
    made_s(clock)
    assert bench.looks == 0
    made_s(clock, 0, 0, 0)
    assert bench.looks == 1


@pytest.mark.parametrize("has_bench", [True, False])
def test_board_whose_time_is_the_hosts_is_judged_by_arrival(
    make_hand: MakeHand, *, has_bench: bool
) -> None:
    clock = make_hand(has_bench=has_bench).dut.clock
    before_s = clock.now_s()
    found_s = made_s(clock, 7, 7, 3)
    after_s = time.monotonic()
    assert before_s <= found_s[0] < found_s[1] < found_s[2] <= after_s + 1e-6
