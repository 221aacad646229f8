"""What a person can check of a board's peripherals by looking, pressing and listening.

Each check runs code on the board and asks one question about what was seen. What the board reports
of itself proves nothing about its pins; a person at the bench does.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import DeviceException

#: For code that shows something for a second or two.
RUN_S = 15.0


@dataclass(frozen=True)
class BenchCheck:
    """One check.

    Attributes:
        name: What the answer is recorded under.
        needs: What `codey` must have for it.
        before: What the person has to do first; empty when nothing.
        code: What runs on the board; what it prints is put into the question.
        question: To be answered with yes or no; ``{}`` stands for what the code printed.
    """

    name: str
    needs: str
    before: str
    code: str
    question: str


def _shown(name: str, needs: str, code: str, question: str) -> BenchCheck:
    return BenchCheck(name, needs, "", code, question)


def _read(name: str, needs: str, before: str, question: str) -> BenchCheck:
    return BenchCheck(name, needs.partition(".")[0], before, f"print(codey.{needs}())", question)


CHECKS = (
    _shown("display", "display", "codey.display.show(38)", "Does the panel show 38, upright?"),
    _shown(
        "display corner",
        "display",
        "codey.display.clear(); codey.display.set_pixel(0, 0, True)",
        "Is one pixel lit, in the upper left corner?",
    ),
    _shown("led red", "led", "codey.led.show(255, 0, 0)", "Is the LED red?"),
    _shown("led green", "led", "codey.led.show(0, 255, 0)", "Is the LED green?"),
    _shown("led blue", "led", "codey.led.show(0, 0, 255)", "Is the LED blue?"),
    _shown("led off", "led", "codey.led.off()", "Is the LED dark?"),
    *(
        check
        for button in "abc"
        for check in (
            _read(
                f"button {button}",
                f"button_{button}.is_pressed",
                f"Hold button {button.upper()} down",
                "The board reads {}. Is that True?",
            ),
            _read(
                f"button {button} released",
                f"button_{button}.is_pressed",
                f"Let button {button.upper()} go",
                "The board reads {}. Is that False?",
            ),
        )
    ),
    _read(
        "potentiometer",
        "potentiometer.get_value",
        "Turn the knob to its middle",
        "The board reads {} of 100. Is that about the middle?",
    ),
    _read(
        "light sensor",
        "light_sensor.get_value",
        "Cover the light sensor",
        "The board reads {} of 100. Is that dark?",
    ),
    _read(
        "sound sensor",
        "sound_sensor.get_loudness",
        "Whistle at the board",
        "The board reads {} of 100. Is that more than in silence?",
    ),
    _read(
        "motion sensor",
        "motion_sensor.get_pitch",
        "Lay the board flat on its back",
        "The board reads a pitch of {} degrees. Is that right?",
    ),
    _shown("speaker", "speaker", "codey.speaker.play_tone(440, 1)", "Was there a tone of 1 s?"),
    _shown(
        "battery",
        "battery",
        "print(codey.battery.get_voltage())",
        "The board reads {} V. Is that what a meter shows?",
    ),
)


def has_peripheral(repl: Repl, check: BenchCheck, deadline: Deadline) -> bool:
    """Return whether the device code on a board knows a peripheral."""
    return repl.evaluate(f"hasattr(__import__('codey'), {check.needs!r})", deadline) is True


def run_check(repl: Repl, check: BenchCheck) -> str:
    """Run a check's code.

    Returns:
        The question to ask, or what the board raised.
    """
    try:
        printed = repl.exec(f"import codey\n{check.code}", Deadline.after(RUN_S))
    except DeviceException as error:
        return f"The board raised {error.got}. Is that right?"
    return check.question.format(printed.decode("utf-8", "replace").strip())
