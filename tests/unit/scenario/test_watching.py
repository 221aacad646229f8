"""Claims followed on a running program and on an idle board, with each source in its turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from harness.deadline import Deadline
from harness.errors import ExpectationFailed, HarnessError
from harness.link.rig import BenchState
from harness.scenario import observation, watching
from harness.scenario.assertion import Display, Led
from harness.scenario.claim import Claim, eventually, never, settles, stays
from harness.scenario.font import render_number, strip_of
from harness.scenario.matcher import led_is, shows
from harness.scenario.model import Scenario, Watches
from harness.scenario.runner import Runner
from harness.scenario.scroll import scrolls
from harness.scenario.sequence import Part, sequence
from harness.scenario.watching import watch

if TYPE_CHECKING:
    from tests.unit.conftest import Ran
    from tests.unit.scenario.conftest import Hand, MakeHand

DARK = bytes(16)
BLACK = (0, 0, 0)
#: More than any wait that ends by an event may take, on a loaded machine too.
LONG_S = 20.0


def drawn(text: str) -> bytes:
    return render_number(text) or b""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SETTLE_S", 0.05)


@pytest.fixture
def running(hand: Hand, ran: type[Ran]) -> Hand:
    """A board on which a program runs that does nothing by itself."""
    hand.dut.begin()
    hand.start("loop", ran(is_endless=True))
    return hand


def show(hand: Hand, text: str, *, sources: tuple[str, ...] = ("commanded", "bench")) -> None:
    if "commanded" in sources:
        hand.report("display", px=drawn(text).hex(), text=text, how="show")
    if "bench" in sources:
        hand.bench.see(columns=drawn(text))


def later(call: Callable[[], None], after_s: float = 0.05) -> None:
    """Let something happen while the test waits."""
    threading.Timer(after_s, call).start()


def noted(hand: Hand) -> dict[str, bool]:
    return {each["source"]: each["ok"] for each in hand.notebook.of("expect")}


def test_events_of_both_sources_end_the_wait(running: Hand) -> None:
    later(lambda: show(running, "38"))
    began_s = time.monotonic()
    watch(running.dut, eventually(shows("38"), LONG_S), running.notebook)
    assert time.monotonic() - began_s < LONG_S / 2
    assert noted(running) == {"commanded": True, "bench": True}


@pytest.mark.parametrize("source", ["commanded", "bench"])
def test_one_source_that_saw_otherwise_is_named(running: Hand, source: str) -> None:
    other = "bench" if source == "commanded" else "commanded"
    show(running, "38", sources=(other,))
    show(running, "39", sources=(source,))
    with pytest.raises(ExpectationFailed) as caught:
        watch(running.dut, eventually(shows("38"), 0.1), running.notebook)
    assert caught.value.tried == f"panel '38' was not seen by {source} within 0.1 s"
    assert "panel '39'\nexpected            found" in caught.value.got
    assert caught.value.advice == f"{other} did see it: look below it"
    assert noted(running) == {source: False, other: True}


def test_failing_claim_leaves_both_films_in_the_evidence(running: Hand) -> None:
    for text in ("1", "2", "4"):
        show(running, text)
    claim = sequence([Part(shows(each)) for each in ("1", "2", "3")], 0.1)
    with pytest.raises(ExpectationFailed, match="2 of 3 in order, and then no panel '3'"):
        watch(running.dut, claim, running.notebook)
    entry = running.notebook.of("expect")[1]
    assert entry["source"] == "bench"
    assert entry["expected_film"] == [drawn(each).hex() for each in ("1", "2", "3")]
    found = [DARK, drawn("1"), drawn("2"), drawn("4")]
    assert [px for _, px in entry["found_film"]] == [each.hex() for each in found]
    assert entry["expected_px"] == drawn("3").hex()
    assert "3 NOT seen" in entry["diff"]
    assert entry["message"] == "the sequence was not seen by bench within 0.1 s"


def test_what_was_seen_before_counts_once(running: Hand) -> None:
    show(running, "1")
    show(running, "2")
    claim = sequence([Part(shows("1")), Part(shows("2"))], 0.1)
    watch(running.dut, claim, running.notebook)
    with pytest.raises(ExpectationFailed, match="the sequence was not seen by commanded"):
        watch(running.dut, claim, running.notebook)
    watch(running.dut, eventually(shows("2"), 0.1), running.notebook)


def test_what_came_in_one_piece_is_taken_one_after_the_other(running: Hand) -> None:
    running.dut.sources = frozenset({"commanded"})
    for text in ("1", "2", "3"):
        show(running, text)
    for text in ("1", "2", "3"):
        watch(running.dut, eventually(shows(text), 0.1), running.notebook)


def test_stays_passes_its_time_and_tells_of_a_moment(running: Hand) -> None:
    show(running, "38")
    began_s = time.monotonic()
    watch(running.dut, stays(shows("38"), 0.2), running.notebook)
    assert time.monotonic() - began_s >= 0.2
    later(lambda: running.bench.see(columns=DARK))
    later(lambda: running.bench.see(columns=drawn("38")), 0.06)
    with pytest.raises(ExpectationFailed, match=r"did not stay for .*, says bench") as caught:
        watch(running.dut, stays(shows("38"), 0.5), running.notebook)
    assert "a dark panel" in caught.value.got


def test_evidence_tells_the_time_that_the_test_has_asked_for(running: Hand) -> None:
    show(running, "38")
    watch(running.dut, stays(shows("38"), 0.06), running.notebook)
    watch(running.dut, never(shows("39"), 0.07), running.notebook)
    watch(running.dut, settles(shows("38"), 0.01, LONG_S), running.notebook)
    limits = [each["within_s"] for each in running.notebook.of("expect")]
    assert limits == [0.06] * 2 + [0.07] * 2 + [LONG_S] * 2


def test_never_does_not_look_back(running: Hand) -> None:
    running.bench.see(led=(255, 0, 0))
    running.report("led", rgb=[255, 0, 0])
    running.bench.see(led=BLACK)
    running.report("led", rgb=[0, 0, 0])
    watch(running.dut, never(led_is(255, 0, 0), 0.1), running.notebook)
    later(lambda: running.report("led", rgb=[255, 0, 0]))
    with pytest.raises(ExpectationFailed, match=r"LED \(255, 0, 0\) was seen by commanded"):
        watch(running.dut, never(led_is(255, 0, 0), LONG_S), running.notebook)


def test_settles_when_the_last_change_is_over(running: Hand) -> None:
    show(running, "1")
    later(lambda: show(running, "3"))
    watch(running.dut, settles(shows("3"), 0.1, LONG_S), running.notebook)
    with pytest.raises(ExpectationFailed, match=r"did not settle for .* says commanded"):
        watch(running.dut, settles(shows("4"), 0.1, 0.2), running.notebook)


def scroll(hand: Hand, text: str, end_ms: int, *, seen_from: int = 0) -> None:
    strip = strip_of(text)
    hand.wired.link.feed(record(1000, how="scroll", text=text, columns=strip[:16]))
    for at in range(seen_from, len(strip) + 1):
        hand.bench.see(columns=strip[at : at + 16].ljust(16, b"\0"))
    hand.wired.link.feed(record(1000 + end_ms, how="clear", text=None, columns=DARK))


def record(ticks_ms: int, *, columns: bytes, **fields: Any) -> bytes:
    from harness.wire.probe_record import encode

    return encode("display", ticks_ms, px=columns.ljust(16, b"\0").hex(), **fields)


def test_scrolling_text_is_told_by_request_and_by_pictures(running: Hand) -> None:
    scroll(running, "hello", 3000)
    watch(running.dut, scrolls("hello", 1.0), running.notebook)
    assert noted(running) == {"commanded": True, "bench": True}
    scroll(running, "hallo", 3000)
    with pytest.raises(ExpectationFailed) as caught:
        watch(running.dut, scrolls("hello", 0.1), running.notebook)
    assert caught.value.tried == "scrolling text 'hello' was not seen by commanded within 0.1 s"
    assert caught.value.got.startswith("scrolling text 'hallo'\nexpected            found")


def test_scrolling_text_may_begin_with_what_the_test_before_has_left(running: Hand) -> None:
    running.bench.see(columns=strip_of("hello")[:16])
    running.dut.begin()
    scroll(running, "hello", 3000, seen_from=1)
    watch(running.dut, scrolls("hello", 0.5), running.notebook)
    assert noted(running) == {"commanded": True, "bench": True}
    scroll(running, "hello", 3000, seen_from=1)
    with pytest.raises(ExpectationFailed, match="was not seen by bench"):
        watch(running.dut, scrolls("hello", 0.1), running.notebook)


def test_what_changed_while_the_test_began_is_seen_once(running: Hand) -> None:
    look = running.bench.state

    def state(deadline: Deadline) -> BenchState:
        show(running, "1", sources=("bench",))
        return look(deadline)

    running.bench.state = state  # type: ignore[method-assign]
    running.dut.begin(["bench"])
    running.bench.state = look  # type: ignore[method-assign]
    show(running, "2", sources=("bench",))
    watch(running.dut, sequence([Part(shows("1")), Part(shows("2"))], 0.1), running.notebook)


def test_idle_board_is_told_by_records_of_its_timers(hand: Hand) -> None:
    hand.dut.begin()
    hand.dut.exec("pass")
    later(lambda: show(hand, "38"))
    watch(hand.dut, eventually(shows("38"), LONG_S), hand.notebook)
    assert noted(hand) == {"commanded": True, "bench": True}


@pytest.mark.parametrize("source", ["commanded", "device", "bench"])
def test_idle_board_that_nobody_touches_has_every_source(hand: Hand, source: str) -> None:
    hand.dut.begin()
    hand.shown.commanded = hand.shown.device = (drawn("38"), BLACK)
    hand.bench.see(columns=drawn("38"))
    watch(hand.dut, stays(shows("38"), 0.05), hand.notebook)
    assert noted(hand) == {"commanded": True, "device": True, "bench": True}
    if source == "bench":
        hand.bench.see(columns=drawn("39"))
    else:
        setattr(hand.shown, source, (drawn("39"), BLACK))
    with pytest.raises(ExpectationFailed, match=f"stay for 0.05 s, says {source}"):
        watch(hand.dut, stays(shows("38"), 0.05), hand.notebook)


def test_board_that_knows_no_past_has_no_word_on_a_sequence(hand: Hand) -> None:
    hand.dut.begin(["device"])
    with pytest.raises(HarnessError, match="nobody can tell of panel '1'"):
        watch(hand.dut, sequence([Part(shows("1"))], 0.1), hand.notebook)


def test_only_the_sources_that_a_test_takes_are_asked(running: Hand, make_hand: MakeHand) -> None:
    running.dut.sources = frozenset({"bench"})
    show(running, "38", sources=("bench",))
    show(running, "39", sources=("commanded",))
    watch(running.dut, eventually(shows("38"), 0.1), running.notebook)
    observation.expect(running.dut, shows("38"), 0.1, running.notebook)
    assert noted(running) == {"bench": True}
    blind = make_hand(has_bench=False)
    blind.dut.begin(["bench"])
    for claim in (eventually(shows("38"), 0.1), stays(shows("38"), 0.1)):
        with pytest.raises(HarnessError, match="nobody can tell"):
            watch(blind.dut, claim, blind.notebook)
    with pytest.raises(HarnessError, match="nobody can tell"):
        observation.expect(blind.dut, shows("38"), 0.1, blind.notebook)


@pytest.mark.parametrize("claim", [eventually(shows("38"), 0.1), stays(shows("38"), 0.05)])
def test_program_that_ended_at_once_is_told_by_its_records(
    hand: Hand, ran: type[Ran], claim: Claim
) -> None:
    hand.dut.begin()
    hand.bench.see(columns=drawn("38"))
    hand.shown.commanded = hand.shown.device = (drawn("38"), BLACK)
    hand.start("short", ran(record(1, columns=drawn("38"), text="38", how="show")))
    watch(hand.dut, claim, hand.notebook)
    assert noted(hand)["commanded"]
    assert [each["what"] for each in hand.notebook.of("record")] == ["display"]


def test_program_that_has_raised_is_told(hand: Hand, ran: type[Ran]) -> None:
    error = (
        b"Traceback (most recent call last):\r\n"
        b'  File "<stdin>", line 1, in <module>\r\nOSError: [Errno 5] EIO\r\n'
    )
    hand.dut.begin()
    hand.start("boom", ran(error=error))
    with pytest.raises(ExpectationFailed) as caught:
        watch(hand.dut, eventually(shows("38"), 0.1), hand.notebook)
    assert caught.value.advice == "the program had raised OSError: [Errno 5] EIO"


def test_display_and_led_take_texts_pictures_and_colours(running: Hand) -> None:
    display, led = Display(running.dut, running.notebook), Led(running.dut, running.notebook)
    for text in ("1", "2"):
        show(running, text)
    running.report("led", rgb=[10, 0, 0])
    running.bench.see(led=(10, 0, 0))
    display.sequence(["1", drawn("2")])
    display.sequence([("2", 0.05)])
    display.reads("2")
    display.eventually("2")
    display.stays(shows("2").panels[0], for_s=0.05)
    display.settles("2", quiet_s=0.05)
    display.never("3", for_s=0.05)
    led.shows(0, 0, 0, tolerance=10)
    led.sequence([(10, 0, 0)])
    with pytest.raises(ExpectationFailed, match="text '7' was not seen by commanded") as caught:
        display.reads("7", within_s=0.05)
    assert caught.value.got.startswith("panel '2'\n")


def test_scenario_has_claims_too(running: Hand) -> None:
    show(running, "38")
    scenario = Scenario("s", (Watches(eventually(shows("38"), 1.0)),))

    class NoMessages:
        """No item of this scenario is about a message."""

    Runner(running.dut, NoMessages(), running.notebook)(scenario)  # type: ignore[arg-type]
    assert running.notebook.of("step")[0]["name"] == "panel '38' at some time"
    with pytest.raises(ExpectationFailed, match="was not seen by commanded"):
        watch(running.dut, eventually(shows("39"), 0.05), running.notebook)


def test_source_that_has_seen_nothing_has_no_word(hand: Hand) -> None:
    hand.dut.begin()
    hand.shown.commanded = hand.shown.device = None
    hand.bench.see(columns=drawn("38"))
    watch(hand.dut, stays(shows("38"), 0.05), hand.notebook)
    assert noted(hand) == {"bench": True}


def test_test_begins_with_nothing_seen(running: Hand) -> None:
    show(running, "38")
    watch(running.dut, eventually(shows("38"), 1.0), running.notebook)
    running.dut.begin()
    assert (running.dut.records, running.dut.taken_s) == ([], {})
    assert running.bench.events() == []


def film(hand: Hand) -> list[bytes]:
    """Return what the bench's film has in it, as a sequence sees it."""
    assert hand.dut.first_seen is not None
    return [hand.dut.first_seen.columns, *(event.columns for event in hand.bench.events())]


def test_film_of_a_quiet_board_begins_with_what_the_last_test_ended_with(running: Hand) -> None:
    show(running, "38", sources=("bench",))
    assert [event.columns for event in running.dut.end()] == [drawn("38")]
    running.dut.begin()
    assert film(running) == [drawn("38")]


def test_what_changed_between_two_tests_is_in_no_film(running: Hand) -> None:
    show(running, "38", sources=("bench",))
    running.dut.end()
    for text in ("7", "39"):
        show(running, text, sources=("bench",))
    running.dut.begin(["bench"])
    assert film(running) == [drawn("39")]
    with pytest.raises(ExpectationFailed, match="was not seen by bench"):
        watch(running.dut, eventually(shows("7"), 0.05), running.notebook)


def test_what_was_before_a_reset_is_in_no_film(running: Hand) -> None:
    show(running, "38", sources=("bench",))
    running.dut.end()
    show(running, "39", sources=("bench",))
    running.dut.reset()
    running.bench.see(columns=DARK)
    running.dut.begin()
    assert film(running) == [DARK]
