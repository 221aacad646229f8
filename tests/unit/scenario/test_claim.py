"""Each claim met, broken and open, by its judge alone: no clock, no board, no bench."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from harness.board.snapshot import Snapshot, rows_from_columns
from harness.scenario.claim import Claim, Ruling, eventually, never, settles, stays
from harness.scenario.film import Shot
from harness.scenario.font import render_number, strip_of
from harness.scenario.matcher import is_dark, led_is, led_matcher, panel_matcher, reads, shows
from harness.scenario.scroll import scroll_of, scrolls
from harness.scenario.sequence import Part, sequence


def number(text: str, at_s: float, ticks_ms: int | None = None) -> Shot:
    columns = render_number(text) if text else bytes(16)
    assert columns is not None
    return picture(columns, at_s, ticks_ms)


def picture(columns: bytes, at_s: float, ticks_ms: int | None = None) -> Shot:
    ticks = int(at_s * 1000) if ticks_ms is None else ticks_ms
    rows = rows_from_columns(columns)
    return Shot(at_s, Snapshot("bench", rows, None, (0, 0, 0), ticks))


def colour(led: tuple[int, int, int], at_s: float) -> Shot:
    return Shot(at_s, Snapshot("bench", rows_from_columns(b""), None, led, int(at_s * 1000)))


def rule(claim: Claim, shots: Iterable[Shot], now_s: float, start_s: float = 0.0) -> Ruling:
    judge = claim.judge(start_s)
    for shot in shots:
        judge.see(shot)
    return judge.ruling(now_s)


def test_eventually_is_met_by_what_was_there_for_a_moment() -> None:
    shots = [number("1", 0.0), number("2", 0.1), number("3", 0.1001)]
    ruling = rule(eventually(shows("2"), 1.0), shots, 0.2)
    assert (ruling.holds, ruling.at_s) == (True, 0.1)


def test_eventually_is_open_and_tells_the_last_of_what_was_seen() -> None:
    claim = eventually(shows("38"), 1.0)
    ruling = rule(claim, [number("1", 0.0), number("39", 0.1)], 0.9)
    assert (ruling.holds, ruling.due_s) == (None, None)
    assert ruling.got.startswith("the last of 2 states: panel '39'\nexpected            found\n")
    assert claim.broken.format(source="bench") == "panel '38' was not seen by bench within 1 s"
    assert rule(claim, [], 0.9).got == "nothing was seen at all"


def test_stays_is_met_when_its_time_is_over_and_open_before() -> None:
    claim = stays(shows("38"), 2.0)
    shots = [number("38", 9.0), number("38", 10.5)]
    assert rule(claim, shots, 11.0, 10.0).due_s == 12.0
    assert rule(claim, shots, 12.0, 10.0).holds is True
    later = [*shots, number("39", 12.001)]
    assert rule(claim, later, 12.1, 10.0).holds is True
    assert rule(claim, [], 13.0, 10.0).holds is None, "nobody saw anything"


def test_stays_is_broken_by_a_moment_of_another_state() -> None:
    claim = stays(shows("38"), 2.0)
    shots = [number("38", 10.0), number("39", 11.25), number("38", 11.2501)]
    ruling = rule(claim, shots, 11.3, 10.0)
    assert (ruling.holds, ruling.at_s) == (False, 11.25)
    assert ruling.got.startswith("after 1.250 s: panel '39'\n")
    assert "..#.#.#.........  ! ..#...#........." in ruling.got
    assert claim.broken.format(source="bench") == "panel '38' did not stay for 2 s, says bench"


def test_never_is_broken_by_a_moment_of_it() -> None:
    claim = never(led_is(255, 0, 0), 1.0)
    shots = [colour((0, 0, 0), 0.0), colour((255, 1, 0), 0.4), colour((0, 0, 0), 0.401)]
    ruling = rule(claim, shots, 0.5)
    assert ruling.holds is False
    assert ruling.got == "after 0.400 s: LED (255, 1, 0)"
    said = claim.broken.format(source="bench")
    assert said == "LED (255, 0, 0) was seen by bench, which must not be for 1 s"
    assert rule(claim, shots[:1], 0.5).due_s == 1.0
    assert rule(claim, shots[:1], 1.0).holds is True


def test_settles_is_met_by_quiet_after_the_last_change() -> None:
    claim = settles(shows("3"), 0.5, 5.0)
    shots = [number("1", 1.0), number("2", 1.4), number("3", 1.8)]
    assert rule(claim, shots, 2.2).due_s == pytest.approx(2.3)
    assert rule(claim, shots, 2.3).holds is True
    assert rule(claim, [*shots, number("3", 2.2)], 2.3).holds is True, "the same is no change"


def test_settles_counts_quiet_that_was_over_before_the_next_change_was_told() -> None:
    claim = settles(shows("3"), 0.5, 5.0)
    shots = [number("3", 1.0), number("2", 1.6)]
    ruling = rule(claim, shots, 1.7, start_s=0.9)
    assert (ruling.holds, ruling.at_s) == (True, 1.5)
    assert rule(claim, shots, 1.7, start_s=1.55).at_s == 1.55
    assert rule(claim, shots, 1.7, start_s=1.65).holds is None, "that was before it began"


def test_settles_is_open_while_it_changes_and_when_something_else_is_left() -> None:
    claim = settles(shows("3"), 0.5, 5.0)
    shots = [number("3", 1.0), number("2", 1.4), number("3", 1.8)]
    ruling = rule(claim, shots, 2.0)
    assert ruling.holds is None
    assert ruling.got.startswith("3 changes, the last 0.200 s ago: panel '3'")
    other = rule(claim, [number("3", 1.0), number("2", 1.4)], 9.0)
    assert (other.holds, other.due_s) == (None, None)
    assert other.got.startswith("panel '2'")
    said = claim.broken.format(source="bench")
    assert said == "panel '3' did not settle for 0.5 s within 5 s, says bench"


def parts(*texts: str) -> list[Part]:
    return [Part(shows(text)) for text in texts]


def counted(*texts: str, each_s: float = 0.1) -> list[Shot]:
    return [number(text, place * each_s) for place, text in enumerate(texts)]


def test_sequence_is_met_in_order_with_others_between() -> None:
    claim = sequence(parts("1", "3", "1"), 1.0)
    assert rule(claim, counted("1", "2", "3", "2", "1"), 1.0).holds is True
    assert rule(claim, counted("3", "1", "2", "3"), 1.0).holds is None
    assert rule(claim, counted("1", "1", "1"), 1.0).holds is None, "one state, told three times"


def test_strict_sequence_has_nothing_between_and_may_begin_late() -> None:
    claim = sequence(parts("1", "2", "3"), 1.0, is_strict=True)
    assert rule(claim, counted("1", "9", "1", "2", "3"), 1.0).holds is True
    assert rule(claim, counted("1", "2", "9", "3"), 1.0).holds is None
    repeated = sequence(parts("1", "2", "1", "3"), 1.0, is_strict=True)
    assert rule(repeated, counted("1", "2", "1", "2", "1", "3"), 1.0).holds is True


def test_sequence_that_is_red_shows_both_films() -> None:
    claim = sequence(parts("1", "2", "3"), 2.0)
    ruling = rule(claim, counted("1", "2", "4"), 2.0)
    said = claim.broken.format(source="bench")
    assert said == "the sequence was not seen by bench within 2 s"
    assert ruling.got.splitlines()[0] == "2 of 3 in order, and then no panel '3'"
    assert "1 seen              2 seen              3 NOT seen" in ruling.got
    assert "0.000 s             0.100 s             0.200 s" in ruling.got
    assert "###.............    #.#............." not in ruling.got.partition("found:")[0]
    assert ".#..............    ###.............    #.#............." in ruling.got
    assert ruling.expected == shows("3").panels[0]


def test_sequence_of_colours_that_is_red_lists_them() -> None:
    made = [Part(led_is(255, 0, 0)), Part(led_is(0, 0, 255))]
    ruling = rule(sequence(made, 1.0), [colour((255, 0, 0), 0.0), colour((0, 255, 0), 0.25)], 1.0)
    assert ruling.got.splitlines() == [
        "1 of 2 in order, and then no LED (0, 0, 255)",
        "found:",
        "    0.000 s  LED (255, 0, 0)",
        "    0.250 s  LED (0, 255, 0)",
    ]


@pytest.mark.parametrize(("lasted_s", "holds"), [(0.35, True), (0.5, None), (0.15, None)])
def test_part_of_a_sequence_lasts_its_time(lasted_s: float, holds: bool | None) -> None:
    claim = sequence([Part(shows("1"), 0.3), Part(shows("2"))], 1.0, tolerance_s=0.1)
    ruling = rule(claim, [number("1", 0.0), number("2", lasted_s)], 1.0)
    assert ruling.holds is holds
    if holds is None:
        assert f"panel '1' for 0.3 s was seen for {lasted_s:.3f} s (within 0.1 s)" in ruling.got


def test_time_of_a_part_is_taken_from_the_sources_own_clock_over_its_wrap() -> None:
    claim = sequence([Part(shows("1"), 0.3), Part(shows("2"))], 1.0, tolerance_s=0.01)
    shots = [number("1", 0.0, (1 << 30) - 100), number("2", 0.7, 200)]
    assert rule(claim, shots, 1.0).holds is True


def test_last_part_of_a_sequence_lasts_at_least_its_time() -> None:
    claim = sequence([Part(shows("1")), Part(shows("2"), 0.3)], 2.0)
    shots = [number("1", 0.0), number("2", 1.0)]
    assert rule(claim, shots, 1.1).due_s == pytest.approx(1.3)
    assert rule(claim, shots, 1.31).holds is True
    assert rule(claim, [*shots, number("3", 1.1)], 2.0).holds is None
    assert rule(claim, [*shots, number("3", 1.9)], 2.0).holds is True


def test_sequence_refuses_what_is_none() -> None:
    with pytest.raises(ValueError, match="at least one"):
        sequence([], 1.0)
    with pytest.raises(ValueError, match="of the panel, or of the LED"):
        sequence([Part(shows("1")), Part(led_is(1, 2, 3))], 1.0)


def steps(text: str, *, by: int = 1, skip: tuple[int, ...] = ()) -> list[Shot]:
    strip = strip_of(text)
    return [
        picture(strip[at : at + 16].ljust(16, b"\0"), at / 10)
        for at in range(0, len(strip) + 1, by)
        if at not in skip
    ]


def test_scrolling_text_is_told_from_its_pictures() -> None:
    claim = scrolls("hello", 5.0)
    assert rule(claim, steps("hello"), 4.0).holds is True
    around = [number("38", 0.0), *steps("hello"), number("39", 5.0)]
    assert rule(claim, around, 6.0).at_s == 2.9
    assert len(scroll_of("hello")) == 30
    assert rule(scrolls("a      b", 9.0), steps("a      b"), 9.0).holds is True


@pytest.mark.parametrize("text", ["hallo", "hell", "hello!", "ello", "hellohello", "x  hello"])
def test_another_text_is_red_and_read(text: str) -> None:
    claim = scrolls("hello", 5.0)
    ruling = rule(claim, steps(text), 6.0)
    assert ruling.holds is None
    assert ruling.got.splitlines()[0] == f"scrolling text {text!r}"
    said = claim.broken.format(source="bench")
    assert said == "scrolling text 'hello' was not seen by bench within 5 s"


def test_scroll_that_is_stopped_is_red() -> None:
    ruling = rule(scrolls("hello", 5.0), steps("hello")[:20], 6.0)
    assert ruling.holds is None
    assert "20 of 30 pictures of 'hello' in order; the next one and the nearest:" in ruling.got
    assert rule(scrolls("hello", 5.0), [*steps("hello")[:20], number("", 5.0)], 6.0).holds is None


@pytest.mark.parametrize(("by", "missed"), [(2, 1), (3, 2), (5, 4), (15, 14)])
def test_sampled_scroll_is_told_within_the_stated_limit(by: int, missed: int) -> None:
    seen = steps("hello", by=by)
    assert rule(scrolls("hello", 5.0, missed_steps=missed), seen, 6.0).holds is True
    assert rule(scrolls("hello", 5.0, missed_steps=missed - 1), seen, 6.0).holds is None
    other = steps("hallo", by=by)
    assert rule(scrolls("hello", 5.0, missed_steps=missed), other, 6.0).holds is None


def test_scroll_with_one_picture_lost_needs_the_allowance() -> None:
    seen = steps("hello", skip=(7,))
    assert rule(scrolls("hello", 5.0), seen, 6.0).holds is None
    assert rule(scrolls("hello", 5.0, missed_steps=1), seen, 6.0).holds is True


def asked(text: str, at_s: float) -> Shot:
    columns = strip_of(text)[:16]
    seen = Snapshot("commanded", rows_from_columns(columns), text, (0, 0, 0), int(at_s * 1000))
    return Shot(at_s, seen, "scroll")


@pytest.mark.parametrize(
    ("text", "end_s", "last", "holds"),
    [
        ("hello", 3.0, "", True),
        ("hallo", 3.0, "", None),
        ("hello", 1.0, "", None),
        ("hello", 3.0, "38", None),
    ],
    ids=["whole", "other-text", "cleared-early", "drawn-over"],
)
def test_request_to_scroll_counts_when_it_came_to_its_end(
    text: str, end_s: float, last: str, holds: bool | None
) -> None:
    shots = [number("", 0.0), asked(text, 1.0), number(last, 1.0 + end_s)]
    ruling = rule(scrolls("hello", 5.0), shots, 9.0)
    assert ruling.holds is holds
    if holds is None:
        assert f"scrolling text {text!r}" in ruling.got


@pytest.mark.parametrize(
    ("text", "missed", "why"),
    [("", 0, "nothing to see"), ("  ", 0, "nothing to see"), ("a", 16, "from 0 to 15")],
)
def test_scrolls_refuses_what_cannot_be_told(text: str, missed: int, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        scrolls(text, 1.0, missed_steps=missed)


def test_reads_is_red_with_what_it_read() -> None:
    seen = number("39", 0.0).seen
    assert reads("39").holds(seen)
    assert not reads("38").holds(seen)
    assert reads("38").says == "text '38'"
    assert reads("38").explain(seen).splitlines()[0] == "panel '39'"


def test_what_a_test_names_becomes_a_matcher() -> None:
    rows = shows("38").panels[0]
    assert panel_matcher("38").says == "panel '38'"
    assert panel_matcher("").says == is_dark().says
    assert panel_matcher(rows).panels == panel_matcher("\n".join(rows)).panels == (rows,)
    assert panel_matcher(render_number("38") or b"").panels == (rows,)
    assert panel_matcher(reads("x")).says == "text 'x'"
    assert led_matcher((1, 2, 3)).led == (1, 2, 3)
    assert led_matcher(led_is(1, 2, 3, tolerance=9)).holds(colour((10, 2, 3), 0.0).seen)
