"""`codey.speaker`: what the PWM at its pin was told, and when."""

from __future__ import annotations

import pytest

from tests.device.program import Seen, run_board

S = "import codey, time\ns = codey.speaker\n"


def sounds(seen: Seen) -> list[list[object]]:
    """Return what the channel at the speaker's pin was told."""
    return [[call[0], call[2]] for call in seen.calls if call[1:2] == [25]]


@pytest.mark.parametrize(
    ("call", "hz", "ms"),
    [
        ("play_tone(440, 2)", 440, 2000),
        ("play_tone(440.9, 0.5)", 440, 500),
        ("play_tone(9000, 1)", 5000, 1000),
        ("play_note(69, 1)", 440, 1000),
        ("play_note(60, 0.5)", 262, 500),
        ("play_note('C4', 2)", 262, 2000),
        ("play_note('A4', 1)", 440, 1000),
        ("play_note('C2', 1)", 65, 1000),
        ("play_note('D8', 1)", 4699, 1000),
        ("play_note('C#5', 1)", 554, 1000),
        ("play_note(200, 1)", 12544, 1000),
        ("play_note(-5, 1)", 8, 1000),
    ],
)
def test_sound_for_a_time_blocks_and_ends_silent(call: str, hz: int, ms: int) -> None:
    seen = run_board(S + f"print(s.{call})\nprint(time.ticks_ms(), s.hz)")
    assert sounds(seen) == [["pwm", hz], ["deinit", 0]]
    assert seen.lines[:2] == ["None", f"{ms} 0"]
    assert [duty for _, pin, duty in seen.duties if pin == 25] == [512]


def test_sound_without_a_time_lasts_until_it_is_stopped() -> None:
    seen = run_board(
        S + "s.play_tone(440)\nprint(time.ticks_ms())\ns.play_note('C4')\n"
        "time.sleep(1)\ns.stop_sounds()\ns.stop_sounds()"
    )
    assert seen.lines[0] == "0"
    assert sounds(seen) == [["pwm", 440], ["freq", 262], ["deinit", 0]]


def test_tone_of_0_hz_is_silence_for_that_time() -> None:
    seen = run_board(S + "s.play_tone(440)\ns.play_tone(0, 1)\nprint(time.ticks_ms())")
    assert sounds(seen) == [["pwm", 440], ["deinit", 0]]
    assert seen.lines[0] == "1000"


@pytest.mark.parametrize(
    ("tempo", "ms"), [("60", 2000), ("120", 1000), ("6000", 200), ("1", 20000), ("'x'", 2000)]
)
def test_tempo_gives_the_length_of_beats_and_is_clamped(tempo: str, ms: int) -> None:
    seen = run_board(
        S + f"s.tempo = {tempo}\ns.rest(2)\nprint(time.ticks_ms())\ns.play_note(60, 2)\n"
        "print(time.ticks_ms())"
    )
    assert seen.lines[:2] == [str(ms), str(2 * ms)]


@pytest.mark.parametrize(
    ("volume", "duty", "told"),
    [("50", 256, "50"), ("0", 0, "0"), ("200", 512, "100"), ("-1", 0, "0"), ("True", 512, "100")],
)
def test_volume_is_the_duty_at_once_and_is_clamped(volume: str, duty: int, told: str) -> None:
    seen = run_board(
        S + f"s.play_tone(440)\ns.volume = {volume}\nprint(s.volume)\ns.stop_sounds()\n"
        "s.play_tone(880)"
    )
    duties = [value for _, pin, value in seen.duties if pin == 25]
    assert seen.lines[0] == told
    assert duties == ([512, duty, duty] if volume != "True" else [512, 512])


@pytest.mark.parametrize(
    "call",
    [
        "play_tone('440', 1)",
        "play_tone(True, 1)",
        "play_tone(440, '1')",
        "play_tone(440, 0)",
        "play_tone(440, -1)",
        "play_tone(float('nan'), 1)",
        "play_note('H4', 1)",
        "play_note('C9', 1)",
        "play_note('c4', 1)",
        "play_note('', 1)",
        "play_note('C##4', 1)",
        "play_note(None, 1)",
        "play_note(60, '1')",
        "play_note(60, 0)",
        "rest('x')",
        "rest(-1)",
    ],
)
def test_argument_policy_wrong_type_plays_nothing(call: str) -> None:
    seen = run_board(S + f"print(s.{call})\nprint(time.ticks_ms())")
    assert sounds(seen) == []
    assert seen.lines[:2] == ["None", "0"]
