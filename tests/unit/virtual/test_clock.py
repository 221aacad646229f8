"""The board's time, from what the models have told of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from harness.virtual.clock import BoardClock

SCALE = 10


@pytest.fixture
def clock() -> Iterator[BoardClock]:
    """A clock that nobody has told anything yet."""
    made = BoardClock(SCALE)
    yield made
    made.close()


def tell(clock: BoardClock, number: int) -> None:
    """Write as the models do."""
    os.pwrite(clock.descriptor, number.to_bytes(8, "little", signed=True), 0)


def host_us() -> int:
    return time.monotonic_ns() // 1000


def assert_between(clock: BoardClock, scale: int, ahead_us: int) -> None:
    """Check that it is the host's clock between two looks at that, so often and so much ahead."""
    least = host_us() * scale + ahead_us
    now_us = clock.now_us()
    assert least <= now_us <= host_us() * scale + ahead_us


def test_fresh_clock_is_the_hosts(clock: BoardClock) -> None:
    assert_between(clock, 1, 0)


@pytest.mark.parametrize("ahead_us", [5_000_000, -300])
def test_time_that_was_passed_over_or_is_late_is_in_it(clock: BoardClock, ahead_us: int) -> None:
    tell(clock, ahead_us * 2)
    assert_between(clock, 1, ahead_us)


def test_it_runs_faster_while_the_program_waits(clock: BoardClock) -> None:
    since_us = host_us()
    tell(clock, -since_us * (SCALE - 1) * 2 + 1)
    assert_between(clock, SCALE, -since_us * (SCALE - 1))


def test_wait_that_was_ended_from_outside_keeps_what_has_passed(clock: BoardClock) -> None:
    since_us = host_us() - 1000
    tell(clock, -since_us * (SCALE - 1) * 2 + 1)
    before_us = clock.now_us()
    clock.end_wait()
    ahead_us = clock.now_us() - host_us()
    assert ahead_us >= 1000 * (SCALE - 1) - 100
    assert before_us <= clock.now_us()
    told = int.from_bytes(os.pread(clock.descriptor, 8, 0), "little", signed=True)
    assert told & 1 == 0
    assert_between(clock, 1, told >> 1)
