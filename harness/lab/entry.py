"""One board of the inventory: its keys, what each may be, and the `Dut` that they make."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.board.profile import CODEY, BoardProfile
from harness.errors import ConfigError
from harness.lab.dut import Dut, PowerSettings
from harness.lab.tag import is_tag
from harness.lab.toml_line import line_of
from harness.link.spec import BoardSpec, is_form, parse_part

#: The kinds of boards that an entry can name.
PROFILES = {CODEY.name: CODEY}

#: Driver of a power switch -> its keys, those that it cannot do without first.
POWER_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "uhubctl": (("hub", "hub_port"), ("program",)),
    "tasmota": (("url",), ("relay",)),
    "tasmota-mqtt": (("broker", "topic"), ("relay",)),
    "gpio": (("path",), ("on", "off")),
    "command": (("on", "off"), ()),
}

#: A board that is off for longer than this is not being switched but left.
MAX_OFF_S = 60


@dataclass
class Entry:
    """What the files say of one board.

    Attributes:
        place: File and line where it begins.
        values: Key -> value, the later file's over the earlier one's; tables are merged.
        places: Key -> file and line; keys of tables with a dot.
    """

    place: str
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def put_over(
        self, values: Mapping[str, Any], file: str, text: str, path: tuple[str, ...]
    ) -> None:
        """Take the values of one more file."""
        for key, value in values.items():
            if isinstance(value, dict) and isinstance(self.values.get(key), dict):
                self.values[key] |= value
            else:
                self.values[key] = dict(value) if isinstance(value, dict) else value
            for name in value if isinstance(value, dict) else ():
                self.places[f"{key}.{name}"] = f"{file}:{line_of(text, (*path, key, name))}"
            self.places[key] = f"{file}:{line_of(text, (*path, key))}"

    def place_of(self, key: str) -> str:
        """Return file and line of a key."""
        return self.places.get(key, self.place)


def _text(value: object) -> str | None:
    return None if isinstance(value, str) and value else "a text"


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _port(value: object) -> str | None:
    if not isinstance(value, str):
        return "a board specification such as usb:1-1.2"
    try:
        boards = parse_part(value)
    except ConfigError as error:
        return f"a board specification: {error.expected}"
    return None if len(boards) == 1 else "one board"


def _id(value: object) -> str | None:
    good = isinstance(value, str) and re.fullmatch(r"([0-9a-f]{2})+", value)
    return None if good else "machine.unique_id() in hexadecimal, lower case"


def _tags(value: object) -> str | None:
    good = isinstance(value, list) and all(isinstance(each, str) and is_tag(each) for each in value)
    return None if good else "a list of tags (letters, digits, _ . -)"


def _letter(value: object) -> str | None:
    good = isinstance(value, str) and re.fullmatch(r"[A-Z0-9]{1,2}", value)
    return None if good else "one or two of A-Z and 0-9: the panel shows no more"


def _level(value: object) -> str | None:
    return None if isinstance(value, bool) or value == "leave" else 'true, false or "leave"'


def _profile(value: object) -> str | None:
    return None if value in PROFILES else f"one of {', '.join(PROFILES)}"


def _power(value: object) -> str | None:
    return None if isinstance(value, dict) else "a table with driver = ..."


#: Key -> check; a check returns what was expected, or None.
KEYS: dict[str, Callable[[object], str | None]] = {
    "port": _port,
    "id": _id,
    "tags": _tags,
    "firmware": _text,
    "profile": _profile,
    "label": _letter,
    "note": _text,
    "enabled": _flag,
    "dtr": _level,
    "rts": _level,
    "reset_line": _flag,
    "capabilities": _tags,
    "lacks": _tags,
    "flash": _flag,
    "image": _text,
    "power": _power,
}


def read_entry(name: str, entry: Entry, problems: list[str]) -> Dut | None:
    """Return the board that an entry describes; None, and reasons added, when it is wrong."""
    before = len(problems)
    if is_form(name) or not is_tag(name):
        problems.append(
            f"{entry.place}: {name!r} is no name for a board: letters, digits, _ . - only"
        )
    for key, value in entry.values.items():
        if key not in KEYS:
            problems.append(f"{entry.place_of(key)}: unknown key {key!r} of board {name!r}")
        elif expected := KEYS[key](value):
            problems.append(
                f"{entry.place_of(key)}: {key} of board {name!r}: "
                f"expected {expected}, got {value!r}"
            )
    if "port" not in entry.values:
        problems.append(f"{entry.place}: board {name!r} has no port")
    power = _read_power(name, entry, problems)
    if len(problems) > before:
        return None
    values = entry.values
    return Dut(
        name=name,
        spec=_spec(values["port"]),
        profile=_read_profile(values),
        id=values.get("id", ""),
        firmware=values.get("firmware", ""),
        tags=frozenset(values.get("tags", ())),
        label=values.get("label", ""),
        is_enabled=values.get("enabled", True),
        may_flash=values.get("flash", False),
        image=values.get("image", ""),
        power=power,
        is_listed=True,
    )


def _spec(text: str) -> BoardSpec:
    (spec,) = parse_part(text)
    return spec


def _read_profile(values: Mapping[str, Any]) -> BoardProfile:
    profile = PROFILES[values.get("profile", CODEY.name)]
    has = profile.capabilities | set(values.get("capabilities", ()))
    return replace(
        profile,
        dtr=_line(values.get("dtr", profile.dtr)),
        rts=_line(values.get("rts", profile.rts)),
        has_reset_line=values.get("reset_line", profile.has_reset_line),
        capabilities=has - set(values.get("lacks", ())),
    )


def _line(value: bool | str | None) -> bool | None:
    return value if isinstance(value, bool) else None


def _read_power(name: str, entry: Entry, problems: list[str]) -> PowerSettings | None:
    table = entry.values.get("power")
    if not isinstance(table, dict):
        return None
    driver = table.get("driver")
    if driver not in POWER_KEYS:
        problems.append(
            f"{entry.place_of('power')}: power.driver of board {name!r}: "
            f"expected one of {', '.join(POWER_KEYS)}, got {driver!r}"
        )
        return None
    needed, optional = POWER_KEYS[driver]
    problems += [
        f"{entry.place_of('power')}: power of board {name!r} has no {key} ({driver} needs it)"
        for key in needed
        if key not in table
    ]
    for key, value in table.items():
        place = f"{entry.place_of(f'power.{key}')}: power.{key} of board {name!r}"
        if key == "off_s":
            if not _is_seconds(value):
                problems.append(f"{place}: expected seconds from 0 to {MAX_OFF_S}, got {value!r}")
        elif key not in ("driver", *needed, *optional):
            problems.append(f"{place}: unknown key; {driver} takes {', '.join(needed + optional)}")
        elif not isinstance(value, (str, int)) and not _is_words(value):
            problems.append(f"{place}: expected a text, a number or a list of words")
    options = {key: value for key, value in table.items() if key not in ("driver", "off_s")}
    off_s = table.get("off_s", PowerSettings.off_s)
    return PowerSettings(driver, options, off_s) if _is_seconds(off_s) else None


def _is_seconds(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) and 0 <= value <= MAX_OFF_S


def _is_words(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)
