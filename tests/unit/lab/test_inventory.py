"""The inventory: what it makes of right files, and all that it says of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import shipped
from harness.board.profile import CODEY
from harness.errors import ConfigError
from harness.lab.dut import Dut, PowerSettings
from harness.lab.inventory import NO_INVENTORY, Inventory, find_inventory, load_inventory
from harness.lab.inventory_edit import add_entry, set_value
from harness.lab.selection import select, select_or_default
from harness.lab.toml_line import line_of
from harness.link.spec import BoardSpec

FULL = """\
[boards.c1]
port = "usb:1-1.2"
id = "a4cf12b3c4d5"
tags = ["wifi", "bench-a"]
firmware = "micropython 1.28"
label = "A"
dtr = "leave"
rts = true
reset_line = true
capabilities = ["ir"]
lacks = ["wifi"]
flash = true
image = "esp32.bin"
[boards.c1.power]
driver = "uhubctl"
hub = "1-1"
hub_port = 2
off_s = 3.5

[boards.c2]
port = "rfc2217://lab:2217"
enabled = false
tags = ["wifi"]
"""


def write(folder: Path, text: str, name: str = "boards.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def lab(tmp_path: Path) -> Inventory:
    return load_inventory(write(tmp_path, FULL))


def test_every_key_has_its_effect(lab: Inventory) -> None:
    c1 = lab.duts["c1"]
    assert c1.spec == BoardSpec("usb", "1-1.2", "usb:1-1.2")
    assert (c1.id, c1.firmware, c1.label) == ("a4cf12b3c4d5", "micropython 1.28", "A")
    assert c1.tags == {"wifi", "bench-a"}
    assert (c1.profile.dtr, c1.profile.rts, c1.profile.has_reset_line) == (None, True, True)
    assert c1.profile.capabilities == (CODEY.capabilities | {"ir"}) - {"wifi"}
    assert (c1.may_flash, c1.image, c1.is_enabled, c1.is_listed) == (True, "esp32.bin", True, True)
    assert c1.power == PowerSettings("uhubctl", {"hub": "1-1", "hub_port": 2}, 3.5)


def test_what_is_left_out_is_the_profiles(lab: Inventory) -> None:
    c2 = lab.duts["c2"]
    assert (c2.profile, c2.power, c2.id, c2.may_flash) == (CODEY, None, "", False)
    assert c2.is_enabled is False


def test_local_file_goes_over_it_key_by_key(tmp_path: Path) -> None:
    path = write(tmp_path, FULL)
    write(
        tmp_path,
        '[boards.c1]\nport = "port:/dev/ttyUSB7"\n[boards.c1.power]\nhub = "2-2"\n',
        "boards.local.toml",
    )
    c1 = load_inventory(path).duts["c1"]
    assert c1.spec.value == "/dev/ttyUSB7"
    assert c1.id == "a4cf12b3c4d5"
    assert c1.power == PowerSettings("uhubctl", {"hub": "2-2", "hub_port": 2}, 3.5)


WRONG = """\
colour = 1
[boards.c1]
port = "toaster"
tags = "wifi"

[boards.c2]
id = "XYZ"
label = "abc"
speed = 9600

["boards"."not a name"]
port = "usb:1"

[boards.c3]
port = "usb:2"
power = { driver = "uhubctl", hub = "1", off_s = 900, colour = 3 }

[boards.c4]
port = "usb:2"
id = "aa"
[boards.c5]
port = "virtual:2"
id = "aa"
[boards.c6]
port = "usb:6"
power = { driver = "magic" }
enabled = 1
dtr = "up"
profile = "toaster"
"""


def test_all_errors_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, WRONG)
    write(tmp_path, '[boards.c9]\nport = "usb:9"\n', "boards.local.toml")
    with pytest.raises(ConfigError, match=r"the inventory has \d+ errors") as caught:
        load_inventory(path)
    said = caught.value.got.splitlines()
    for wanted in (
        "boards.toml:1: unknown key 'colour'",
        "boards.toml:3: port of board 'c1': expected a board specification",
        "boards.toml:4: tags of board 'c1': expected a list of tags",
        "boards.toml:6: board 'c2' has no port",
        "boards.toml:7: id of board 'c2': expected machine.unique_id()",
        "boards.toml:8: label of board 'c2': expected one or two of",
        "boards.toml:9: unknown key 'speed' of board 'c2'",
        "boards.toml:11: 'not a name' is no name for a board",
        "boards.toml:16: power of board 'c3' has no hub_port",
        "boards.toml:16: power.off_s of board 'c3': expected seconds from 0 to 60, got 900",
        "boards.toml:16: power.colour of board 'c3': unknown key",
        "boards.toml:19: port 'usb:2' is that of board 'c3' too",
        "boards.toml:22: port of board 'c5': expected one board",
        "boards.toml:23: id 'aa' is that of board 'c4' too",
        "boards.toml:26: power.driver of board 'c6': expected one of",
        "boards.toml:27: enabled of board 'c6': expected true or false",
        "boards.toml:28: dtr of board 'c6': expected true, false or",
        "boards.toml:29: profile of board 'c6': expected one of codey",
        "boards.local.toml:1: board 'c9' is not in boards.toml",
    ):
        assert [line for line in said if line.startswith(wanted)], (wanted, said)
    assert len(said) == 19


def test_broken_syntax_is_told_for_each_file_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "[boards.c1]\nport = \n")
    write(tmp_path, "x", "boards.local.toml")
    with pytest.raises(ConfigError) as caught:
        load_inventory(path)
    first, second = caught.value.got.splitlines()
    assert first.startswith("boards.toml: this is no TOML: ")
    assert "line 2" in first
    assert second.startswith("boards.local.toml: this is no TOML: ")


def test_absent_inventory_is_a_config_error_and_none_is_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_inventory(tmp_path / "boards.toml")
    assert "No such file" in caught.value.got
    assert load_inventory(None) is NO_INVENTORY


def test_sample_inventory_is_right() -> None:
    sample = load_inventory(shipped.fixtures() / "lab" / "boards.toml")
    assert names(select_or_default("", sample)) == ["codey-1", "codey-2"]
    assert names(select("tag:wifi and not window", sample)) == ["codey-2"]


def test_nearest_inventory_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_inventory(inner) is None
    outer = write(tmp_path, FULL)
    assert find_inventory(inner) == outer
    nearer = write(inner.parent, FULL)
    assert find_inventory(inner) == nearer


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("boards", "c1"), 1),
        (("boards", "c1", "id"), 3),
        (("boards", "c1", "power", "off_s"), 18),
        (("boards", "c2"), 20),
        (("boards", "c2", "absent"), 20),
        (("absent",), 1),
    ],
)
def test_line_of_a_key_is_found(path: tuple[str, ...], line: int) -> None:
    assert line_of(FULL, path) == line


# What is typed after --board.


def names(duts: list[Dut]) -> list[str]:
    return [dut.name for dut in duts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("c1", ["c1"]),
        ("c2", ["c2"]),
        ("c1,virtual:2,virtual", ["c1", "virtual-1", "virtual-2", "virtual-3"]),
        ("tag:wifi", ["c1"]),
        ("tag:wifi and not c1,c2", None),
        ("tag:bench-a,tag:wifi", ["c1"]),
        ("usb:1-1.2", ["c1"]),
        ("usb:9", ["9"]),
        ("rfc2217://lab:2217", ["c2"]),
    ],
)
def test_specification_names_boards(lab: Inventory, text: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(ConfigError, match="no board of the inventory has these tags"):
            select(text, lab)
    else:
        assert names(select(text, lab)) == expected


def test_port_of_a_listed_board_has_all_that_the_inventory_says(lab: Inventory) -> None:
    assert select("usb:1-1.2", lab) == select("c1", lab)


@pytest.mark.parametrize("text", ["c1,c1", "c1,usb:1-1.2", "port:/dev/x,/dev/x", "c1,tag:wifi,c1"])
def test_board_named_twice_is_refused(lab: Inventory, text: str) -> None:
    with pytest.raises(ConfigError, match="named twice"):
        select(text, lab)


def test_unknown_name_lists_those_that_exist_and_the_nearest(lab: Inventory) -> None:
    with pytest.raises(ConfigError, match="unknown board") as caught:
        select("c11", lab)
    assert "c1, c2" in caught.value.expected
    assert caught.value.advice == "--board c1"
    with pytest.raises(ConfigError, match="unknown board") as caught:
        select("toaster", NO_INVENTORY)
    assert "virtual:N" in caught.value.expected


def test_without_a_name_all_enabled_boards_are_meant_or_virtual_ones(
    lab: Inventory, tmp_path: Path
) -> None:
    assert names(select_or_default("", lab)) == ["c1"]
    assert names(select_or_default("", NO_INVENTORY)) == ["virtual-1", "virtual-2"]
    made = load_inventory(write(tmp_path, '[boards.v]\nport = "virtual"\n', "made.toml"))
    assert names(select_or_default("", made)) == ["virtual-1", "virtual-2"]
    assert names(select_or_default("c2", lab)) == ["c2"]


# What programs write into it.

KEPT = """\
# Our lab. Ask before you unplug anything.

[boards.c1]   # by the window
port = "usb:1-1.2"
tags = [
    "wifi",  # 2.4 GHz
]
"""


def test_what_people_wrote_is_left_as_it_was(tmp_path: Path) -> None:
    path = write(tmp_path, KEPT)
    add_entry(path, "c2", {"port": "usb:3", "tags": ["x"]})
    set_value(path, "c1", "label", "A")
    text = path.read_text()
    head, _, tail = KEPT.partition("tags")
    assert text.startswith(head)
    assert "tags" + tail in text
    assert load_inventory(path).duts["c2"].spec.value == "3"
    assert load_inventory(path).duts["c1"].label == "A"
    assert [each.name for each in tmp_path.iterdir()] == ["boards.toml"]


def test_first_board_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "boards.toml"
    add_entry(path, "c1", {"port": "usb:3"})
    assert path.read_text() == '[boards.c1]\nport = "usb:3"\n'


def test_names_are_new_or_known(tmp_path: Path) -> None:
    path = write(tmp_path, KEPT)
    with pytest.raises(ConfigError, match="already"):
        add_entry(path, "c1", {"port": "usb:3"})
    with pytest.raises(ConfigError, match="no board of this name"):
        set_value(path, "c2", "label", "A")
    assert path.read_text() == KEPT
