"""Potentiometer, light, sound and battery: what the rig sets is what the program reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.scenario.input import RigInputs

if TYPE_CHECKING:
    from collections.abc import Callable

    Becomes = Callable[[str, str], None]

pytestmark = pytest.mark.needs("inputs", "sensor")


@pytest.mark.requirement("CODEY-SENSOR-01")
def test_potentiometer_is_a_whole_percentage_of_its_way(
    inputs: RigInputs, becomes: Becomes
) -> None:
    for percent in (0, 1, 33, 50, 99, 100):
        inputs.turn(percent)
        becomes("codey.potentiometer.get_value()", str(percent))
    # Rounded, not cut.
    inputs.turn(66.7)
    becomes("codey.potentiometer.get_value()", "67")


@pytest.mark.requirement("CODEY-SENSOR-02")
def test_light_has_one_decimal(inputs: RigInputs, becomes: Becomes) -> None:
    for percent, read in ((0, "0.0"), (24.4, "24.4"), (50, "50.0"), (100, "100.0")):
        inputs.light(percent)
        becomes("codey.light_sensor.get_value()", read)


@pytest.mark.requirement("CODEY-SENSOR-03")
def test_loudness_is_the_corrected_percentage(inputs: RigInputs, becomes: Becomes) -> None:
    for percent, read in ((0, "0.0"), (30, "30.0"), (100, "100.0")):
        inputs.sound(percent)
        becomes("codey.sound_sensor.get_loudness()", read)


@pytest.mark.requirement("CODEY-SENSOR-03")
@pytest.mark.parametrize(
    ("voltage", "read"), [(0.0, "0.0"), (0.01, "0.0"), (0.25, "30.5"), (1.0, "100.0")]
)
def test_loudness_is_clamped(
    inputs: RigInputs, becomes: Becomes, voltage: float, read: str
) -> None:
    inputs.set("sound", voltage)
    becomes("codey.sound_sensor.get_loudness()", read)


@pytest.mark.requirement("CODEY-BATTERY-01")
def test_battery_is_told_in_volts_and_in_percent(inputs: RigInputs, becomes: Becomes) -> None:
    for volts, percent in ((3.0, 0), (3.4, 0), (3.8, 50), (4.2, 100), (4.5, 100)):
        inputs.battery(volts)
        becomes(
            "(codey.battery.get_voltage(), codey.battery.get_percentage())", f"({volts}, {percent})"
        )
