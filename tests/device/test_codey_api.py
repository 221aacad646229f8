"""The calls that the vendor documents: each is in the catalogue, and on the board or left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.scenario.requirement import Requirement, load_catalogue
from tests.device.program import run_board

ROOT = Path(__file__).parents[2]

#: Object -> its documented calls and attributes; docs/codey.md has what is known of each.
DOCUMENTED = {
    "codey.display": "show show_image set_pixel get_pixel toggle_pixel clear",
    "codey.led": "show set_red set_green set_blue off",
    "codey.wifi": "start is_connected STA AP APSTA",
    "codey.button_a": "is_pressed",
    "codey.button_b": "is_pressed",
    "codey.button_c": "is_pressed",
    "codey.potentiometer": "get_value",
    "codey.light_sensor": "get_value",
    "codey.sound_sensor": "get_loudness",
    "codey.motion_sensor": "get_roll get_pitch get_yaw get_rotation reset_rotation is_shaked"
    " get_shake_strength is_tilted_left is_tilted_right is_ears_up is_ears_down is_display_up"
    " is_display_down is_upright get_acceleration get_gyroscope",
    "codey.battery": "get_voltage get_percentage",
    "codey.speaker": "stop_sounds play_melody play_melody_until_done play_note play_tone rest"
    " volume tempo",
    "codey.ir": "receive receive_remote_code send start_learning stop_learning"
    " save_learned_result send_learned_result learn",
    "codey": "broadcast set_variable get_variable stop_this_script stop_other_scripts"
    " stop_all_scripts has_neuron_connected is_rocky_connected get_timer reset_timer",
    "event": "start shaked received button_a_pressed button_b_pressed button_c_pressed tilted_left"
    " tilted_right ears_up ears_down ir_received greater_than less_than",
}
CALLS = [(place, name) for place, names in DOCUMENTED.items() for name in names.split()]


def rows() -> list[Requirement]:
    """Return the catalogue's rows of the board's API."""
    catalogue = load_catalogue(ROOT / "fixtures" / "requirements")
    return [row for row in catalogue if row.id.startswith("CODEY-")]


def naming(place: str, name: str) -> list[Requirement]:
    """Return the rows that name a call: with its object there, or somewhere else in the row."""
    word = re.compile(rf"\b{name}\b")
    object_name = place.rpartition(".")[2]
    # A name without its object, such as `stop_learning`, stands in a row about that object.
    return [
        row
        for row in rows()
        if any(word.search(code) for code in re.findall(r"`[^`]*`", row.text))
        and (object_name in row.text or row.kind in object_name)
    ]


@pytest.fixture(scope="module")
def present() -> set[str]:
    """What there is on the board, as ``object.name``."""
    places = ", ".join(DOCUMENTED)
    seen = run_board(
        f"import codey, event\nfor place, names in zip(({places}), {list(DOCUMENTED.items())!r}):\n"
        "    for name in names[1].split():\n"
        "        if hasattr(place, name):\n            print(names[0] + '.' + name)"
    )
    return set(seen.lines)


@pytest.mark.parametrize(("place", "name"), CALLS)
def test_documented_call_has_a_row_and_is_there_or_left_out(
    present: set[str], place: str, name: str
) -> None:
    found = naming(place, name)
    assert found, "no row of fixtures/requirements/codey.toml names it"
    binding = [row.id for row in found if not row.not_applicable_because]
    assert bool(binding) == (f"{place}.{name}" in present), [row.id for row in found]


def test_each_row_that_binds_is_cited_by_a_scenario_of_the_board() -> None:
    scenarios = (ROOT / "tests" / "scenarios" / "board").glob("test_*.py")
    cited = {
        each
        for path in scenarios
        for each in re.findall(r"CODEY-[A-Z]+-[0-9]+", path.read_text(encoding="utf-8"))
    }
    assert cited == {row.id for row in rows() if not row.not_applicable_because}
    assert not [row.id for row in rows() if row.uncovered_because]


def test_each_row_that_does_not_bind_has_its_place_in_the_document() -> None:
    text = (ROOT / "docs" / "codey.md").read_text(encoding="utf-8")
    left_out = text.partition("\n## Left out\n")[2].partition("\n## ")[0]
    missing = {
        code
        for row in rows()
        if row.not_applicable_because
        for code in re.findall(r"`[a-z_.]+\b", row.text)
        if code.rpartition(".")[2].lstrip("`") not in left_out
    }
    assert not missing
