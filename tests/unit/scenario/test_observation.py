"""`expect` with each source disagreeing in its turn: a verdict needs them all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from harness.board.snapshot import rows_from_columns
from harness.errors import ExpectationFailed, HarnessError
from harness.scenario import watching
from harness.scenario.commanded import latest_commanded
from harness.scenario.font import render_number
from harness.scenario.matcher import Matcher, is_dark, led_is, shows
from harness.scenario.observation import expect
from harness.scenario.running import Seen
from harness.wire.probe_record import Record

if TYPE_CHECKING:
    from tests.unit.conftest import Ran
    from tests.unit.scenario.conftest import Hand, MakeHand

P38 = render_number("38") or b""
P39 = render_number("39") or b""
DARK = bytes(16)
BLUE = (0, 0, 255)
RED = (255, 0, 0)


def all_show(hand: Hand, columns: bytes, led: tuple[int, int, int]) -> None:
    """Let all sources agree."""
    hand.shown.commanded = hand.shown.device = (columns, led)
    hand.bench.see(columns=columns, led=led)


def test_idle_board_on_which_all_sources_agree_is_green(hand: Hand) -> None:
    all_show(hand, P38, BLUE)
    expect(hand.dut, shows("38"), 1.0, hand.notebook)
    expect(hand.dut, led_is(*BLUE), 1.0, hand.notebook)
    noted = hand.notebook.of("expect")
    assert [each["source"] for each in noted] == ["commanded", "device", "bench"] * 2
    assert all(each["ok"] for each in noted)
    assert noted[0]["expected_px"] == noted[0]["found_px"] == P38.hex()
    assert "expected_px" not in noted[3]
    assert noted[3]["found"] == "LED (0, 0, 255)"


@pytest.mark.parametrize("source", ["commanded", "device", "bench"])
@pytest.mark.parametrize(
    ("matcher", "columns", "led"),
    [(shows("38"), P39, BLUE), (led_is(*BLUE), P38, RED)],
    ids=["panel", "led"],
)
def test_idle_board_is_red_when_one_source_disagrees(
    hand: Hand, source: str, matcher: Matcher, columns: bytes, led: tuple[int, int, int]
) -> None:
    all_show(hand, P38, BLUE)
    if source == "bench":
        hand.bench.see(columns=columns, led=led)
    else:
        setattr(hand.shown, source, (columns, led))
    with pytest.raises(ExpectationFailed, match=f"was not seen by {source}") as caught:
        expect(hand.dut, matcher, 1.0, hand.notebook)
    others = [each for each in ("commanded", "device", "bench") if each != source]
    assert caught.value.advice == f"{', '.join(others)} did see it: look below it"
    assert caught.value.on == "hand"
    assert caught.value.expected == matcher.says
    found = {each["source"]: each["ok"] for each in hand.notebook.of("expect")}
    assert found == {each: each != source for each in ("commanded", "device", "bench")}


def test_red_panel_shows_expected_beside_found(hand: Hand) -> None:
    all_show(hand, P39, BLUE)
    with pytest.raises(ExpectationFailed) as caught:
        expect(hand.dut, shows("38"), 2.0, hand.notebook)
    assert caught.value.tried == "panel '38' was not seen by commanded within 2 s"
    assert "expected            found" in str(caught.value)
    assert "..#.#.#.........  ! ..#...#........." in str(caught.value)
    assert caught.value.advice == ""
    assert hand.notebook.of("expect")[0]["found_px"] == P39.hex()


def test_board_without_observer_is_judged_by_its_own_word(make_hand: MakeHand) -> None:
    hand = make_hand(has_bench=False)
    all_show(hand, P38, BLUE)
    expect(hand.dut, shows("38"), 1.0, hand.notebook)
    assert [each["source"] for each in hand.notebook.of("expect")] == ["commanded", "device"]
    hand.shown.device = (P39, BLUE)
    with pytest.raises(ExpectationFailed, match="not seen by device"):
        expect(hand.dut, shows("38"), 1.0, hand.notebook)


def test_running_program_is_judged_by_records_and_bench(hand: Hand, ran: type[Ran]) -> None:
    hand.start("show", ran(b"go\r\n", is_endless=True))
    hand.report("display", px=P39.hex(), text="39", how="show")
    hand.report("display", px=P38.hex(), text="38", how="show")
    hand.bench.see(columns=P38)
    began_s = time.monotonic()
    expect(hand.dut, shows("38"), 10.0, hand.notebook)
    assert time.monotonic() - began_s < 5.0, "the record ends the wait"
    assert [(each["source"], each["ok"]) for each in hand.notebook.of("expect")] == [
        ("commanded", True),
        ("bench", True),
    ]


def test_running_program_waits_for_the_pins_after_the_record(hand: Hand, ran: type[Ran]) -> None:
    hand.start("show", ran(is_endless=True))
    hand.report("led", rgb=list(BLUE))
    hand.bench.on_wait = lambda: hand.bench.see(led=BLUE)
    expect(hand.dut, led_is(*BLUE), 0.05, hand.notebook)
    assert all(each["ok"] for each in hand.notebook.of("expect"))


@pytest.mark.parametrize("source", ["commanded", "bench"])
def test_running_program_is_red_when_one_source_disagrees(
    hand: Hand, ran: type[Ran], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "SETTLE_S", 0.05)
    hand.start("show", ran(is_endless=True))
    hand.report("display", px=(P39 if source == "commanded" else P38).hex(), text=None, how="show")
    hand.bench.see(columns=P39 if source == "bench" else P38)
    with pytest.raises(ExpectationFailed, match=f"not seen by {source} within 0.05 s") as caught:
        expect(hand.dut, shows("38"), 0.05, hand.notebook)
    other = {"commanded": "bench", "bench": "commanded"}[source]
    assert caught.value.advice == f"{other} did see it: look below it"


def test_program_that_has_ended_is_judged_by_snapshots(hand: Hand, ran: type[Ran]) -> None:
    program = hand.start("show", ran(b"done\r\n"))
    program.expect_end(1.0)
    all_show(hand, P38, BLUE)
    expect(hand.dut, shows("38"), 1.0, hand.notebook)
    assert [each["source"] for each in hand.notebook.of("expect")] == [
        "commanded",
        "device",
        "bench",
    ]


def test_program_that_has_raised_is_told(hand: Hand, ran: type[Ran]) -> None:
    error = b"Traceback (most recent call last):\r\nOSError: [Errno 5] EIO\r\n"
    program = hand.start("boom", ran(error=error))
    program.expect_end(1.0)
    with pytest.raises(ExpectationFailed) as caught:
        expect(hand.dut, shows("38"), 1.0, hand.notebook)
    assert caught.value.advice == "the program had raised OSError: [Errno 5] EIO"


def test_check_of_what_is_shown_now_ends_alike_for_a_running_program(
    make_hand: MakeHand, ran: type[Ran]
) -> None:
    noted = []
    for is_running in (True, False):
        hand = make_hand()
        hand.dut.begin()
        if is_running:
            hand.start("show", ran(is_endless=True))
            hand.report("display", px=P38.hex(), text="38", how="show")
        all_show(hand, P38, BLUE)
        expect(hand.dut, shows("38"), 1.0, hand.notebook)
        noted.append({**hand.notebook.of("expect")[0], "took_s": 0})
        assert {("commanded", "panel"), ("bench", "panel")} <= set(hand.dut.taken_s)
    assert noted[0] == noted[1]


def test_snapshot_while_a_program_runs_is_refused(hand: Hand, ran: type[Ran]) -> None:
    hand.start("show", ran(is_endless=True))
    with pytest.raises(HarnessError, match="while a program runs"):
        hand.dut.snapshots()


def test_board_on_which_nobody_can_tell_is_never_green(make_hand: MakeHand, ran: type[Ran]) -> None:
    hand = make_hand(has_bench=False)
    hand.dut.board.readback.has_probe = False
    hand.start("show", ran(is_endless=True))
    with pytest.raises(HarnessError, match="nobody can tell"):
        expect(hand.dut, shows("38"), 0.05, hand.notebook)


def test_source_that_cannot_tell_the_led_has_no_word_on_it(make_hand: MakeHand) -> None:
    hand = make_hand()
    hand.dut.board.readback.has_probe = False
    hand.bench.see(columns=DARK, led=BLUE)
    hand.pixels(DARK)
    expect(hand.dut, led_is(*BLUE), 1.0, hand.notebook)
    assert [each["source"] for each in hand.notebook.of("expect")] == ["bench"]
    expect(hand.dut, is_dark(), 1.0, hand.notebook)
    assert [each["source"] for each in hand.notebook.of("expect")] == ["bench", "device", "bench"]
    blind = make_hand(has_bench=False)
    blind.dut.board.readback.has_probe = False
    blind.pixels(DARK)
    with pytest.raises(HarnessError, match="nobody can tell"):
        expect(blind.dut, led_is(0, 0, 0), 1.0, blind.notebook)


def seen(kind: str, ticks_ms: int, **fields: object) -> Seen:
    return Seen(0.0, 0.0, Record(kind, ticks_ms, fields))


def test_records_add_up_to_the_last_picture_and_the_last_colour() -> None:
    records = [
        seen("display", 1, px=P39.hex(), text="39"),
        seen("led", 2, rgb=[1, 2, 3]),
        seen("display", 3, px=P38.hex(), text="38"),
        seen("mark", 4, name="x"),
    ]
    found = latest_commanded(records)
    assert found.pixels == rows_from_columns(P38)
    assert (found.text, found.led, found.ticks_ms) == ("38", (1, 2, 3), 3)
    assert latest_commanded([]).led == (0, 0, 0)
