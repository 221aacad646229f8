"""The buttons, pressed by the rig."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.scenario.input import BUTTONS, RigInputs

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.needs("inputs", "button")

STATES = f"[{', '.join(f'codey.button_{button}.is_pressed()' for button in BUTTONS)}]"


@pytest.mark.requirement("CODEY-BUTTON-01")
@pytest.mark.parametrize("button", BUTTONS)
def test_button_is_pressed_as_long_as_somebody_holds_it(
    inputs: RigInputs, becomes: Callable[[str, str], None], button: str
) -> None:
    becomes(STATES, "[False, False, False]")
    inputs.press(button)
    becomes(STATES, repr([each == button for each in BUTTONS]))
    inputs.release(button)
    becomes(STATES, "[False, False, False]")


@pytest.mark.requirement("CODEY-BUTTON-01")
def test_buttons_are_told_apart_when_all_are_held(
    inputs: RigInputs, becomes: Callable[[str, str], None]
) -> None:
    for button in BUTTONS:
        inputs.press(button)
    becomes(STATES, "[True, True, True]")
    inputs.release("b")
    becomes(STATES, "[True, False, True]")
