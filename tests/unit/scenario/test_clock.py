"""When a record was made, in the board's time."""

from __future__ import annotations

import time

import pytest

from harness.deadline import Deadline
from harness.link.rig import BenchState
from harness.scenario.clock import BenchClock
from harness.scenario.running import Seen
from harness.wire.probe_record import Record
from tests.unit.scenario.conftest import Hand, HandBench, MakeHand

PERIOD_MS = 1 << 30


class ToldBench(HandBench):
    """An observer of a board whose time is what the test says."""

    board_us = 0
    up_us = 0

    def state(self, deadline: Deadline) -> BenchState:
        """Return the time, and nothing seen."""
        return BenchState(0.0, bytes(16), (0, 0, 0), board_us=self.board_us, up_us=self.up_us)


@pytest.mark.parametrize(
    ("up_ms", "ticks_ms", "made_s"),
    [
        (5_000, 4_000, 99.0),
        (5_000, 5_200, 100.2),
        (PERIOD_MS + 500, PERIOD_MS - 500, 99.0),
        (3 * PERIOD_MS + 5, 5, 100.0),
    ],
    ids=["before", "after the look", "over the wrap", "after some wraps"],
)
def test_record_is_placed_by_its_ticks(up_ms: int, ticks_ms: int, made_s: float) -> None:
    bench = ToldBench()
    bench.board_us, bench.up_us = 100_000_000, up_ms * 1000
    clock = BenchClock(bench)
    assert clock.now_s() == 100.0
    assert clock.of(Seen(0.0, Record("display", ticks_ms, {}))) == pytest.approx(made_s)
    assert clock.ticks_ms() == up_ms % PERIOD_MS


def test_board_whose_time_is_the_hosts_is_judged_by_arrival(hand: Hand) -> None:
    clock = hand.dut.clock
    before_s = time.monotonic()
    assert before_s <= clock.now_s() <= time.monotonic()
    assert clock.of(Seen(12.5, Record("display", 7, {}))) == 12.5


def test_rig_without_an_observer_has_the_hosts_time(make_hand: MakeHand) -> None:
    clock = make_hand(has_bench=False).dut.clock
    assert clock.of(Seen(12.5, Record("display", 7, {}))) == 12.5
