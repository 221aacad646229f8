from __future__ import annotations

from itertools import pairwise

import pytest

from harness.report.axis import TICK_DISTANCE, WIDTH, Axis


def test_axis_without_gaps_is_even() -> None:
    axis = Axis([0.0, 1.0, 2.0, 3.0, 4.0])
    assert axis.breaks == []
    assert [axis.x(t) for t in (0.0, 1.0, 2.5, 4.0)] == pytest.approx([0, 250, 625, 1000])


def test_axis_draws_a_long_idle_gap_as_a_narrow_break() -> None:
    axis = Axis([0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 2.05, 2.06])
    (gap,) = axis.breaks
    assert gap.seconds == pytest.approx(2.0)
    assert gap.right - gap.left == pytest.approx(0.1 * WIDTH)
    assert axis.x(0.05) == pytest.approx(gap.left)
    assert axis.x(1.05) == pytest.approx((gap.left + gap.right) / 2)


def test_axis_breaks_at_each_of_two_waits_and_not_between_quick_moments() -> None:
    axis = Axis([0.0, 0.001, 0.003, 0.01, 2.01, 2.012, 2.02, 4.02, 4.021, 4.03])
    assert [round(gap.seconds, 3) for gap in axis.breaks] == [2.0, 2.0]


def test_axis_of_few_moments_has_no_break() -> None:
    assert Axis([0.0, 0.001, 0.002, 5.0]).breaks == []


def test_axis_keeps_the_order_of_time() -> None:
    times = [0.0, 0.001, 0.5, 0.501, 0.502, 0.503, 9.0, 9.001, 30.0, 30.1]
    axis = Axis(times)
    places = [axis.x(t) for t in times]
    assert places == sorted(places)
    assert places[0] == 0.0
    assert places[-1] == WIDTH
    assert all(gap.right > gap.left for gap in axis.breaks)


def test_axis_outside_its_ends_stays_at_them() -> None:
    axis = Axis([1.0, 2.0])
    assert (axis.x(0.0), axis.x(3.0)) == (0.0, WIDTH)


def test_axis_of_one_moment_or_none_can_be_drawn() -> None:
    assert Axis([]).x(0.0) == 0.0
    assert Axis([3.0]).x(3.0) == 0.0


def test_axis_ticks_are_apart_and_tell_their_moment() -> None:
    ticks = Axis([0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 2.05, 2.06]).ticks()
    places = [tick.x for tick in ticks]
    assert all(b - a >= TICK_DISTANCE for a, b in pairwise(places))
    assert ticks[0].t == 0.0
    assert ticks[-1].t == pytest.approx(2.06)
