"""The speaker: what is heard at its pin, how long, and how loud."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from harness.link.rig import BenchEvent
from harness.scenario.dut import BoardUnderTest

if TYPE_CHECKING:
    from collections.abc import Callable

    Witnessed = Callable[[str, int], list[BenchEvent]]

pytestmark = pytest.mark.needs("bench", "speaker")

#: How much shorter than asked for a wait may be, by the board's clock of milliseconds, and how much
#: longer on a loaded host.
TICK_S = 0.002
LATE_S = 1.0


def lengths_s(tones: list[BenchEvent]) -> list[float]:
    """Return how long each tone lasted until the next, in seconds of the board's clock."""
    return [(after.board_us - tone.board_us) / 1e6 for tone, after in pairwise(tones)]


def pitches(tones: list[BenchEvent]) -> list[int]:
    """Return what was heard in turn, in Hz; 0 is silence."""
    return [tone.frequency_hz for tone in tones]


@pytest.mark.requirement("CODEY-SPEAKER-01")
def test_tone_with_a_time_is_waited_for(codey: BoardUnderTest, witnessed: Witnessed) -> None:
    took_ms = codey.exec(
        "began = time.ticks_ms(); codey.speaker.play_tone(440, 0.3)\n"
        "print(time.ticks_diff(time.ticks_ms(), began))"
    )
    tones = witnessed("tone", 2)
    assert pitches(tones) == [440, 0]
    (length_s,) = lengths_s(tones)
    # Seconds, not the milliseconds of the vendor's page.
    assert 0.3 - TICK_S <= length_s <= 0.3 + LATE_S
    assert int(took_ms) >= 300


@pytest.mark.requirement("CODEY-SPEAKER-01", "CODEY-SPEAKER-05")
def test_tone_without_a_time_lasts_until_it_is_stopped(
    codey: BoardUnderTest, witnessed: Witnessed
) -> None:
    codey.exec("codey.speaker.play_tone(700)")
    assert pitches(witnessed("tone", 1)) == [700]
    codey.exec("codey.speaker.play_tone(9000)")
    assert pitches(witnessed("tone", 2)) == [700, 5000]
    codey.exec("codey.speaker.stop_sounds()")
    assert pitches(witnessed("tone", 3)) == [700, 5000, 0]


@pytest.mark.requirement("CODEY-SPEAKER-02", "CODEY-SPEAKER-03")
def test_melody_has_its_notes_rests_and_beats(codey: BoardUnderTest, witnessed: Witnessed) -> None:
    codey.exec(
        "s = codey.speaker\ns.tempo = 300\n"
        "s.play_note('C4', 1)\ns.rest(1)\ns.play_note(69, 2)\ns.rest(0.5)\ns.play_note('D8', 1)"
    )
    tones = witnessed("tone", 6)
    assert pitches(tones) == [262, 0, 440, 0, 4699, 0]
    # A beat is 0.2 s at 300 a minute.
    for length_s, expected_s in zip(lengths_s(tones), (0.2, 0.2, 0.4, 0.1, 0.2), strict=True):
        assert expected_s - TICK_S <= length_s <= expected_s + LATE_S


@pytest.mark.requirement("CODEY-SPEAKER-04")
def test_volume_is_heard_at_once(codey: BoardUnderTest, witnessed: Witnessed) -> None:
    codey.exec("codey.speaker.volume = 100; codey.speaker.play_tone(440)")
    witnessed("tone", 1)
    codey.exec("codey.speaker.volume = 50")
    witnessed("tone", 2)
    codey.exec("codey.speaker.volume = 25")
    witnessed("tone", 3)
    codey.exec("codey.speaker.stop_sounds(); codey.speaker.volume = 100")
    tones = witnessed("tone", 4)
    assert pitches(tones) == [440, 440, 440, 0]
    # Half of the period at 100.
    assert [tone.duty for tone in tones] == pytest.approx([0.5, 0.25, 0.125, 0], abs=0.005)


@pytest.mark.requirement("CODEY-SPEAKER-03", "CODEY-SPEAKER-04")
def test_volume_and_tempo_are_clamped_and_begin_at_100_and_60(board: BoardUnderTest) -> None:
    board.reset()
    said = board.exec(
        "import codey\ns = codey.speaker\nprint(s.volume, s.tempo)\n"
        "for value in (-5, 7.9, 1000, True, '50', None):\n"
        "    s.volume = s.tempo = value\n    print(s.volume, s.tempo)"
    )
    assert said.splitlines() == ["100 60", "0 6", "7 7", "100 600", *["100 600"] * 3]


@pytest.mark.requirement("CODEY-SPEAKER-01", "CODEY-SPEAKER-02")
@pytest.mark.parametrize(
    "call",
    [
        "play_tone('440', 0.1)",
        "play_tone(440, 0)",
        "play_tone(440, '1')",
        "play_note('H4', 1)",
        "play_note('C9', 1)",
        "play_note('', 1)",
        "play_note(True, 1)",
    ],
)
def test_what_is_no_tone_is_silent(codey: BoardUnderTest, witnessed: Witnessed, call: str) -> None:
    codey.exec(f"codey.speaker.{call}")
    # Shows that the bench does listen.
    codey.exec("codey.speaker.play_tone(880)")
    assert pitches(witnessed("tone", 1)) == [880]
    codey.exec("codey.speaker.stop_sounds()")
