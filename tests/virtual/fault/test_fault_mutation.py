"""Device code that is wrong turns the run red, and names the requirement that it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import shipped
from tests.virtual.fault.command import Commands

#: What is done to the device code: file, what stands there, what is put in its place.
MUTATIONS = [
    (
        "codey/rgb.py",
        "self._red.duty(_FULL - r * _DUTY_STEP)\n            self._green.duty(g * _DUTY_STEP)",
        "self._red.duty(_FULL - g * _DUTY_STEP)\n            self._green.duty(r * _DUTY_STEP)",
        "board/test_led.py",
        "led",
        "CODEY-LED-01",
    ),
    (
        "mqtt_session.py",
        "self._callback(topic, msg)",
        "pass",
        "test_page_example.py",
        "test_round_prints_and_shows",
        "MQTT-44",
    ),
]


@pytest.mark.parametrize(
    ("file", "text", "instead", "suite", "chosen", "requirement"),
    MUTATIONS,
    ids=["led_colours_swapped", "callback_not_called"],
)
def test_mutation_by_hand_turns_the_run_red_and_names_the_requirement(
    hil: Commands,
    file: str,
    text: str,
    instead: str,
    suite: str,
    chosen: str,
    requirement: str,
) -> None:
    source = hil.folder / "device_src"
    copy(shipped.device_src(), source)
    path = source / file
    given = path.read_text(encoding="utf-8")
    assert given.count(text) == 1
    path.write_text(given.replace(text, instead), encoding="utf-8")
    done = hil.run(
        "run", str(shipped.scenarios() / suite), "-k", chosen, "--device-src", str(source)
    )
    assert done.code == 1
    failed = [line for line in done.out.splitlines() if line.startswith("fail  ")]
    assert failed
    assert any(requirement in line for line in failed)


def copy(folder: Path, to: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            place = to / path.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
